"""The facts of one API, as data: where it is, what it limits, what its answers mean."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from callpost.call import Call
from callpost.errors import Fault
from callpost.pace import Limit

__all__ = ["Api", "Reply", "Slots"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over HTTP, before an API's conventions are applied to it."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """Parsed JSON; None where the body is empty or is not JSON."""
    is_json: bool
    is_empty: bool
    received_at: float
    """Unix seconds."""

    @property
    def told_at(self) -> float:
        """The instant by the upstream's own clock, where it told its `Date`; else by ours."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return self.received_at


@dataclass(frozen=True, slots=True)
class Slots:
    """A number of things that may be active at once, such as calls."""

    name: str
    limit: int
    hold_s: float
    """After this long a slot nobody gave back is free again."""
    refresh: Callable[[Call], Awaitable[object]] | None = None
    """Reads the live numbers and tells them through `Call.learn_slots`; one request."""


@dataclass(frozen=True, slots=True)
class Api:
    """The facts of one API. Everything here is data or a pure function of a `Reply`."""

    name: str
    title: str
    base_url: str
    key_name: str
    """Environment variable of the key, under the vendor's own name."""
    url_name: str
    key_prefix: str
    limits: Mapping[str, Limit]
    windows: Callable[[str, str], tuple[str, ...]]
    """(method, path) to the names of the limits the request spends."""
    unwrap: Callable[[Reply], Any]
    """A 2xx reply to its payload; ValueError where the envelope is not the API's."""
    fault: Callable[[Reply], Fault]
    """Any other reply to a fault: `Refused` and `Paced` where surely nothing happened, `Unsettled`
    where something may have."""
    url_suffix: str = ""
    """Path that belongs to the base URL; a configured URL with or without it means the same."""
    key_header: str | None = None
    """Request header that carries an idempotency key, where the API honours one."""
    key_window_s: float = 0.0
    """How long the API remembers such a key."""
    replay_header: str | None = None
    slots: tuple[Slots, ...] = ()
    options: tuple[str, ...] = ()
    """Further environment variables whose values handlers may read through `Call.option`."""
    learns_limits: bool = False
    """Whether replies carry X-RateLimit-* for the first limit."""
    key_help: str = ""
    """Where a person gets a key."""

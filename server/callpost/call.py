"""What a handler may ask for while it runs: the other half of the plugin contract."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NewType, Protocol, TypeVar
from urllib.parse import quote

from callpost.errors import InvalidArguments
from callpost.models import Result

__all__ = ["Call", "LocalFile", "Route", "Sent", "Settle", "route"]

ResultT = TypeVar("ResultT", bound=Result)
FoundT_co = TypeVar("FoundT_co", bound=Result, covariant=True)
Json = Mapping[str, Any]

Route = NewType("Route", str)
"""A path that no identifier could have changed; only `route` makes one."""


def route(template: str, *identifiers: str) -> Route:
    """A path from a template with one `{}` per identifier, each percent-encoded as one segment.

    Raises:
        InvalidArguments: An identifier is empty or made of dots, so that it could climb.
    """
    for identifier in identifiers:
        if not identifier.strip("."):
            raise InvalidArguments(f"{identifier!r} is not an identifier.")
    return Route(template.format(*(quote(i, safe="") for i in identifiers)))


@dataclass(frozen=True, slots=True)
class Sent:
    """An earlier request whose outcome is unknown, as a settlement sees it."""

    at: datetime
    """When it left, by our clock."""
    upstream_clock: Callable[[], timedelta | None]

    @property
    def clock_offset(self) -> timedelta | None:
        """Upstream clock minus ours, by the newest reply that told its time; ask after looking."""
        return self.upstream_clock()


class Settle(Protocol[FoundT_co]):
    """Looks for the effect of an earlier request, with reads only.

    Returns what was found, or None where it surely is not there now. Raises `Unsettled` where the
    looks do not decide.
    """

    async def __call__(self, sent: Sent, /) -> FoundT_co | None: ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file the operator allowed to be sent."""

    path: str
    name: str
    media_type: str
    """By content, not by name."""
    size: int
    sha256: str


class Call(Protocol):
    """Everything a handler may ask for. One per tool call."""

    async def get(
        self,
        path: Route,
        *,
        into: type[ResultT],
        query: Mapping[str, str | int | bool | None] | None = None,
        background: bool = False,
    ) -> ResultT:
        """Read, again by itself where that can help; `background` reads give way to others."""
        ...

    async def ask(self, path: Route, body: Json, *, into: type[ResultT]) -> ResultT:
        """Read by POST: the request changes nothing upstream (validation, previews)."""
        ...

    async def post(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        slot: str | None = None,
        repeatable: bool = False,
    ) -> ResultT:
        """Write: one step of the intent, done once.

        Args:
            path: From `route`.
            body: JSON, a function of the arguments alone.
            into: Model of the payload.
            settle: Finds the effect where the API honours no key, or no longer.
            slot: Name of the `Slots` of the API that this write occupies.
            repeatable: Doing it twice is the same as once, so a lost answer is simply sent again.
        """
        ...

    async def put(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        repeatable: bool = True,
    ) -> ResultT:
        """Write that sets state; see `post`."""
        ...

    async def patch(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        repeatable: bool = True,
    ) -> ResultT:
        """Write that sets state; see `post`."""
        ...

    async def delete(
        self, path: Route, *, into: type[ResultT], body: Json | None = None
    ) -> ResultT:
        """Take away. Where an earlier try is unsettled, «not found» means it is done."""
        ...

    async def watch(
        self,
        path: Route,
        *,
        query: Mapping[str, str | int | bool | None],
        digest: Callable[[Any], Json],
        max_age_s: float,
    ) -> Json:
        """A background read that all waiting calls of all processes share.

        Args:
            path: From `route`.
            query: Part of the identity of what is shared.
            digest: Payload to the little that is kept in the store: no numbers, no texts.
            max_age_s: How old a shared answer may be.
        """
        ...

    async def claimed(self, upstream_ids: Iterable[str]) -> Mapping[str, datetime | None]:
        """Which of these are already known as the effect of another intent.

        With when its request left, by our clock, where the answer came so soon that the time of
        the effect, by their clock, tells how the two clocks differ.
        """
        ...

    async def dismiss(self, upstream_ids: Iterable[str]) -> frozenset[str]:
        """Keep that these are not the effect of this intent; all that were ever kept so."""
        ...

    async def file(self, path: str) -> LocalFile:
        """A file inside the folders the operator allowed; `InvalidArguments` otherwise."""
        ...

    async def upload(self, url: str, headers: Mapping[str, str], file: LocalFile) -> None:
        """PUT a file to a presigned URL, without our key; a step that may be repeated."""
        ...

    async def free(self, slot: str, upstream_ids: Iterable[str]) -> None:
        """Give back the slots of these."""
        ...

    async def learn_slots(self, slot: str, *, limit: int, active: int) -> None:
        """The live numbers of a kind of slot, as the upstream just told them."""
        ...

    async def progress(self, message: str, *, done: float, total: float | None = None) -> None:
        """Tell the person how far it is."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait, bounded by what is left of this tool call."""
        ...

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier call of the same intent sent something that may have had an effect."""
        ...

    def now(self) -> datetime:
        """The instant, UTC."""
        ...

    def seconds_left(self) -> float:
        """How long this tool call may still take."""
        ...

    def option(self, name: str) -> str | None:
        """A setting named in `Api.options`."""
        ...

"""How a tool call's requests get out: in line, one at a time, and accounted for."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio

from callpost.api import Reply, Slots
from callpost.call import Route
from callpost.errors import Fault, LedgerError, Paced, Unreachable
from callpost.ledger import Departed, Departure, Hold, SlotAsk, Told
from callpost.pace import Limit, Priority, Room
from callpost.toolset import Tool
from callpost.upstream import LostError, NotSentError, clock_offset_s

if TYPE_CHECKING:
    from callpost.engine import Engine

__all__ = ["Traffic"]

logger = logging.getLogger(__name__)

NO_WORD_PAUSE_S = 10.0
"""A 429 without Retry-After: wait this long first, then twice as long each time it comes again."""
SLOT_RETRY_S = 15.0
SERVER_ERROR = 500


@dataclass(slots=True)
class Traffic:
    """The requests of one tool call."""

    engine: "Engine"
    tool: Tool
    started_at: float = field(init=False)
    waited_s: float = 0.0
    low: dict[str, Room] = field(default_factory=dict[str, Room])
    """Windows of which little was left when a request went out."""
    step: int = 0
    """Which write of the intent is being done; 0 before the first."""
    clock_offset: timedelta | None = None
    """Upstream clock minus ours, by the newest reply."""

    def __post_init__(self) -> None:
        self.started_at = self.engine.clock.now()

    @property
    def scope(self) -> str:
        """The credential's."""
        return self.engine.access[self.tool.api.name].scope

    def seconds_left(self) -> float:
        """How long this tool call may still take."""
        return self.engine.bounds.call_s - (self.engine.clock.now() - self.started_at)

    async def progress(self, message: str, *, done: float, total: float | None = None) -> None:
        """Tell the person how far it is."""
        raise NotImplementedError

    async def ask_for_slots(self, slots: Slots) -> None:
        """Read the live numbers of a kind of slot, once."""
        raise NotImplementedError

    # -- pace ------------------------------------------------------------------------------------

    def windows(self, method: str, path: Route) -> dict[str, Limit]:
        """The limits a request spends."""
        api = self.tool.api
        return {
            name: self.engine.bounds.limit(api.name, name, api.limits[name])
            for name in api.windows(method, path)
        }

    async def depart(
        self,
        method: str,
        path: Route,
        priority: Priority,
        *,
        hold: Hold | None = None,
        slot: SlotAsk | None = None,
        is_upload: bool = False,
        query: str = "",
    ) -> Departed:
        """Wait in line, briefly; `Paced` with the exact seconds where it would be long."""
        # The same request asked again is the same place in line, and so has the same turn.
        holder = hold.key if hold else f"{self.engine.name} {method} {path} {query}"
        limits = {} if is_upload else self.windows(method, path)
        # A presigned address is a secret for as long as it lives.
        name = "PUT (upload)" if is_upload else f"{method} {path}"
        has_refreshed = False
        while True:
            patience = min(self.engine.bounds.max_wait_s - self.waited_s, self.seconds_left() - 1.0)
            departed = await self.engine.ledger.depart(
                Departure(
                    scope=self.scope,
                    limits=limits,
                    priority=priority,
                    holder=holder,
                    patience_s=patience,
                    hold=hold,
                    n=self.step,
                    name=name,
                    slot=slot,
                ),
                self.engine.clock.now(),
            )
            if departed.may_leave:
                self.low.update(departed.low)
                return departed
            if departed.full_slot is not None:
                if has_refreshed:
                    raise self.slots_full(departed.full_slot)
                has_refreshed = True
                await self.refresh_slots(departed.full_slot)
                continue
            if departed.due_s > patience:
                raise self.paced(departed)
            await self.progress(
                f"Waiting {departed.due_s:.0f} s for {self.tool.api.title}'s rate limit",
                done=self.waited_s,
                total=self.waited_s + departed.due_s,
            )
            self.waited_s += departed.wait_s
            await self.engine.clock.sleep(departed.wait_s)

    def paced(self, departed: Departed) -> Fault:
        """When to come back."""
        seconds = math.ceil(departed.due_s * 10) / 10
        api, is_closed = self.tool.api.title, departed.paused is not None
        what = " closed its rate limit for now" if is_closed else "'s rate limit is used up"
        return Paced(
            f"{api}{what}; this request had no effect.",
            retry_after_s=seconds,
            next_step=f"Wait {seconds:g} s, then call {self.tool.name} again with the same "
            "arguments.",
        )

    def slots_full(self, name: str) -> Fault:
        """As many are active as may be."""
        return Paced(
            f"All {name.replace('_', ' ')} of {self.tool.api.title} are in use; nothing was sent.",
            code="concurrency_limited",
            retry_after_s=SLOT_RETRY_S,
            next_step=f"Wait until one ends, at least {SLOT_RETRY_S:g} s, then call "
            f"{self.tool.name} again with the same arguments.",
        )

    async def refused_for_pace(
        self, method: str, path: Route, fault: Paced, slot: SlotAsk | None = None
    ) -> None:
        """A 429 came all the same: find out why, close the window, and go on or give up."""
        ledger, now = self.engine.ledger, self.engine.clock.now()
        if slot is not None and fault.retry_after_s is None:
            await self.refresh_slots(slot.name)
            used, limit = await ledger.slots_used(self.scope, slot, self.engine.clock.now())
            if used >= limit:
                raise self.slots_full(slot.name)
        unexplained = self.engine.health.unexplained
        for name, limit in self.windows(method, path).items():
            seconds = fault.retry_after_s
            if seconds is None:
                times = unexplained[name] = unexplained.get(name, 0) + 1
                seconds = min(limit.window_s, NO_WORD_PAUSE_S * 2 ** (times - 1))
            else:
                unexplained.pop(name, None)
            await ledger.pause(self.scope, name, now + seconds, "the upstream said so")

    async def refresh_slots(self, name: str) -> None:
        """Ask for the live numbers, once."""
        slots = self._slots(name)
        if slots is not None:
            await self.ask_for_slots(slots)

    def _slots(self, name: str) -> Slots | None:
        return next((s for s in self.tool.api.slots if s.name == name), None)

    def slot_ask(self, name: str | None) -> SlotAsk | None:
        """A slot of the API, as the ledger needs to know it."""
        slots = self._slots(name) if name else None
        return SlotAsk(slots.name, slots.limit, slots.hold_s) if slots else None

    async def exchange(
        self,
        departed: Departed,
        method: str,
        path: Route,
        *,
        query: Mapping[str, str | int | bool] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        fresh: bool,
    ) -> Reply:
        """Send, and account for what the reply says of the budget."""
        api, engine = self.tool.api, self.engine
        told: Told | None = None
        sent_at = engine.clock.now()
        try:
            reply = await engine.upstream.send(
                engine.access[api.name],
                method,
                path,
                query=query,
                body=body,
                headers=headers,
                timeout_s=max(1.0, min(self.seconds_left(), engine.bounds.call_s / 2)),
                fresh=fresh,
            )
            told = _told(reply, next(iter(api.limits))) if api.learns_limits else None
        except (NotSentError, LostError):
            engine.health.failed(api.name)
            raise
        finally:
            await self._arrived(departed, self.windows(method, path), told)
        offset_s = clock_offset_s(reply, sent_at)
        if offset_s is not None:
            self.clock_offset = timedelta(seconds=offset_s)
        if reply.status >= SERVER_ERROR:
            engine.health.failed(api.name)
        else:
            engine.health.worked(api.name)
        return reply

    async def _arrived(
        self, departed: Departed, limits: Mapping[str, Limit], told: Told | None
    ) -> None:
        try:
            # Also when cancelled: the places would count for as long as any request may take.
            with anyio.CancelScope(shield=True):
                await self.engine.ledger.arrive(
                    self.scope, departed.places, limits, self.engine.clock.now(), told
                )
        except LedgerError:
            # The places count for longer than they must; what came back is worth more.
            logger.exception("the end of a request could not be recorded")

    def unreachable(self) -> Fault:
        """No connection came about."""
        return Unreachable(
            f"{self.tool.api.title} cannot be reached from here; the request never left.",
            retry_after_s=5.0,
        )

    def with_stop(self, fault: Fault) -> Fault:
        """After repeated failures the advice is to stop, not to burn turns."""
        stop_s = self.engine.health.stop_s(self.tool.api.name)
        if stop_s is not None:
            fault.retry_after_s = max(stop_s, fault.retry_after_s or 0.0)
            fault.next_step = (
                f"Stop retrying: {self.tool.api.title} has failed repeatedly. Leave it alone for "
                f"{fault.retry_after_s:.0f} s and tell the person; later, the same arguments will "
                "not act twice."
            )
        return fault


def _told(reply: Reply, window: str) -> Told:
    def number(name: str) -> float | None:
        try:
            return float(reply.headers[name])
        except (KeyError, ValueError):
            return None

    limit, left = number("x-ratelimit-limit"), number("x-ratelimit-remaining")
    resets_at = number("x-ratelimit-reset")
    return Told(
        window=window,
        limit=int(limit) if limit is not None else None,
        left=int(left) if left is not None else None,
        resets_at=resets_at,
    )

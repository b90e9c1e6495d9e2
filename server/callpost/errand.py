"""What a handler may ask for, for one tool call: reads, writes, files, time.

Reads are told here; a write is `once.Write`, whose story is there.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from callpost import files
from callpost.errors import Broken, Fault, Paced, Refused, SideEffect, Unreachable, Upstream
from callpost.intent import wire_key
from callpost.ledger import Claim, Departed, Departure, Hold, SlotAsk, State, Told
from callpost.models import Result
from callpost.once import Write, write_once
from callpost.pace import Limit, Priority, Room
from callpost.toolset import LocalFile, Reply, Route, Settle, Slots, Tool
from callpost.upstream import LostError, NotSentError, clock_offset_s

if TYPE_CHECKING:
    from callpost.engine import Engine, Turn

__all__ = ["Errand", "Health"]

ResultT = TypeVar("ResultT", bound=Result)
Json = Mapping[str, Any]

READ_TRIES = 3
BACKOFF_S = (0.3, 1.0, 2.0)
SHARED_POLL_S = 0.25
FETCH_LEASE_S = 30.0
NO_WORD_PAUSE_S = 10.0
"""A 429 without Retry-After: wait this long first, then twice as long each time it comes again."""
SLOT_RETRY_S = 15.0
FAILURES_BEFORE_STOP = 5
LONGEST_STOP_S = 300.0


@dataclass(slots=True)
class Health:
    """How each API has been lately: consecutive failures, and 429s nobody explained."""

    failures: dict[str, int] = field(default_factory=dict[str, int])
    unexplained: dict[str, int] = field(default_factory=dict[str, int])

    def failed(self, api: str) -> None:
        """Nothing usable came back."""
        self.failures[api] = self.failures.get(api, 0) + 1

    def worked(self, api: str) -> None:
        """Something did."""
        self.failures.pop(api, None)

    def stop_s(self, api: str) -> float | None:
        """After repeated failures: how long to leave the API alone."""
        over = self.failures.get(api, 0) - FAILURES_BEFORE_STOP
        return None if over < 0 else min(LONGEST_STOP_S, 15.0 * 2 ** min(over, 6))


@dataclass(slots=True)
class Errand:
    """`toolset.Call` over the engine, for one tool call."""

    engine: "Engine"
    tool: Tool
    turn: "Turn"
    started_at: float = 0.0
    waited_s: float = 0.0
    low: dict[str, Room] = field(default_factory=dict[str, Room])
    hold: Hold | None = None
    prior_is_open: bool = False
    """An earlier try of a state-setting call left an unknown outcome."""
    has_sent: bool = False
    has_acted: bool = False
    is_open: bool = False
    done_at: float | None = None
    step: int = 0
    has_claimed: bool = False
    clock_offset: timedelta | None = None
    """Upstream clock minus ours, by the newest reply."""

    def __post_init__(self) -> None:
        self.started_at = self.engine.clock.now()

    # -- the engine's side ---------------------------------------------------------------------

    @property
    def scope(self) -> str:
        """The credential's."""
        return self.engine.access[self.tool.api.name].scope

    def key(self) -> None:
        """`Refused` where no key is set."""
        api = self.tool.api
        if self.engine.access[api.name].key is None:
            raise Refused(
                f"{api.key_name} is not set, so {api.title} cannot be used. Nothing was sent.",
                code="unauthorized",
                next_step=f"Ask the person to set {api.key_name} for this server. {api.key_help}",
            )

    def begin(self, claim: Claim) -> Hold:
        """Take up a claimed intent, with what an earlier try of it did."""
        if claim.hold is None:
            raise TypeError("only ACT and RESUME begin")
        self.hold = claim.hold
        record = claim.record
        if record is not None:
            self.done_at = record.changed_at
            is_same_attempt = record.attempt == claim.hold.attempt
            self.has_acted = is_same_attempt and record.has_acted
            self.is_open = is_same_attempt and record.is_open
            self.prior_is_open = not is_same_attempt and record.is_open
        return claim.hold

    @property
    def resting_state(self) -> State:
        """What the intent is if this call ends now."""
        if self.is_open:
            return State.UNSETTLED
        return State.RESERVED if self.has_acted else State.REJECTED

    def truthful(self, fault: Fault) -> Fault:
        """The fault with what this intent has done so far: never «none» once it has acted."""
        if fault.side_effect == "none":
            actual: SideEffect = "unknown" if self.is_open else "done" if self.has_acted else "none"
            fault.side_effect = actual
            if actual == "done":
                fault.message += " An earlier step of this is done and will not be repeated."
        return fault

    def seconds_left(self) -> float:
        """How long this tool call may still take."""
        return self.engine.bounds.call_s - (self.engine.clock.now() - self.started_at)

    def now(self) -> datetime:
        """The instant, UTC."""
        return datetime.fromtimestamp(self.engine.clock.now(), UTC)

    def option(self, name: str) -> str | None:
        """A setting named in `Api.options`."""
        return self.engine.bounds.options.get(name)

    async def progress(self, message: str, *, done: float, total: float | None = None) -> None:
        """Tell the person how far it is."""
        if self.turn.progress is not None:
            await self.turn.progress(message, done, total)

    async def sleep(self, seconds: float) -> None:
        """Wait, bounded by what is left of this tool call."""
        await self.engine.clock.sleep(max(0.0, min(seconds, self.seconds_left())))

    # -- reads -----------------------------------------------------------------------------------

    async def get(
        self,
        path: Route,
        *,
        into: type[ResultT],
        query: Mapping[str, str | int | bool | None] | None = None,
        background: bool = False,
    ) -> ResultT:
        """Read."""
        payload, _ = await self._read("GET", path, query=query, background=background)
        return self._read_into(payload, into)

    async def ask(self, path: Route, body: Json, *, into: type[ResultT]) -> ResultT:
        """Read by POST."""
        payload, _ = await self._read("POST", path, body=body)
        return self._read_into(payload, into)

    def _read_into(self, payload: Any, into: type[ResultT]) -> ResultT:
        try:
            return into.model_validate(payload)
        except ValidationError:
            raise self._unreadable() from None

    async def _read(
        self,
        method: str,
        path: Route,
        *,
        query: Mapping[str, str | int | bool | None] | None = None,
        body: Json | None = None,
        background: bool = False,
    ) -> tuple[Any, Reply]:
        priority = Priority.BACKGROUND if background else Priority.READ
        given = {k: v for k, v in (query or {}).items() if v is not None}
        failures = 0
        while True:
            departed = await self.depart(method, path, priority)
            try:
                reply = await self.exchange(
                    departed, method, path, query=given, body=body, fresh=False
                )
            except NotSentError:
                fault: Fault = self.unreachable()
            except LostError as lost:
                fault = Broken(f"{self.tool.api.title} gave no whole answer: {lost}.")
            else:
                if 200 <= reply.status < 300:  # noqa: PLR2004 because that is what 2xx means
                    try:
                        return self.tool.api.unwrap(reply), reply
                    except ValueError:
                        fault = self._unreadable(reply)
                else:
                    fault = self.tool.api.fault(reply)
            if isinstance(fault, Paced):
                await self.refused_for_pace(method, path, fault)
                continue
            if isinstance(fault, Refused) or fault.code == "invalid_arguments":
                raise fault
            failures += 1
            backoff = BACKOFF_S[min(failures, len(BACKOFF_S)) - 1]
            if failures >= READ_TRIES or self.seconds_left() < backoff + 1:
                raise self.with_stop(self._as_read(fault))
            await self.sleep(backoff)

    def _as_read(self, fault: Fault) -> Fault:
        if isinstance(fault, Broken | Unreachable):
            return fault
        return Broken(
            f"{self.tool.api.title} failed to answer a read.",
            retry_after_s=5.0,
            upstream=fault.upstream,
        )

    def _unreadable(self, reply: Reply | None = None) -> Fault:
        told = Upstream(self.tool.api.name, status=reply.status if reply else None)
        return Broken(
            f"{self.tool.api.title} answered something that is not in its documentation.",
            upstream=told,
        )

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

    # -- pace ------------------------------------------------------------------------------------

    def windows(self, method: str, path: Route) -> dict[str, Limit]:
        """The limits a request spends."""
        api = self.tool.api
        return {
            name: self.engine.bounds.overrides.get(f"{api.name}.{name}", api.limits[name])
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
    ) -> Departed:
        """Wait in line, briefly; `Paced` with the exact seconds where it would be long."""
        holder = hold.key if hold else f"{self.tool.name} {id(self)}"
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
        return Paced(
            f"{self.tool.api.title}'s rate limit is used up; this request was not sent.",
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
        """Ask for the live numbers, once; whatever goes wrong, ours stand."""
        slots = self._slots(name)
        if slots is not None and slots.refresh is not None:
            try:
                await slots.refresh(self)
            except Fault:
                return

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
            await engine.ledger.arrive(
                self.scope, departed.places, self.windows(method, path), engine.clock.now(), told
            )
        offset_s = clock_offset_s(reply, sent_at)
        if offset_s is not None:
            self.clock_offset = timedelta(seconds=offset_s)
        if reply.status >= 500:  # noqa: PLR2004 because that is what 5xx means
            engine.health.failed(api.name)
        else:
            engine.health.worked(api.name)
        return reply

    # -- writes ----------------------------------------------------------------------------------

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
        """Write, once."""
        write = Write("POST", path, body, into, settle, slot, repeatable)
        return await write_once(self, write)

    async def put(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        repeatable: bool = True,
    ) -> ResultT:
        """Set state."""
        return await write_once(self, Write("PUT", path, body, into, settle, None, repeatable))

    async def patch(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        repeatable: bool = True,
    ) -> ResultT:
        """Set state."""
        return await write_once(self, Write("PATCH", path, body, into, settle, None, repeatable))

    async def delete(
        self, path: Route, *, into: type[ResultT], body: Json | None = None
    ) -> ResultT:
        """Take away."""
        write = Write("DELETE", path, body, into, None, None, repeatable=True, gone_is_done=True)
        return await write_once(self, write)

    def wire_key(self, tries: int) -> dict[str, str]:
        """The idempotency header of the current step."""
        header = self.tool.api.key_header
        if header is None or self.hold is None:
            return {}
        hold = self.hold
        return {header: wire_key(hold.key, attempt=hold.attempt, n=self.step, tries=tries)}

    # -- shared looks, claims, slots, files --------------------------------------------------------

    async def watch(
        self,
        path: Route,
        *,
        query: Mapping[str, str | int | bool | None],
        digest: Callable[[Any], Json],
        max_age_s: float,
    ) -> Json:
        """A background read that all waiting calls of all processes share."""
        ledger, clock = self.engine.ledger, self.engine.clock
        what = f"{path} {sorted(query.items())}"
        while True:
            kept, is_mine = await ledger.look(
                self.scope, what, clock.now(), max_age_s=max_age_s, lease_s=FETCH_LEASE_S
            )
            if kept is not None:
                return kept
            if is_mine:
                fetched: Json | None = None
                try:
                    payload, _ = await self._read("GET", path, query=query, background=True)
                    fetched = found = digest(payload)
                finally:
                    await ledger.keep_look(self.scope, what, fetched, clock.now())
                return found
            if self.seconds_left() <= SHARED_POLL_S:
                raise self.paced(Departed(due_s=max_age_s))
            await clock.sleep(SHARED_POLL_S)

    async def claimed(self, upstream_ids: Iterable[str]) -> frozenset[str]:
        """Which of these are already known as the effect of another intent."""
        self.has_claimed = True
        but = self.hold.key if self.hold else ""
        return await self.engine.ledger.claimed(self.scope, upstream_ids, but)

    async def free(self, slot: str, upstream_ids: Iterable[str]) -> None:
        """Give back the slots of these."""
        await self.engine.ledger.free_slots(self.scope, slot, upstream_ids)

    async def learn_slots(self, slot: str, *, limit: int, active: int) -> None:
        """The live numbers of a kind of slot."""
        ask = self.slot_ask(slot)
        if ask is not None:
            await self.engine.ledger.take_slot_numbers(
                self.scope, ask, limit=limit, active=active, now=self.engine.clock.now()
            )

    async def file(self, path: str) -> LocalFile:
        """A file inside the folders the operator allowed."""
        return await files.allowed(path, self.engine.bounds.upload_folders)

    async def upload(self, url: str, headers: Mapping[str, str], file: LocalFile) -> None:
        """PUT a file to a presigned URL; a step of its own."""
        write = Write("PUT", Route(url), None, Result, None, None, repeatable=True)
        await write_once(self, write, file=file, file_headers=headers)


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

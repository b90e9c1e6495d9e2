"""What a handler may ask for, for one tool call: reads, writes, files, time.

A read is told in `reads`, a write in `once`, and how either gets out in `traffic`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from callpost import files
from callpost.api import Slots
from callpost.call import LocalFile, Route, Settle
from callpost.errors import Fault, Refused, SideEffect
from callpost.intent import wire_key
from callpost.ledger import Claim, Hold, State, StepRecord
from callpost.models import Result
from callpost.once import Write, write_once
from callpost.pace import Priority
from callpost.reads import read, read_into, read_shared
from callpost.traffic import Traffic

if TYPE_CHECKING:
    from callpost.engine import Turn

__all__ = ["Errand"]

ResultT = TypeVar("ResultT", bound=Result)
Json = Mapping[str, Any]

DISMISSED_S = 7 * 24 * 3600.0
"""An intent that is looked for longer asks a person."""


@dataclass(slots=True)
class Errand(Traffic):
    """`call.Call` over the engine, for one tool call."""

    turn: "Turn | None" = None
    hold: Hold | None = None
    prior_is_open: bool = False
    """An earlier try of a state-setting call may have acted, and no answer has come since."""
    may_be_gone: bool = False
    """An earlier call may have taken away what this one is to take away."""
    has_sent: bool = False
    has_acted: bool = False
    is_open: bool = False
    was_paced: bool = False
    """The newest request was refused for its pace alone: the next one is the same try."""
    was_done_before: bool = False
    """The upstream remembers what this ledger does not: another machine did it."""
    is_resumed: bool = False
    """An earlier call of the same intent sent something that may have had an effect."""
    done_at: float | None = None
    has_claimed: bool = False
    """Whether the settlement under way asked which effects belong to others."""

    # -- the engine's side ---------------------------------------------------------------------

    def key(self) -> None:
        """`Refused` where no key is set."""
        api = self.tool.api
        access = self.engine.access.get(api.name)
        if access is not None and access.key is None:
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
            self.may_be_gone = not is_same_attempt and record.state is not State.REJECTED
            self.prior_is_open = not is_same_attempt and record.may_have_acted
            self.is_resumed = self.has_acted or self.is_open
        return claim.hold

    @property
    def resting_state(self) -> State:
        """What the intent is if this call ends now."""
        if self.is_open or self.prior_is_open:
            return State.UNSETTLED
        return State.RESERVED if self.has_acted or self.was_paced else State.REJECTED

    def truthful(self, fault: Fault) -> Fault:
        """The fault with what this intent has done so far: never «none» once it has acted."""
        if fault.side_effect == "none":
            is_open = self.is_open or self.prior_is_open
            actual: SideEffect = "unknown" if is_open else "done" if self.has_acted else "none"
            fault.side_effect = actual
            if actual == "done":
                fault.message += " An earlier step of this is done and will not be repeated."
        return fault

    @property
    def client_key(self) -> str | None:
        """The key that the client brought."""
        return self.turn.client_key if self.turn is not None else None

    def now(self) -> datetime:
        """The instant, UTC."""
        return datetime.fromtimestamp(self.engine.clock.now(), UTC)

    def option(self, name: str) -> str | None:
        """A setting named in `Api.options`."""
        return self.engine.bounds.options.get(name)

    async def progress(self, message: str, *, done: float, total: float | None = None) -> None:
        """Tell the person how far it is."""
        if self.turn is not None and self.turn.progress is not None:
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
        priority = Priority.BACKGROUND if background else Priority.READ
        return read_into(self, await read(self, "GET", path, priority, query=query), into)

    async def ask(self, path: Route, body: Json, *, into: type[ResultT]) -> ResultT:
        """Read by POST."""
        return read_into(self, await read(self, "POST", path, Priority.READ, body=body), into)

    async def ask_for_slots(self, slots: Slots) -> None:
        """Read the live numbers; whatever goes wrong, ours stand."""
        if slots.refresh is not None:
            try:
                await slots.refresh(self)
            except Fault:
                return

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

    def wire_key(self, step: StepRecord | None) -> dict[str, str]:
        """The idempotency header of the current step."""
        header = self.tool.api.key_header
        if header is None or self.hold is None or step is None:
            return {}
        hold = self.hold
        return {header: wire_key(hold.key, attempt=hold.attempt, n=step.n, tries=step.tries)}

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
        return await read_shared(self, path, query=query, digest=digest, max_age_s=max_age_s)

    async def claimed(self, upstream_ids: Iterable[str]) -> Mapping[str, datetime | None]:
        """Which of these are already known as the effect of another intent."""
        self.has_claimed = True
        but = self.hold.key if self.hold else ""
        known = await self.engine.ledger.claimed(self.scope, upstream_ids, but)
        return {
            effect_id: None if sent_at is None else datetime.fromtimestamp(sent_at, UTC)
            for effect_id, sent_at in known.items()
        }

    async def dismiss(self, upstream_ids: Iterable[str]) -> frozenset[str]:
        """Keep that these are not the effect of this intent."""
        ledger, now = self.engine.ledger, self.engine.clock.now()
        what = f"not {self.hold.key if self.hold else ''}"
        kept, _ = await ledger.look(self.scope, what, now, max_age_s=DISMISSED_S, lease_s=0.0)
        before = frozenset[str](kept or ())
        after = before.union(upstream_ids)
        if after != before:
            await ledger.keep_look(self.scope, what, sorted(after), now)
        return after

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

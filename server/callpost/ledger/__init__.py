"""What was intended, sent and settled: the memory that makes a retry safe.

The life of an intent::

                 ┌──────────── taken over: its owner is gone ────────────┐
                 ▼                                                       │
    claim ─▶ reserved ──depart──▶ sent ──2xx──────────────────▶ succeeded ── replayed for the
                 ▲                  │                                        window of its rule
                 │                  ├─4xx, or surely not sent─▶ rejected ── the key is free again
                 │                  │                              ▲
                 │                  └─lost answer, 5xx─▶ unsettled─┤ absent: two looks, late enough
                 │                                           │     │
                 └── a step is done, the next is not         └─────┴─ found ─▶ succeeded

`sent` is on disk before the first byte leaves. Neither `sent` nor `unsettled` ever times out into a
second send: the only ways out are an answer and a settlement. An intent of several requests has one
state per step; a retry resumes at the first step that is not done.

A claim is held by an owner, a living process, under a fence number. Taking over raises the fence,
and every later write names its fence, so that a late writer of a lost claim changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from callpost.pace import Limit, Priority, Room
from callpost.toolset import Dedupe

__all__ = [
    "Ask",
    "Begun",
    "Claim",
    "Departed",
    "Departure",
    "Hold",
    "Ledger",
    "LostClaimError",
    "Outcome",
    "Record",
    "SlotAsk",
    "State",
    "StepRecord",
    "Told",
    "Verdict",
    "verdict",
]


class State(Enum):
    """Where an intent, or one step of it, stands."""

    RESERVED = "reserved"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    UNSETTLED = "unsettled"


class Verdict(Enum):
    """What a claim on a key leads to."""

    ACT = "act"
    """Nothing of it has happened, or it may happen anew: a new attempt begins."""
    RESUME = "resume"
    """An earlier try ended midway: continue it, settling what was sent."""
    REPLAY = "replay"
    """It is done: answer as then."""
    WAIT = "wait"
    """A twin is running."""
    CONFLICT = "conflict"
    """A client's own key, used before with other arguments."""


class LostClaimError(Exception):
    """Another process took this intent over; whoever gets this must not send."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Who wants to do what, as the ledger needs to know it."""

    key: str
    tool: str
    api: str
    scope: str
    fingerprint: str
    """Hash of the canonical arguments; with a client's own key it tells other arguments apart."""
    occurrence: int
    rule: Dedupe
    window_s: float
    anew: bool = False
    """The effect of the earlier one no longer stands."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One request of an intent."""

    n: int
    name: str
    state: State
    tries: int
    sent_at: float | None
    answer: Any
    looks: int = 0
    """How often a settlement looked and found nothing."""
    effect_id: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """An intent as the ledger holds it."""

    key: str
    tool: str
    api: str
    scope: str
    fingerprint: str
    occurrence: int
    state: State
    attempt: int
    created_at: float
    changed_at: float
    answer: Any
    owner: int
    """0 where nobody holds it."""
    steps: tuple[StepRecord, ...] = ()

    @property
    def has_acted(self) -> bool:
        """Whether any step of it is done."""
        return any(step.state is State.SUCCEEDED for step in self.steps)

    @property
    def is_open(self) -> bool:
        """Whether something left whose outcome nobody knows."""
        return self.state in {State.SENT, State.UNSETTLED}


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to move one intent on."""

    record_id: int
    key: str
    fence: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to an `Ask`."""

    verdict: Verdict
    hold: Hold | None = None
    """With ACT and RESUME."""
    record: Record | None = None
    """What was there before."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a step stands when its turn comes."""

    step: StepRecord | None
    """None where it was never tried in this attempt."""


@dataclass(frozen=True, slots=True)
class SlotAsk:
    """One of a limited number of things that may be active at once."""

    name: str
    limit: int
    hold_s: float


@dataclass(frozen=True, slots=True)
class Departure:
    """A request about to leave: the windows it spends, and the step it is, if it is a write."""

    scope: str
    limits: Mapping[str, Limit]
    priority: Priority
    holder: str
    """Who waits in line; the same holder keeps its place when it comes back."""
    patience_s: float
    hold: Hold | None = None
    n: int = 0
    name: str = ""
    slot: SlotAsk | None = None


@dataclass(frozen=True, slots=True)
class Departed:
    """Whether it may leave now."""

    may_leave: bool = False
    """Its places are taken; a write is recorded as sent."""
    places: tuple[int, ...] = ()
    wait_s: float = 0.0
    """Otherwise: how long until it may, or until it is worth asking again."""
    due_s: float = 0.0
    """Seconds until its turn, as far as is known."""
    step: StepRecord | None = None
    """The step as it is now, for a write."""
    full_slot: str | None = None
    paused: str | None = None
    """Why the window is closed, if it was closed by the upstream's own word."""
    low: Mapping[str, Room] = field(default_factory=dict[str, Room])
    """Windows of which less than a quarter is left."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a reply said of the budget."""

    window: str
    limit: int | None
    left: int | None
    resets_at: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step that was sent."""

    state: State
    answer: Any = None
    effect_id: str | None = None
    looked: bool = False
    """Whether a settlement looked and found nothing."""


class Ledger(Protocol):
    """What both engines do. Times are Unix seconds. Any failure is a `LedgerError`."""

    async def claim(self, ask: Ask, now: float) -> Claim: ...

    async def begin(self, hold: Hold, n: int) -> Begun: ...

    async def depart(self, departure: Departure, now: float) -> Departed: ...

    async def arrive(
        self,
        scope: str,
        places: Sequence[int],
        limits: Mapping[str, Limit],
        now: float,
        told: Told | None = None,
    ) -> None:
        """The answer is here, or never will be: the places count from now."""
        ...

    async def record(self, hold: Hold, n: int, outcome: Outcome, now: float) -> None:
        """What became of a step that was sent. `LostClaimError` where it is no longer ours."""
        ...

    async def adopt(self, hold: Hold, n: int, name: str, outcome: Outcome, now: float) -> bool:
        """Record an effect found by looking; False where another intent has claimed it."""
        ...

    async def finish(
        self, hold: Hold, state: State, answer: Any, window_s: float, now: float
    ) -> None:
        """Close the intent, or give the claim back (`RESERVED`)."""
        ...

    async def forget(self, key: str) -> bool: ...

    async def settle_by_hand(self, key: str, state: State, answer: Any, now: float) -> bool: ...

    async def find(self, key_prefix: str) -> Sequence[Record]: ...

    async def recent(self, *, limit: int, only_open: bool = False) -> Sequence[Record]: ...

    async def claimed(self, scope: str, effect_ids: Iterable[str], but: str) -> frozenset[str]: ...

    async def rooms(
        self, scope: str, limits: Mapping[str, Limit], now: float
    ) -> Mapping[str, Room]: ...

    async def pause(self, scope: str, window: str, until: float, reason: str) -> None: ...

    async def take_slot_numbers(
        self, scope: str, slot: SlotAsk, *, limit: int, active: int, now: float
    ) -> None: ...

    async def free_slots(self, scope: str, name: str, upstream_ids: Iterable[str]) -> None: ...

    async def slots_used(self, scope: str, slot: SlotAsk, now: float) -> tuple[int, int]:
        """(in use, limit)."""
        ...

    async def look(
        self, scope: str, what: str, now: float, *, max_age_s: float, lease_s: float
    ) -> tuple[Any, bool]:
        """A shared answer young enough, or (None, whether the caller is to fetch it)."""
        ...

    async def keep_look(self, scope: str, what: str, digest: Any, now: float) -> None: ...

    async def close(self) -> None: ...


def verdict(record: Record | None, ask: Ask, now: float, *, owner_lives: bool) -> Verdict:
    """The whole dedupe rule: what a claim on a key leads to. Pure."""
    if record is None:
        return Verdict.ACT
    if record.fingerprint != ask.fingerprint:
        return Verdict.CONFLICT
    if record.owner and owner_lives:
        return Verdict.WAIT
    match record.state:
        case State.SUCCEEDED:
            is_recent = now - record.changed_at < ask.window_s
            replays = ask.rule is not Dedupe.INVOCATION and is_recent and not ask.anew
            return Verdict.REPLAY if replays else Verdict.ACT
        case State.REJECTED:
            return Verdict.ACT
        case State.RESERVED | State.SENT | State.UNSETTLED:
            is_state_setting = ask.rule is Dedupe.INVOCATION and len(record.steps) <= 1
            return Verdict.ACT if is_state_setting else Verdict.RESUME

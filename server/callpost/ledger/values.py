"""What a ledger is asked and answers: values without behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from callpost.pace import Limit, Priority, Room
from callpost.toolset import Dedupe

__all__ = [
    "Ask",
    "Begun",
    "Claim",
    "Departed",
    "Departure",
    "ForbiddenMoveError",
    "Hold",
    "LostClaimError",
    "Outcome",
    "Record",
    "SlotAsk",
    "State",
    "StepRecord",
    "Told",
    "Verdict",
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
    """Another process, or a person, took this intent over; whoever gets this must not send."""


class ForbiddenMoveError(Exception):
    """A defect: a step was to go from one state to another that does not follow it."""


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
    anew: int = 0
    """The number of the attempt whose effect no longer stands; a later one does."""


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

    @property
    def was_paced(self) -> bool:
        """Whether it was refused for its pace alone, without being judged."""
        return self.state is State.REJECTED and self.tries == 0


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

    @property
    def may_have_acted(self) -> bool:
        """Whether it left something behind without having been closed."""
        return self.is_open or (self.state is State.RESERVED and self.has_acted)


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
    counts: bool = True
    """A request refused for its pace was not judged, and is not a try: its key stays good."""

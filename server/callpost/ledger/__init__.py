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
from typing import Any, Protocol

from callpost.ledger.values import (
    Ask,
    Begun,
    Claim,
    Departed,
    Departure,
    ForbiddenMoveError,
    Hold,
    LostClaimError,
    Outcome,
    Record,
    SlotAsk,
    State,
    StepRecord,
    Told,
    Verdict,
)
from callpost.pace import Limit, Room
from callpost.toolset import Dedupe

__all__ = [
    "MOVES",
    "SOON_S",
    "Ask",
    "Begun",
    "Claim",
    "Departed",
    "Departure",
    "ForbiddenMoveError",
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
    "check_move",
    "verdict",
]

SOON_S = 5.0
"""An effect known this soon was made at the time of its request, as far as clocks can tell."""

MOVES: Mapping[State | None, frozenset[State]] = {
    None: frozenset({State.SENT}),
    State.SENT: frozenset({State.SENT, State.SUCCEEDED, State.REJECTED, State.UNSETTLED}),
    State.UNSETTLED: frozenset({State.SENT, State.SUCCEEDED, State.REJECTED, State.UNSETTLED}),
    State.REJECTED: frozenset({State.SENT, State.SUCCEEDED}),
    State.SUCCEEDED: frozenset(),
}
"""Which state of a step may follow which; None is a step that was never tried.

From `sent` and `unsettled` to `sent` leads only the same request with the same key, or one that may
be repeated: it is one try, and stays open until an answer closes it. From `rejected` to `succeeded`
leads only a look before the next try, where the refusal was for pace and something took it further.
"""


def check_move(before: State | None, after: State) -> None:
    """Enforce `MOVES`; every engine calls it before it writes a step.

    Raises:
        ForbiddenMoveError: A defect; nothing is written.
    """
    if after not in MOVES[before]:
        raise ForbiddenMoveError(f"{before.value if before else 'nothing'} to {after.value}")


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

    async def forget(self, key: str) -> bool:
        """Drop an intent, by a person's decision; False where there is none, or it is running.

        The number of its attempt stays: the next one has another key upstream.
        """
        ...

    async def settle_by_hand(
        self, key: str, state: State, answer: Any, now: float, effect_id: str | None = None
    ) -> bool:
        """A person says what became of an open intent; False where it is not open, or is running.

        `SUCCEEDED` speaks for the whole intent, `REJECTED` for the step that is open: earlier ones
        stay done.
        """
        ...

    async def find(self, key_prefix: str) -> Sequence[Record]: ...

    async def recent(self, *, limit: int, only_open: bool = False) -> Sequence[Record]: ...

    async def claimed(
        self, scope: str, effect_ids: Iterable[str], but: str
    ) -> Mapping[str, float | None]:
        """Which of these effects belong to another intent than `but`.

        With when the request left that made it, where its intent was through within `SOON_S`: then
        the effect was made within that time of it, and not by a later try.
        """
        ...

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


def verdict(record: Record | None, ask: Ask, now: float, *, is_held: bool) -> Verdict:
    """The whole dedupe rule: what a claim on a key leads to. Pure.

    Args:
        record: What is there under the key.
        ask: What is wanted.
        now: The instant.
        is_held: Whether a living process is working on it.
    """
    if record is None:
        return Verdict.ACT
    is_same = record.fingerprint == ask.fingerprint
    if is_held:
        return Verdict.WAIT if is_same else Verdict.CONFLICT
    if record.state is State.REJECTED:
        return Verdict.ACT  # nothing happened under this key, so it is free
    if not is_same:
        return Verdict.CONFLICT
    if record.state is State.SUCCEEDED:
        is_recent = now - record.changed_at < ask.window_s
        has_fallen = record.attempt == ask.anew
        replays = ask.rule is not Dedupe.INVOCATION and is_recent and not has_fallen
        return Verdict.REPLAY if replays else Verdict.ACT
    is_state_setting = ask.rule is Dedupe.INVOCATION and len(record.steps) <= 1
    return Verdict.ACT if is_state_setting else Verdict.RESUME

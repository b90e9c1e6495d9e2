"""One step of an intent while it is worked on: what is asked, what is known, what is recorded."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from callpost.call import Route, Settle
from callpost.errors import Fault, LedgerError
from callpost.ledger import Hold, LostClaimError, Outcome, State, StepRecord
from callpost.models import Result

if TYPE_CHECKING:
    from callpost.errand import Errand

__all__ = ["ACCEPTED", "ANSWERED", "Try", "Write", "held", "record", "succeed"]

logger = logging.getLogger(__name__)


ResultT = TypeVar("ResultT", bound=Result)


ANSWERED = "answered"
"""The upstream answered, and the answer left it open: the key may be forgotten, a list may lag."""
ACCEPTED = "accepted"
"""The upstream said that it took the request: absence from a list proves nothing."""


@dataclass(frozen=True, slots=True)
class Write(Generic[ResultT]):
    """What a handler asked to be written."""

    method: str
    path: Route
    body: Mapping[str, Any] | None
    into: type[ResultT]
    settle: Settle[ResultT] | None
    slot: str | None
    repeatable: bool
    gone_is_done: bool = False


@dataclass(slots=True)
class Try:
    """What this tool call knows of the step."""

    step: StepRecord | None
    sends: int = 0
    look_first: bool = True
    """The upstream may have acted without keeping our key: after a crash, or an answer of 5xx."""
    fault: Fault | None = None
    """Why the outcome is unknown."""
    is_replay: bool = False
    """The newest answer was given to an earlier request with the same key, says the upstream."""
    heard: frozenset[str] = frozenset()
    """What an answer to this call left open: `ANSWERED`, `ACCEPTED`."""
    is_kept: bool = True
    """Whether the newest state is in the ledger; without that nothing more is sent."""

    @property
    def mark(self) -> dict[str, bool] | None:
        """What a later call has to know of an open step."""
        marks = {mark: True for mark in (ANSWERED, ACCEPTED) if self.has_heard(mark)}
        return marks or None

    def has_heard(self, mark: str) -> bool:
        """Whether this or an earlier call was told so."""
        return mark in self.heard or (self.step is not None and mark in (self.step.answer or ()))

    @property
    def is_open(self) -> bool:
        return self.step is not None and self.step.state in {State.SENT, State.UNSETTLED}


def held(errand: "Errand") -> Hold:
    """The claim under which the errand writes.

    Raises:
        TypeError: The tool is declared as a read.
    """
    if errand.hold is None:
        raise TypeError(f"{errand.tool.name} writes, but is declared as a read")
    return errand.hold


async def succeed(errand: "Errand", result: Result) -> None:
    """It is done: the effect and what a replay needs are kept."""
    errand.has_acted, errand.is_open, errand.prior_is_open = True, False, False
    await _keep(errand, Outcome(State.SUCCEEDED, result.stored(), result.upstream_id))


async def record(errand: "Errand", known: Try, outcome: Outcome) -> None:
    """Keep what is known of the step now."""
    errand.is_open, errand.was_paced = outcome.state is State.UNSETTLED, not outcome.counts
    known.is_kept = await _keep(errand, outcome)
    assert known.step is not None  # noqa: S101 because only what was sent has an outcome
    looks = known.step.looks + outcome.looked
    tries = known.step.tries - (not outcome.counts)
    known.step = replace(known.step, state=outcome.state, looks=looks, tries=tries)


async def _keep(errand: "Errand", outcome: Outcome) -> bool:
    try:
        await errand.engine.ledger.record(
            held(errand), errand.step, outcome, errand.engine.clock.now()
        )
    except (LedgerError, LostClaimError):
        # The step stays on record as sent: whoever comes next finds out before sending. What is
        # known now is still told.
        logger.exception("an outcome could not be recorded")
        return False
    return True

"""One call, whole: as Vocobase nests it, and as a model reads it, outcome first.

The details hold the call and its session (contract schema CallDetails). Where exactly the marks of
finished post-call work sit was not captured (section 4), so they are read in both places, and so
are the outcome fields that are documented for the webhook only.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Self, cast

from pydantic import AliasChoices, BeforeValidator, Field

from callpost.toolset import Result
from callpost_vocobase.call_models import CallRow, LooseFlag, LooseNumber, LooseText, State, instant
from callpost_vocobase.listing import shorten

__all__ = ["CallDetails", "Extraction", "Latency", "Turn", "WholeCall", "is_final", "told"]

LONGEST_PART = 20_000
"""Characters of transcript in one answer, whatever the number of turns."""

LONGEST_VALUE = 2_000

_SURELY_PROCESSED = timedelta(minutes=15)
"""After this an ended call without any mark counts as processed: the marks' place is inferred."""

_NEVER_ANSWERED = frozenset({"no_answer", "busy", "canceled", "cancelled"})


def _objects(value: Any) -> Any:
    if not isinstance(value, list):
        return None
    return [item for item in cast("list[Any]", value) if isinstance(item, dict)]


def _object(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, dict) else None


class Turn(Result):
    """What one side said."""

    role: LooseText = None
    content: LooseText = None
    timestamp: LooseText = None
    latency_ms: LooseNumber = None


class Latency(Result):
    """How fast the agent answered; older calls only."""

    min_ms: LooseNumber = None
    max_ms: LooseNumber = None
    avg_ms: LooseNumber = None


class Extraction(Result):
    """What post-call extraction found: in the details, and as the answer of a run."""

    status: LooseText = None
    values: Annotated[dict[str, Any] | None, BeforeValidator(_object)] = None
    error: LooseText = None
    model: LooseText = None
    extracted_at: LooseText = None
    attempts: LooseNumber = None
    latency_ms: LooseNumber = None

    def cut(self) -> "Extraction":
        """The same with no value longer than a model needs."""
        values = {
            name: shorten(value, LONGEST_VALUE) if isinstance(value, str) else value
            for name, value in (self.values or {}).items()
        }
        return self.model_copy(update={"values": values if self.values is not None else None})


class _Outcome(Result):
    disposition: LooseText = None
    answered_by: LooseText = None
    processing_complete: LooseFlag = None
    pipeline_completed_at: LooseText = None
    extraction: Annotated[Extraction | None, BeforeValidator(_object)] = None


class Session(_Outcome):
    """The conversation of a call."""

    session_id: LooseText = None
    status: LooseText = None
    duration_seconds: LooseNumber = None
    credits_used: LooseNumber = None
    recording_url: LooseText = None
    started_at: LooseText = None
    ended_at: LooseText = None
    latency: Annotated[Latency | None, BeforeValidator(_object)] = None
    transcript: Annotated[tuple[Turn, ...] | None, BeforeValidator(_objects)] = None


class WholeCall(CallRow, _Outcome):
    """`GET /calls/{id}` as it comes."""

    session: Annotated[Session | None, BeforeValidator(_object)] = None

    def named(self, call_id: str) -> Self:
        """The same with the identifier it was asked by, should the answer not repeat it."""
        return self if self.call_id else self.model_copy(update={"call_id": call_id})

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The transcript in the order of time, where every turn tells its time."""
        turns = (self.session.transcript if self.session else None) or ()
        times = [instant(turn.timestamp) for turn in turns]
        timed = [(time, turn) for time, turn in zip(times, turns, strict=True) if time]
        if len(timed) < len(turns):
            return turns
        return tuple(turn for _, turn in sorted(timed, key=lambda pair: pair[0]))


class CallDetails(Result):
    """A call in reading order: what came of it, then what was said."""

    call_id: Annotated[LooseText, Field(validation_alias=AliasChoices("call_id", "id"))] = None
    status: State = None
    ended: bool = False
    is_final: bool = False
    disposition: LooseText = None
    answered_by: LooseText = None
    error_message: LooseText = None
    duration_seconds: LooseNumber = None
    charged_rupees: float | None = None
    extraction: Extraction | None = None
    agent_id: LooseText = None
    direction: LooseText = None
    to_number: LooseText = None
    from_number: LooseText = None
    provider: LooseText = None
    created_at: LooseText = None
    started_at: LooseText = None
    ended_at: LooseText = None
    pipeline_completed_at: LooseText = None
    session_id: LooseText = None
    session_status: LooseText = None
    session_started_at: LooseText = None
    session_ended_at: LooseText = None
    recording_url: LooseText = None
    latency: Latency | None = None
    transcript_total: int | None = None
    transcript: tuple[Turn, ...] | None = None
    next_step: str | None = None


def is_final(call: WholeCall, now: datetime) -> bool:
    """Whether nothing about the call will change any more."""
    session = call.session or Session()
    if call.is_processed or session.processing_complete or session.pipeline_completed_at:
        return True
    if not call.has_ended:
        return False
    if call.session is None and call.status in _NEVER_ANSWERED:
        return True
    is_marked = False in {call.processing_complete, session.processing_complete}
    ended = instant(call.ended_at) or instant(session.ended_at)
    return not is_marked and ended is not None and now - ended > _SURELY_PROCESSED


def told(call: WholeCall, *, start: int, limit: int, now: datetime) -> CallDetails:
    """The call as a model reads it, with one part of the transcript.

    Args:
        call: As it came.
        start: Index of the first turn wanted.
        limit: The most turns wanted.
        now: The instant.
    """
    session = call.session or Session()
    extraction = session.extraction or call.extraction
    turns = call.turns
    part = _part(turns[start : start + limit])
    following = start + len(part)
    final = is_final(call, now)
    return CallDetails(
        **{name: getattr(call, name) for name in _SHARED},
        ended=call.has_ended,
        is_final=final,
        disposition=call.disposition or session.disposition,
        answered_by=call.answered_by or session.answered_by,
        duration_seconds=_first(call.duration_seconds, session.duration_seconds),
        charged_rupees=session.credits_used,
        extraction=extraction.cut() if extraction else None,
        pipeline_completed_at=call.pipeline_completed_at or session.pipeline_completed_at,
        session_id=call.session_id or session.session_id,
        session_status=session.status,
        session_started_at=session.started_at,
        session_ended_at=session.ended_at,
        recording_url=session.recording_url,
        latency=session.latency,
        transcript_total=len(turns) if turns else None,
        transcript=part or None,
        next_step=_next_step(
            has_ended=call.has_ended, final=final, following=following, total=len(turns)
        ),
    )


_SHARED = (
    "call_id",
    "status",
    "error_message",
    "agent_id",
    "direction",
    "to_number",
    "from_number",
    "provider",
    "created_at",
    "started_at",
    "ended_at",
)


def _first(one: LooseNumber, other: LooseNumber) -> LooseNumber:
    return one if one is not None else other


def _part(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    part: list[Turn] = []
    room = LONGEST_PART
    for turn in turns:
        content = shorten(turn.content or "", LONGEST_PART)
        if part and len(content) > room:
            break
        room -= len(content)
        part.append(turn.model_copy(update={"content": content}))
    return tuple(part)


def _next_step(*, has_ended: bool, final: bool, following: int, total: int) -> str | None:
    steps: list[str] = []
    if following < total:
        steps.append(f"For the rest of the transcript use transcript_from={following}.")
    if not has_ended:
        steps.append("Use wait_for_call until it has ended.")
    elif not final:
        steps.append("Transcript, charge and extraction may still change; look again in 30 s.")
    return " ".join(steps) or None

"""What Vocobase tells about calls, read tolerantly (contract sections 3, 4 and 6)."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from callpost.toolset import Result
from callpost_vocobase.listing import Whole, shorten

__all__ = [
    "ACTIVE_STATES",
    "END_STATES",
    "CallPage",
    "CallRow",
    "LooseFlag",
    "LooseNumber",
    "LooseText",
    "StartedCall",
    "instant",
]

ACTIVE_STATES = frozenset({"pending", "ringing", "in_progress"})
END_STATES = frozenset({"completed", "failed", "no_answer", "busy", "canceled", "cancelled"})
"""Section 4; that they are final is inferred there. The second spelling of «canceled» is ours."""


def _loose(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else str(value)


def _state(value: str | None) -> str | None:
    return value.strip().lower().replace("-", "_") if value else None


def _rows(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [row for row in cast("list[Any]", value) if isinstance(row, dict)]


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return None


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else None


LooseText = Annotated[str | None, BeforeValidator(_loose)]
"""A text that may come as a number: one odd field must not spoil a page that settles a call."""

LooseNumber = Annotated[int | float | None, BeforeValidator(_number)]
LooseFlag = Annotated[bool | None, BeforeValidator(_flag)]

State = Annotated[LooseText, AfterValidator(_state)]
"""Lower case in calls, upper in the concurrency answer (section 6)."""


def instant(value: str | None) -> datetime | None:
    """A time as the API writes it, ISO 8601 in UTC (section 6); None where it is no such thing."""
    try:
        told = datetime.fromisoformat((value or "").strip())
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


class StartedCall(Result):
    """A call that was accepted; nobody has picked up yet."""

    unstored: ClassVar[frozenset[str]] = frozenset({"from_number", "to_number"})
    upstream_id_field: ClassVar[str] = "call_id"

    call_id: Annotated[str, Field(min_length=1, validation_alias=AliasChoices("call_id", "id"))]
    session_id: LooseText = None
    status: State = None
    provider: LooseText = None
    agent_id: LooseText = None
    from_number: LooseText = None
    to_number: LooseText = None


class CallRow(Result):
    """A call as the list tells it."""

    upstream_id_field: ClassVar[str] = "call_id"

    call_id: Annotated[LooseText, Field(validation_alias=AliasChoices("call_id", "id"))] = None
    status: State = None
    to_number: LooseText = None
    from_number: LooseText = None
    agent_id: LooseText = None
    session_id: LooseText = None
    direction: LooseText = None
    provider: LooseText = None
    duration_seconds: LooseNumber = None
    error_message: LooseText = None
    created_at: LooseText = None
    started_at: LooseText = None
    ended_at: LooseText = None
    processing_complete: LooseFlag = None
    pipeline_completed_at: LooseText = None

    @property
    def is_active(self) -> bool:
        """Whether it occupies a concurrency slot (section 2)."""
        return self.status in ACTIVE_STATES

    @property
    def has_ended(self) -> bool:
        """Whether it is in an end state; an unknown state counts once the end has a time."""
        known = self.status in ACTIVE_STATES
        return self.status in END_STATES or (not known and self.ended_at is not None)

    def brief(self) -> Self:
        """The same as a row of a list."""
        return self.model_copy(
            update={"error_message": self.error_message and shorten(self.error_message)}
        )

    @property
    def is_processed(self) -> bool:
        """Whether the post-call work is done; these two fields are its marks (section 4)."""
        return self.processing_complete is True or self.pipeline_completed_at is not None


class CallPage(Whole):
    """A page of `GET /calls`."""

    calls: Annotated[tuple[CallRow, ...], BeforeValidator(_rows)] = ()
    total: int | None = None
    limit: int | None = None
    offset: int | None = None

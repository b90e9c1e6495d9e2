"""The life of a call, as a function of the sandbox's clock (vocobase.md section 4).

Expected order, which the vendor does not document: pending, ringing, in_progress, completed. What
happens is decided by the last two digits of the dialled number; see `Script.of`.
"""

from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["ACTIVE", "STATUSES", "BrowserSession", "Call", "Script", "price"]

ACTIVE = ("pending", "ringing", "in_progress")
STATUSES = (*ACTIVE, "completed", "failed", "no_answer", "busy", "canceled")

PENDING_S = 1.0
RINGING_S = 5.0
TALK_S = 42
PROCESSING_S = 5.0
_UNANSWERED_S = 30.0
_VOICEMAIL_S = 12
_SILENT_S = 8
_UNCAPPED_S = 3600
_BROWSER_S = 60
_BUCKET_S = 15
_BUCKET_RS = 0.90


@dataclass(frozen=True)
class Script:
    """What will happen to one call, in seconds of the sandbox after its start."""

    status: str
    disposition: str
    answered_by: str
    unanswered_s: float = 0.0
    """How long it lives if nobody picks up."""
    talk_s: int | None = None
    """How long somebody talks; None if nobody picks up."""
    error_message: str | None = None

    @classmethod
    def of(cls, to_number: str, cap_s: int | None) -> "Script":
        """Choose by the last two digits of the number; `cap_s` is the agent's longest call.

        01 no_answer, 02 busy, 03 failed, 04 voicemail (completed), 05 canceled, 06 answered and
        hung up without a word, 07 blocked, 09 talks until the cap; all others complete. (08 never
        starts: the carrier fails, and the start answers 502.)
        """
        script = _SCRIPTS.get(to_number[-2:], _TALKS)
        if script.talk_s is None:
            return script
        longest = _UNCAPPED_S if cap_s is None else cap_s
        return replace(script, talk_s=min(script.talk_s, longest))


_GONE_S = PENDING_S + RINGING_S
_TALKS = Script("completed", "completed", "human", talk_s=TALK_S)
_SCRIPTS = {
    "01": Script("no_answer", "no_answer", "not_answered", PENDING_S + _UNANSWERED_S),
    "02": Script("busy", "busy", "not_answered", _GONE_S),
    "03": Script("failed", "failed", "not_answered", _GONE_S, error_message="Carrier hung up"),
    "04": Script("completed", "voicemail", "machine", talk_s=_VOICEMAIL_S),
    "05": Script("canceled", "canceled", "not_answered", _GONE_S),
    "06": Script("completed", "user_hangup_no_speech", "human", talk_s=_SILENT_S),
    "07": Script("failed", "blocked", "not_answered", PENDING_S, error_message="Number blocked"),
    "09": Script("completed", "completed", "human", talk_s=_UNCAPPED_S),
}


@dataclass
class Call:
    """One outbound call and its session."""

    call_id: str
    session_id: str
    agent: dict[str, Any]
    """The agent as it was at the start."""
    to_number: str
    from_number: str
    provider: str
    variables: dict[str, str]
    created_at: float
    """Start on the clock of life cycles; all other instants of this class are on it, too."""
    created_wall: float
    """Start on the calendar."""
    speed: float
    script: Script
    origin: str
    """Where this sandbox was reached, for addresses in webhooks."""
    charged: float | None = None
    extraction: dict[str, Any] | None = None
    finished: bool = False
    """Whether the processing after the end is done."""

    @property
    def agent_id(self) -> str:
        """The agent that talks."""
        return self.agent["id"]

    def wall(self, at: float) -> float:
        """Return what a calendar shows at an instant of this call's life."""
        return self.created_wall + (at - self.created_at) / (self.speed or 1.0)

    @property
    def answered_at(self) -> float | None:
        """When somebody or something picks up, if ever."""
        if self.script.talk_s is None:
            return None
        return self.created_at + PENDING_S + RINGING_S

    @property
    def ended_at(self) -> float:
        """When the call reaches its end state."""
        if self.answered_at is None or self.script.talk_s is None:
            return self.created_at + self.script.unanswered_s
        return self.answered_at + self.script.talk_s

    @property
    def processed_at(self) -> float:
        """When recording and extraction are done."""
        return self.ended_at + PROCESSING_S

    @property
    def duration_s(self) -> int:
        """Seconds of talk once it is over."""
        return self.script.talk_s or 0

    def status_at(self, now: float) -> str:
        """Return the state at a time."""
        if now >= self.ended_at:
            return self.script.status
        if self.answered_at is not None and now >= self.answered_at:
            return "in_progress"
        return "ringing" if now >= self.created_at + PENDING_S else "pending"

    def is_active(self, now: float) -> bool:
        """Whether it occupies a slot."""
        return self.status_at(now) in ACTIVE


@dataclass
class BrowserSession:
    """A voice session in a browser; its webhook carries no call."""

    session_id: str
    agent: dict[str, Any]
    created_at: float
    variables: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def ended_at(self) -> float:
        """When the person closes the page."""
        return self.created_at + _BROWSER_S

    @property
    def duration_s(self) -> int:
        """Seconds of talk once it is over."""
        return _BROWSER_S


def price(seconds: int) -> float:
    """Return a VA 1 call's charge: Rs 0.90 a started 15 s (vocobase.md section 9)."""
    return round(-(-seconds // _BUCKET_S) * _BUCKET_RS, 2)

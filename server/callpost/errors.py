"""What can go wrong, sorted by who can act on it.

::

    CallpostError
    ├── SettingsError        the operator: a setting is missing or wrong
    ├── LedgerError          the operator: the state cannot be kept, so nothing is sent
    └── Fault                the model: becomes the `error` of an answer
        ├── InvalidArguments     correct the named fields, call again
        ├── Denied               the policy or the person said no; do not try again
        ├── Refused              the upstream said no: nothing happened
        ├── Paced                wait the stated seconds, then call again unchanged
        ├── Unreachable          it surely never left: call again unchanged
        ├── InProgress           a twin of this call is running: ask again shortly
        ├── Unsettled            it left, and nobody knows yet: never act anew, ask again
        └── Broken               a read that failed, or a defect of ours

Every leaf carries its advice as values (`retry`, `retry_after_s`, `side_effect`) and one
instruction a model can follow (`next_step`). Upstream text travels only inside `Upstream`, trimmed,
as data.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self, final

__all__ = [
    "Broken",
    "CallpostError",
    "Code",
    "Denied",
    "Fault",
    "FieldProblem",
    "InProgress",
    "InvalidArguments",
    "LedgerError",
    "Paced",
    "Refused",
    "Retry",
    "SettingsError",
    "SideEffect",
    "Unreachable",
    "Unsettled",
    "Upstream",
]

Code = Literal[
    "invalid_arguments",
    "unauthorized",
    "forbidden",
    "insufficient_balance",
    "plan_limit",
    "not_found",
    "conflict",
    "idempotency_conflict",
    "in_progress",
    "rate_limited",
    "concurrency_limited",
    "upstream_error",
    "unreachable",
    "outcome_unknown",
    "policy_denied",
    "confirmation_declined",
    "internal",
]
"""The closed set a model branches on, over both APIs."""

SideEffect = Literal["none", "done", "unknown"]
"""What the world looks like after the failure."""

Retry = Literal["never", "same_arguments", "after_fix"]
"""Whether calling again can help, and how."""

LONGEST_QUOTE = 300
"""Characters of upstream text that reach a model; more is noise, or an attempt to instruct it."""


class CallpostError(Exception):
    """Everything this package raises on purpose."""


class SettingsError(CallpostError):
    """A setting is missing or wrong; the message names it and the remedy, never its value."""


class LedgerError(CallpostError):
    """The state cannot be read or written; the message names the file. Nothing is sent then."""


@final
@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One bad argument: where it is, and what was expected instead of what was given."""

    path: str
    problem: str


@final
@dataclass(frozen=True, slots=True)
class Upstream:
    """What the upstream said, quoted as data."""

    api: str
    status: int | None = None
    code: str | None = None
    message: str | None = None

    def trimmed(self) -> Self:
        """The same with a message short and printable enough to quote."""
        if self.message is None:
            return self
        text = "".join(c if c.isprintable() else " " for c in self.message).strip()
        text = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
        return replace(self, message=text)


class Fault(CallpostError):  # noqa: N818 because faults are named for what is known afterwards
    """A failure a model is told about, with what to do next."""

    code: Code = "internal"
    retry: Retry = "never"
    side_effect: SideEffect = "none"
    default_next_step: ClassVar[str] = "Tell the person; calling again does not help."

    def __init__(
        self,
        message: str,
        *,
        code: Code | None = None,
        retry: Retry | None = None,
        side_effect: SideEffect | None = None,
        retry_after_s: float | None = None,
        next_step: str | None = None,
        fields: tuple[FieldProblem, ...] = (),
        upstream: Upstream | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.retry = retry or type(self).retry
        self.side_effect = side_effect or type(self).side_effect
        self.retry_after_s = retry_after_s
        self.next_step = next_step or type(self).default_next_step
        self.fields = fields
        self.upstream = upstream.trimmed() if upstream else None


class InvalidArguments(Fault):
    """The arguments are wrong: nothing was sent; correct the fields named and call again."""

    code = "invalid_arguments"
    retry = "after_fix"
    default_next_step = "Correct the fields named and call again."


class Denied(Fault):
    """The policy or the person said no: nothing was sent; do not try to get around it."""

    code = "policy_denied"
    default_next_step = "Do not try another way; tell the person what was denied and why."


class Refused(Fault):
    """The upstream answered, and the answer was no: nothing happened by this request."""

    code = "upstream_error"


class Paced(Fault):
    """A limit is used up: nothing was sent; wait the seconds stated, then call again unchanged."""

    code = "rate_limited"
    retry = "same_arguments"


class Unreachable(Fault):
    """The request surely never left this machine: call again unchanged."""

    code = "unreachable"
    retry = "same_arguments"
    default_next_step = "Call again with the same arguments in a moment; nothing was sent."


class InProgress(Fault):
    """A twin of this call is running: ask again after the seconds stated; it will not act twice."""

    code = "in_progress"
    retry = "same_arguments"
    side_effect = "unknown"


class Unsettled(Fault):
    """The request left and its outcome is unknown: do not act in another way, ask again."""

    code = "outcome_unknown"
    retry = "same_arguments"
    side_effect = "unknown"


class Broken(Fault):
    """A read failed upstream, or Callpost has a defect: nothing was changed."""

    code = "upstream_error"
    retry = "same_arguments"
    default_next_step = "Call again with the same arguments in a moment; nothing was changed."

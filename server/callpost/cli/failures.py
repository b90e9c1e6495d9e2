"""How a command fails: one line on stderr with a remedy, and a documented exit status."""

import contextlib
import sys
from collections.abc import Generator
from dataclasses import dataclass
from typing import cast

from callpost.errors import CallpostError, LedgerError, SettingsError

__all__ = ["EXIT_CODES", "FAILED", "STATE", "USAGE", "CommandError", "Outcome", "explained"]

FAILED = 1
USAGE = 2
STATE = 3
INTERRUPTED = 130

EXIT_CODES = """\
exit status:
  0    done; serve: the host closed stdin
  1    something failed or is broken, as the output says
  2    wrong usage, or a setting that cannot be used
  3    the state file cannot be used
  130  interrupted (SIGINT)
  143  terminated (SIGTERM)"""


class CommandError(Exception):
    """A command cannot go on; the message is one line that says what a person can do."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Outcome:
    """What the process ends with."""

    status: int = 0


@contextlib.contextmanager
def explained() -> Generator[Outcome]:
    """Turn what a command raises on purpose into one line and an exit status."""
    outcome = Outcome()
    try:
        yield outcome
    except BaseExceptionGroup as group:  # anyio's task groups wrap what ends them
        _tell(outcome, _only(group))
    except (CommandError, CallpostError, KeyboardInterrupt, BrokenPipeError) as error:
        _tell(outcome, error)


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one failure inside a task group's wrapping."""
    first = group.exceptions[0]
    if len(group.exceptions) > 1:
        return group
    if isinstance(first, BaseExceptionGroup):
        return _only(cast("BaseExceptionGroup[BaseException]", first))
    return first


def _tell(outcome: Outcome, error: BaseException) -> None:
    match error:
        case CommandError():
            outcome.status = error.status
        case SettingsError():
            outcome.status = USAGE
        case LedgerError():
            outcome.status = STATE
        case CallpostError():
            outcome.status = FAILED
        case KeyboardInterrupt():
            outcome.status = INTERRUPTED
            return
        case BrokenPipeError():  # whoever read the output has seen enough
            outcome.status = FAILED
            return
        case _:
            raise error
    print(f"callpost: {error}", file=sys.stderr)

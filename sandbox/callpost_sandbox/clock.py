"""Three times: life cycles run on the sandbox's own, limits on real time, calendars on the wall's.

All are Unix seconds. None ever goes backwards, because all are the time at import plus a monotonic
distance: a machine that corrects its clock does not shorten a rate window.
"""

import time
from typing import Protocol

__all__ = ["Clock", "SandboxClock", "real_now"]

_STARTED_AT = time.time()  # noqa: TID251 -- the sandbox may not import callpost, so it has its own clock
_STARTED = time.monotonic()


def real_now() -> float:
    """Return the real time in Unix seconds, never less than before."""
    return _STARTED_AT + (time.monotonic() - _STARTED)


class Clock(Protocol):
    """What a life cycle needs to know about time."""

    def now(self) -> float:
        """Return the time in Unix seconds (UTC)."""
        ...


class SandboxClock:
    """Real time, sped up and moved: at speed 60 a minute takes a second, at 0 time stands still."""

    def __init__(self, *, speed: float = 1.0, offset_s: float = 0.0) -> None:
        self.speed = speed
        self._started = real_now()
        self._base = self._started + offset_s
        self._ahead_s = offset_s

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds (UTC)."""
        return self._base + (real_now() - self._started) * self.speed

    def advance(self, seconds: float) -> None:
        """Move the sandbox's time forward at once."""
        if seconds < 0:
            raise ValueError("a clock is moved forward only")
        self._base += seconds
        self._ahead_s += seconds

    def wall(self) -> float:
        """Return what a calendar shows: moved like `now`, but not sped up.

        A client compares the instants of an answer with its own clock; at speed 60 they would be
        an hour ahead after a minute.
        """
        return real_now() + self._ahead_s

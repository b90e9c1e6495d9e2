"""Now and sleep, passed in, so that no other module reads the time."""

import time
from typing import Protocol

import anyio

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """The two things a module may ask of time."""

    def now(self) -> float:
        """The instant, in Unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a cancellation ends the wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """The instant, in Unix seconds."""
        return time.time()  # noqa: TID251 because this is the one place that reads it

    async def sleep(self, seconds: float) -> None:
        """Wait; a cancellation ends the wait."""
        await anyio.sleep(max(0.0, seconds))

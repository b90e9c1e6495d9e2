"""Ending on SIGTERM and SIGINT by cancelling what runs, so that everything is closed on the way."""

import contextlib
import signal
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import anyio

__all__ = ["Stop", "ended_by_signal"]


@dataclass(slots=True)
class Stop:
    """Whether a signal ended it, and which."""

    number: int | None = None


@contextlib.asynccontextmanager
async def ended_by_signal() -> AsyncGenerator[Stop]:
    """Cancel the body when a signal comes; what follows it can ask which.

    A task that Python's own handler cancels is taken for one that ends by itself wherever a task
    group inside is being closed.
    """
    stop = Stop()
    if sys.platform == "win32":  # no receivers there; Ctrl+C arrives as KeyboardInterrupt
        yield stop
        return
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with anyio.create_task_group() as tasks:

            async def watch() -> None:
                async for number in signals:
                    stop.number = number
                    tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            yield stop
            tasks.cancel_scope.cancel()

"""How a serving process ends: at once, cleanly, and with a status that says why."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

__all__ = ["LAST_WORDS_S", "Departure"]

LAST_WORDS_S = 2.0
"""How long a write in flight may still record its outcome."""


class Departure:
    """The end of this process, once it has begun.

    Ended by `os._exit`: a thread may be blocked in reading stdin or in writing to a host that does
    not read, and nothing could join it.
    """

    def __init__(self) -> None:
        """Not yet."""
        self.status: int | None = None

    def begin(self, status: int) -> None:
        """End within `LAST_WORDS_S`, whatever still runs; a second call ends at once."""
        if self.status is not None:
            self.leave()
        import logging  # noqa: PLC0415 -- loaded by now; at the start it would cost time

        logging.getLogger(__name__).info("leaving with status %d", status)
        self.status = status
        last = threading.Timer(LAST_WORDS_S, os._exit, (status,))
        last.daemon = True
        last.start()

    def leave(self) -> NoReturn:
        """End now."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # pyright: ignore[reportUnnecessaryComparison] -- None where a host gives no stream
                stream.flush()
        os._exit(self.status or 0)

    def obey_signals(self) -> None:
        """Until an event loop watches: nothing is in flight, so a signal ends at once."""

        def end(number: int, _: FrameType | None) -> NoReturn:
            os._exit(128 + number)

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)

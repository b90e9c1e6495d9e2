"""A server that kills itself at the `n`-th boundary of its writes.

    python crashing.py N -m callpost serve

A boundary is the moment before or after the ledger or the network is used by a write; the count
begins with the first claim.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from callpost.cli import main
from callpost.ledger.sqlite import SqliteLedger
from callpost.upstream import Upstream

USES = {
    SqliteLedger: ("claim", "begin", "depart", "arrive", "record", "adopt", "finish"),
    Upstream: ("send", "put_file"),
}


def crash_at(n: int) -> None:
    """Let the process die there."""
    passed = 0

    def boundary() -> None:
        nonlocal passed
        passed += 1
        if passed == n:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def used(*args: Any, **kwargs: Any) -> Any:
            boundary()
            result = await method(*args, **kwargs)
            boundary()
            return result

        return used

    for owner, names in USES.items():
        for name in names:
            setattr(owner, name, watched(getattr(owner, name)))


if __name__ == "__main__":
    crash_at(int(sys.argv[1]))
    sys.argv = ["callpost", *sys.argv[4:]]
    sys.exit(main())

"""A process that owns a claim; the tests run it as a child and kill it.

python owner.py PATH claim KEY    claim, say «claimed <verdict>», wait for a line, let go
python owner.py PATH send KEY     the same, with a step sent
python owner.py PATH fill SIZE    claim new keys until the disk (RLIMIT_FSIZE) is full
"""

import resource
import sys
from pathlib import Path

import anyio

from callpost.errors import LedgerError
from engines.world import World


def say(*words: object) -> None:
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


async def main(path: str, what: str, argument: str) -> None:
    world = World(Path(path))
    ledger = world.open()
    if what == "fill":
        await fill(world, int(argument))
        return
    claim = await world.claim(ledger, key=argument)
    if what == "send" and claim.hold is not None:
        await world.send(ledger, claim.hold)
    say("claimed", claim.verdict.value)
    await anyio.to_thread.run_sync(sys.stdin.readline)
    await world.die(ledger)


async def fill(world: World, size: int) -> None:
    ledger = world.owners[0]
    await world.hold(ledger)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    for number in range(10_000):
        try:
            await world.hold(ledger, key=f"k{number}", fingerprint="x" * 2000)
        except LedgerError as error:
            say("full", error)
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2], sys.argv[3])

"""`python -m hosts.run [--all] [NAME …]`: Callpost held against real clients.

Each line is a gate that held or did not; one that cannot run has not held. `--all` runs every row
and rewrites the table in the documents.
"""

import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import anyio

from hosts import checks
from hosts.installing import ROOT, Broken, install_node, install_python, version_of
from hosts.rows import ROWS, Row
from hosts.story import serving_http, stdio_command, tell, world
from hosts.table import write_table

AT_ONCE = 2
EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class Gate:
    """Something that holds, or raises `Broken`."""

    name: str
    run: Callable[[], Awaitable[str]]
    quick: bool


def gates() -> list[Gate]:
    """All of them; the slow installations first, so that nothing waits for them at the end."""

    def of(row: Row) -> Gate:
        async def run() -> str:
            return await _row(row)

        return Gate(row.name, run, row.quick)

    def suite(revision: str) -> Gate:
        async def run() -> str:
            return await checks.conformance(revision)

        return Gate(f"conformance-{revision}", run, quick=True)

    return [
        Gate("inspector", checks.inspector, quick=True),
        *map(suite, checks.REVISIONS),
        *map(of, ROWS),
        Gate("registry", checks.registry, quick=True),
        Gate("bundle", checks.bundle, quick=False),
    ]


async def _row(row: Row) -> str:
    if row.environment == "node":
        node, folder = await install_node()
        script = folder / row.example
        script.write_bytes((EXAMPLES / row.example).read_bytes())  # modules are found beside it
        client = [str(node), str(script)]
    else:
        python = await install_python(row.environment)
        client = [str(python), str(EXAMPLES / row.example)]
    async with world() as there:
        if row.http:
            async with serving_http(there.environ) as address:
                await tell([*client, *row.flags, address], there)
        else:
            await tell([*client, *row.flags, *stdio_command()], there)
    return version_of(row.package, row.environment)


async def main(arguments: list[str]) -> int:
    """Run the gates that are asked for; the exit status."""
    named = [name for name in arguments if not name.startswith("-")]
    every = "--all" in arguments
    chosen = [gate for gate in gates() if (gate.name in named if named else gate.quick or every)]
    unknown = set(named) - {gate.name for gate in chosen}
    if unknown:
        print(f"there is no {', '.join(sorted(unknown))}; there are:")
        print(*(gate.name for gate in gates()))
        return 2
    outcomes: dict[str, str] = {}
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def hold(gate: Gate) -> None:
        async with limiter:
            began = time.monotonic()
            try:
                said, mark = await gate.run(), "holds"
                outcomes[gate.name] = said
            except Exception as error:  # noqa: BLE001 -- a gate that cannot run has not held, whatever stopped it
                said, mark = _words(error), "BROKEN"
            print(f"{mark}  {gate.name:24} {time.monotonic() - began:5.1f} s  {said}", flush=True)

    async with anyio.create_task_group() as tasks:
        for gate in chosen:
            tasks.start_soon(hold, gate)
    if every and len(outcomes) == len(chosen):
        write_table(outcomes)
    print(f"{len(outcomes)} of {len(chosen)} gates hold")
    return 0 if len(outcomes) == len(chosen) else 1


def _words(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return _words(group.exceptions[0])
    return str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(anyio.run(main, sys.argv[1:]))

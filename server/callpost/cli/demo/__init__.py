"""`callpost demo`: the whole promise on the sandbox, in under a minute."""

import argparse
from typing import TYPE_CHECKING

import anyio

from callpost.cli.failures import FAILED, CommandError

if TYPE_CHECKING:
    from callpost.cli import Subparsers

__all__ = ["add_parser", "run"]

LONGEST_S = 58.0


def add_parser(subparsers: "Subparsers") -> None:
    """Add `demo`."""
    subparsers.add_parser(
        "demo",
        help="show the whole promise on the sandbox, in under a minute",
        description="Lose answers, kill the server and run into a limit, with the real stdio "
        "server and the official MCP client, against both documented APIs on this machine. "
        "No keys, no network. Exit status 1 if a promise did not hold.",
    )


def run(args: argparse.Namespace) -> int:
    """Play it; 1 where something promised did not happen."""
    del args
    return anyio.run(_played)


async def _played() -> int:
    from callpost.cli.demo.play import play  # noqa: PLC0415 because of start-up cost

    try:
        with anyio.fail_after(LONGEST_S):
            held = await play()
    except TimeoutError:
        raise CommandError(f"the demo did not end within {LONGEST_S:.0f} s") from None
    return 0 if held else FAILED

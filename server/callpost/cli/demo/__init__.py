"""`callpost demo`: the whole promise on the sandbox, in under a minute."""

import argparse
from typing import TYPE_CHECKING

import anyio

from callpost.cli.failures import FAILED, CommandError
from callpost.cli.signals import ended_by_signal

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

    held = False
    async with ended_by_signal() as stop:
        with anyio.move_on_after(LONGEST_S) as patience:
            held = await play()
        if patience.cancelled_caught:
            raise CommandError(f"the demo did not end within {LONGEST_S:.0f} s")
    if stop.number is not None:
        return 128 + stop.number
    return 0 if held else FAILED

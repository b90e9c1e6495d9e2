"""`callpost sandbox`: both documented APIs on loopback, until stopped."""

import argparse
import contextlib
import json
from typing import TYPE_CHECKING

import anyio

from callpost.cli.failures import USAGE, CommandError
from callpost.cli.signals import ended_by_signal

if TYPE_CHECKING:
    from callpost.cli import Subparsers
    from callpost_sandbox.settings import SandboxSettings

__all__ = ["add_parser", "run"]

_EPILOG = """\
It prints one JSON line with both addresses and both keys, and serves until SIGTERM or SIGINT:
  {"vocobase_url": ..., "voxburst_url": ..., "vocobase_key": ..., "voxburst_key": ...}
How a call goes is told by the last two digits of its number: 01 nobody answers, 02 busy, 03 fails,
04 voicemail, 05 canceled, 08 the carrier fails; most others are answered.
Both servers have GET /_sandbox/journal (what arrived and what it did), POST and DELETE
/_sandbox/faults (answers to spoil), POST /_sandbox/advance {"seconds": n}."""

_OPTIONS = (
    ("plan", "VoxBurst plan: free, starter, pro or agency (default free)"),
    ("speed", "how much faster calls and posts live than in reality (default 1)"),
    ("window-s", "length of every rate window in seconds (default 60)"),
    ("window-kind", "sliding or fixed (default sliding)"),
    ("general-limit", "Vocobase requests per window outside /calls (default 60)"),
    ("calls-limit", "Vocobase requests per window on /calls (default 10)"),
    ("webrtc-limit", "Vocobase browser sessions per window (default 10)"),
    ("post-limit", "VoxBurst requests per window (default: the plan's)"),
    ("active-calls", "calls that may be active at once (default 5)"),
    ("list-lag-s", "how long a new call stays absent from the list (default 0)"),
    ("list-order", "order of the list of calls: newest or oldest (default newest)"),
    ("bare-create", "what a post without draft, queue and date does: publish or draft"),
    ("clock-offset-s", "how far the sandbox's clock is ahead (default 0)"),
    ("response-delay-s", "seconds between an effect and its answer (default 0)"),
    ("vocobase-key", "key that Vocobase's sandbox takes"),
    ("voxburst-key", "key that VoxBurst's sandbox takes"),
)
"""Names and meanings of the fields of `SandboxSettings`, which checks the values."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `sandbox`."""
    parser = subparsers.add_parser(
        "sandbox",
        help="serve both documented APIs on loopback",
        description="Serve Vocobase and VoxBurst as documented, on this machine only: no keys, "
        "no network, nobody is called.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for api in ("vocobase", "voxburst"):
        parser.add_argument(
            f"--{api}-port", type=int, default=0, metavar="N", help="default: a free one"
        )
    for name, meaning in _OPTIONS:
        metavar = name.rpartition("-")[2].upper()
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS, metavar=metavar, help=meaning)


def run(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(_until_stopped, _settings(args), args.vocobase_port, args.voxburst_port)
    return 0


def _settings(args: argparse.Namespace) -> "SandboxSettings":
    from pydantic import ValidationError  # noqa: PLC0415 because of start-up cost

    from callpost_sandbox.settings import SandboxSettings  # noqa: PLC0415 because of start-up cost

    fields = [name.replace("-", "_") for name, _ in _OPTIONS]
    given = {name: getattr(args, name) for name in fields if hasattr(args, name)}
    try:
        return SandboxSettings.model_validate(given)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)[0]
        option = "--" + str(wrong["loc"][0]).replace("_", "-")
        raise CommandError(f"{option}: {wrong['msg']}", USAGE) from None


async def _until_stopped(
    settings: "SandboxSettings", vocobase_port: int, voxburst_port: int
) -> None:
    async with ended_by_signal():
        try:
            await _serve(settings, vocobase_port, voxburst_port)
        except (OSError, OverflowError) as error:
            raise CommandError(f"the sandbox cannot listen there: {error}", USAGE) from None


async def _serve(settings: "SandboxSettings", vocobase_port: int, voxburst_port: int) -> None:
    from callpost_sandbox.serve import serve_sandbox  # noqa: PLC0415 because of start-up cost

    async with serve_sandbox(
        settings, vocobase_port=vocobase_port, voxburst_port=voxburst_port
    ) as box:
        told = {
            "vocobase_url": box.vocobase_url,
            "voxburst_url": box.voxburst_url,
            "vocobase_key": box.vocobase_key,
            "voxburst_key": box.voxburst_key,
        }
        print(json.dumps(told), flush=True)
        await anyio.sleep_forever()

"""`callpost doctor`: everything that has to be right, looked at, each finding with its remedy."""

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from callpost.cli.colour import Shade, paint_for
from callpost.cli.failures import FAILED, USAGE, CommandError
from callpost.cli.hosts import HOSTS, host_named

if TYPE_CHECKING:
    from callpost.cli import Subparsers
    from callpost.cli.findings import Finding

__all__ = ["add_parser", "run"]

WIDTH = 100
_SHADES = {"ok": Shade.GREEN, "warning": Shade.YELLOW, "broken": Shade.RED}
_EPILOG = """\
It reads: keys are tried with the cheapest request there is, nothing is called or posted. Keys are
never printed. Exit status 1 if something is broken."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `doctor`."""
    parser = subparsers.add_parser(
        "doctor",
        help="check settings, keys, state and hosts, each finding with its remedy",
        description="Check Python, state, APIs, keys, clocks, tools and hosts.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--host",
        choices=[host.name for host in HOSTS],
        help="with the settings of this host's entry, as far as they stand in it",
    )


def run(args: argparse.Namespace) -> int:
    """Look at everything."""
    environ = dict(os.environ)
    if args.host:
        environ |= _of_host(args.host, environ)
    findings = anyio.run(_findings, environ)
    is_broken = any(finding.level == "broken" for finding in findings)
    if args.json:
        told = {"ok": not is_broken, "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _show(findings)
    return FAILED if is_broken else 0


def _of_host(name: str, env: Mapping[str, str]) -> dict[str, str]:
    from callpost.cli.host_checks import entries, environment  # noqa: PLC0415 -- only for this option
    from callpost.cli.jsontext import JsonTextError  # noqa: PLC0415 -- only for this option

    host = host_named(name)
    assert host is not None  # noqa: S101 -- argparse allows no other
    path = host.path(env)
    try:
        found = entries(host, path)
    except (OSError, JsonTextError) as error:
        raise CommandError(f"{path} cannot be read: {error}.", USAGE) from None
    if not found:
        raise CommandError(f"{path} has no Callpost; «callpost install {name}» adds it.", USAGE)
    return environment(next(iter(found.values())), env)


async def _findings(environ: Mapping[str, str]) -> "list[Finding]":
    from callpost.assembly import assemble  # noqa: PLC0415 -- start-up cost
    from callpost.cli import checks  # noqa: PLC0415 -- start-up cost
    from callpost.cli.findings import Finding  # noqa: PLC0415 -- start-up cost
    from callpost.cli.host_checks import hosts  # noqa: PLC0415 -- start-up cost
    from callpost.cli.install import start_command  # noqa: PLC0415 -- start-up cost
    from callpost.errors import SettingsError  # noqa: PLC0415 -- start-up cost

    findings = [*checks.pythons()]
    try:
        callpost = assemble(environ)
    except SettingsError as error:
        remedy = "Correct the setting; the server does not start before."
        findings.append(Finding("settings", "broken", str(error), remedy))
    else:
        try:
            findings += [finding async for finding in checks.state(callpost)]
            findings += [finding async for finding in checks.apis(callpost)]
        finally:
            await callpost.close()
        findings += [*checks.tools(callpost), *checks.settings(callpost)]
    return [*findings, *hosts(start_command(environ), environ, Path.cwd())]


def _show(findings: "list[Finding]") -> None:
    paint = paint_for(sys.stdout)
    longest = max(len(finding.about) for finding in findings)
    indent = len("warning") + longest + 4
    for finding in findings:
        level = paint(f"{finding.level:<7}", _SHADES[finding.level])
        first, *rest = textwrap.wrap(finding.message, WIDTH - indent, break_on_hyphens=False)
        print(f"{level}  {finding.about:<{longest}}  {first}")
        if finding.remedy:
            remedy = f"-> {finding.remedy}"
            rest += textwrap.wrap(remedy, WIDTH - indent, break_on_hyphens=False)
        for line in rest:
            print(" " * indent + line)
    broken, warnings = (sum(f.level == level for f in findings) for level in ("broken", "warning"))
    print()
    print(f"{broken} broken, {warnings} to look at." if broken or warnings else "All is well.")

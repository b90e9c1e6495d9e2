"""The command `callpost`: one module a sub-command, imported only when it is asked for.

A sub-command is a module with two functions::

    def add_parser(subparsers: Subparsers) -> None: ...   # adds the parser of its own name
    def run(args: argparse.Namespace) -> int: ...         # the exit status

and a line in `COMMANDS`. A failure a person can do something about is raised as
`failures.CommandError`, or as one of `callpost.errors`; it becomes one line and an exit status.
"""

import argparse
import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from callpost import __version__
from callpost.cli.failures import EXIT_CODES, USAGE, CommandError, explained

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- argparse has no public name for what add_subparsers returns

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "serve": "serve MCP on stdio, or over HTTP (the default)",
    "demo": "show the whole promise on the sandbox, in under a minute",
    "sandbox": "serve both documented APIs on loopback",
    "doctor": "check settings, keys, state and hosts, each finding with its remedy",
    "tools": "list the tools, their toolsets and what they cost a model",
    "ledger": "look at what was done and what is open, and settle it",
    "install": "add Callpost to a host's configuration",
}
"""Name of the sub-command and of its module, and its line in the help."""

DEFAULT = "serve"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command; the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    name = _command(given)
    if name == DEFAULT and (not given or given[0] != DEFAULT):
        given.insert(0, DEFAULT)
    with explained() as outcome:
        if name is None and given[0][0] != "-":
            raise CommandError(_no_command(given[0]), USAGE)
        parser = _parser(name)
        args = parser.parse_args(given)
        outcome.status = importlib.import_module(f"callpost.cli.{args.command}").run(args)
    return outcome.status


def _command(given: list[str]) -> str | None:
    """The sub-command that is meant; None for the help of all, or a word that is none."""
    if not given:
        return DEFAULT
    first = given[0]
    if first in {"-h", "--help", "--version"} or not first.startswith("-"):
        return first if first in COMMANDS else None
    return DEFAULT


def _parser(name: str | None) -> argparse.ArgumentParser:
    """The parser, with the arguments of one sub-command; the others are only named."""
    parser = _Parser(
        prog="callpost",
        description="MCP server for AI phone calls and social posts whose retries never dial or "
        "post twice.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"callpost {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command, summary in COMMANDS.items():
        if command == name:
            importlib.import_module(f"callpost.cli.{command}").add_parser(subparsers)
        else:
            subparsers.add_parser(command, help=summary)
    return parser


def _no_command(word: str) -> str:
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(COMMANDS)}."
    return f"there is no command «{word}»; {hint} See callpost --help."


class _Parser(argparse.ArgumentParser):
    """Fails in one line, as everything else here does."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message}. See {self.prog} --help.", USAGE)

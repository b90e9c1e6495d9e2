"""`callpost install`: Callpost in a host's configuration, and nothing else in it touched."""

import argparse
import difflib
import getpass
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callpost import __version__
from callpost.api import Api
from callpost.catalog import installed_families
from callpost.cli.changes import Change, existing_env, install_change, uninstall_change
from callpost.cli.entries import (
    KeyWay,
    cursor_link,
    entry_for,
    input_for,
    key_setting,
    key_way,
    vscode_link,
)
from callpost.cli.failures import USAGE, CommandError
from callpost.cli.hosts import HOSTS, Host, host_named
from callpost.clock import SystemClock
from callpost.settings import NAMES, default_state_path

if TYPE_CHECKING:
    from callpost.cli import Subparsers

__all__ = ["add_parser", "run", "start_command"]

_EPHEMERAL = {"archive-v0", "environments-v2"}
"""Folders of uv's cache: an environment in them may be gone tomorrow."""

_AFTERWARDS = {
    "claude-desktop": "Quit Claude Desktop (also from the tray or menu bar) and start it again.",
    "claude-code": "Start a new session of Claude Code; /mcp shows the server.",
    "cursor": "Open Cursor's settings, Tools & MCP, and see that callpost is on.",
    "vscode": "Run «MCP: List Servers» in VS Code and start callpost; it asks for the keys once.",
}


def add_parser(subparsers: "Subparsers") -> None:
    """Add `install`."""
    parser = subparsers.add_parser(
        "install",
        help="add Callpost to a host's configuration",
        description="Add Callpost to a host's configuration. Shows the change and asks; keeps "
        "everything else in the file, comments included, and a copy of what was there.",
    )
    parser.add_argument(
        "host",
        choices=[host.name for host in HOSTS],
        metavar="HOST",
        help=", ".join(host.name for host in HOSTS),
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--uninstall", action="store_true", help="take it out again")
    what.add_argument("--print", action="store_true", help="print the entry, change nothing")
    what.add_argument(
        "--link", action="store_true", help="print an install link (cursor, vscode), change nothing"
    )
    parser.add_argument("--yes", action="store_true", help="write without asking")
    parser.add_argument(
        "--project",
        action="store_true",
        help="write to this folder's configuration instead of your own",
    )
    parser.add_argument("--name", default="callpost", help="name of the entry (default: callpost)")
    parser.add_argument(
        "--sandbox", action="store_true", help="use the sandbox: no keys, nothing real happens"
    )
    parser.add_argument("--read-only", action="store_true", help="only tools that read")
    parser.add_argument("--toolsets", metavar="NAMES", help="which toolsets, as CALLPOST_TOOLSETS")
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="any other setting; may be repeated",
    )
    parser.add_argument(
        "--key-files",
        action="store_true",
        help="keep the keys in files of your own instead of asking the host to",
    )


def run(args: argparse.Namespace) -> int:
    """Show the change, ask, write."""
    host = host_named(args.host)
    if host is None:  # argparse lets no other name through
        raise CommandError(f"There is no host {args.host}.", USAGE)
    path = _path(host, in_project=args.project)
    apis = [family.api for family in installed_families()]
    if args.uninstall:
        change = uninstall_change(host, path, args.name, [api.key_name for api in apis])
        return _carry_out(change, yes=args.yes, none=f"{args.name} is not in {path}.", note="")
    return _install(args, host, path, apis)


def _install(args: argparse.Namespace, host: Host, path: Path, apis: Sequence[Api]) -> int:
    shown_only = args.print or args.link
    way: KeyWay = "files" if args.key_files else key_way(host)
    env = _settings(args, apis)
    inputs: dict[str, str] = {}
    secrets: dict[Path, str] = {}
    notes: list[str] = []
    there: Mapping[str, Any] = {} if shown_only else existing_env(host, path, args.name)
    for api in apis:
        if args.sandbox:
            break
        if any(there.get(name) for name in (api.key_name, f"{api.key_name}_FILE")):
            continue  # the entry has a key; it stays
        if way == "files":
            env |= _key_file(api, secrets, notes, ask=not (args.yes or shown_only))
        else:
            env |= key_setting(way, api.key_name)
        if way == "inputs":
            inputs[api.key_name] = api.title
        if way == "expansion" and not os.environ.get(api.key_name):
            notes.append(f"Set {api.key_name} in the environment {host.title} starts from.")
    command = (*start_command(os.environ), "serve", *(["--sandbox"] if args.sandbox else []))
    entry = entry_for(host, command, env)
    if shown_only:
        titles = [input_for(name, title) for name, title in inputs.items()]
        print(
            _link(host, args.name, entry, titles)
            if args.link
            else _fragment(host, args.name, entry, titles)
        )
        return 0
    change = install_change(host, path, args.name, entry, inputs=inputs, secrets=secrets)
    notes.append(_AFTERWARDS[host.name])
    return _carry_out(
        change,
        yes=args.yes,
        none=f"{args.name} is in {path} already, as it should be.",
        note="\n".join(notes),
    )


def _carry_out(change: Change, *, yes: bool, none: str, note: str) -> int:
    if not change.is_needed:
        print(none)
        return 0
    print("\n".join(change.lines()))
    if not yes:
        if not sys.stdin.isatty():
            raise CommandError("Nothing was written; say --yes to write this change.", USAGE)
        if input("Write this? [y/N] ").strip().lower() not in {"y", "yes"}:
            print("Nothing was written.")
            return 0
    stamp = datetime.fromtimestamp(SystemClock().now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    copy = change.write(stamp)
    print(f"Wrote {change.path}." + (f" What was there is in {copy}." if copy else ""))
    if note:
        print(note)
    return 0


def start_command(env: Mapping[str, str]) -> tuple[str, ...]:
    """How to start this Callpost from anywhere, with no PATH at all."""
    if _EPHEMERAL.intersection(Path(sys.prefix).parts):
        uv = env.get("UV") or shutil.which("uv")
        if uv:
            source = f"callpost=={__version__}"
            return (str(Path(uv).absolute()), "tool", "run", "--from", source, "callpost")
    name = "callpost.exe" if sys.platform == "win32" else "callpost"
    script = Path(sysconfig.get_path("scripts")) / name
    return (str(script),) if script.is_file() else (sys.executable, "-m", "callpost")


def _path(host: Host, *, in_project: bool) -> Path:
    if not in_project:
        return host.path(os.environ)
    if not host.project_path:
        raise CommandError(f"{host.title} has no configuration of a folder's own.", USAGE)
    return Path.cwd() / host.project_path


def _settings(args: argparse.Namespace, apis: Sequence[Api]) -> dict[str, str]:
    env: dict[str, str] = {}
    if args.toolsets:
        env["CALLPOST_TOOLSETS"] = args.toolsets
    if args.read_only:
        env["CALLPOST_READ_ONLY"] = "1"
    known: set[str] = {*NAMES, *(n for api in apis for n in (api.url_name, *api.options))}
    known |= {api.key_name.removesuffix("_KEY") + "_LABEL" for api in apis}
    for setting in args.set:
        name, equals, value = setting.partition("=")
        if name in {api.key_name for api in apis}:
            raise CommandError(
                f"A key does not belong into a command line; set {name} in the environment for "
                "this command, or let it ask.",
                USAGE,
            )
        if not equals or name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise CommandError(f"--set needs NAME=VALUE of a setting there is.{hint}", USAGE)
        env[name] = value
    return env


def _key_file(api: Api, secrets: dict[Path, str], notes: list[str], *, ask: bool) -> dict[str, str]:
    """Where the server finds the key; a new one is noted in `secrets`."""
    file = default_state_path(os.environ).parent / "keys" / api.key_name
    named = os.environ.get(f"{api.key_name}_FILE")
    if named:
        return key_setting("files", api.key_name, str(Path(named).expanduser().absolute()))
    key = os.environ.get(api.key_name, "").strip()
    if not key and not file.is_file() and ask and sys.stdin.isatty():
        help_ = f" ({api.key_help})" if api.key_help else ""
        key = getpass.getpass(f"API key of {api.title}{help_}; Enter leaves it out: ").strip()
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise CommandError(f"The key of {api.title} has characters that no key has.", USAGE)
    if not key and not file.is_file():
        notes.append(
            f"No key of {api.title} yet; run this again with {api.key_name} in the environment."
        )
        return {}
    if key and not (file.is_file() and file.read_text(encoding="utf-8").strip() == key):
        secrets[file] = key
    return key_setting("files", api.key_name, str(file))


def _fragment(host: Host, name: str, entry: Mapping[str, Any], inputs: Sequence[Any]) -> str:
    whole: dict[str, Any] = {host.servers_key: {name: entry}}
    if inputs:
        whole["inputs"] = list(inputs)
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _link(host: Host, name: str, entry: Mapping[str, Any], inputs: Sequence[Any]) -> str:
    match host.name:
        case "cursor":
            return cursor_link(name, entry)
        case "vscode":
            return vscode_link(name, entry, inputs)
        case _:
            raise CommandError(f"{host.title} has no install links; leave out --link.", USAGE)

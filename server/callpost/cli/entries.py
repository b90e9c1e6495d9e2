"""What a host's configuration says about Callpost, in the host's own words.

Keys are never part of an entry. Where a host keeps secrets itself (VS Code's inputs) or fills in
variables (Claude Code), the entry asks it to; elsewhere the key stays in a file that only its owner
may read, and the entry names the file.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from callpost.cli.hosts import Host

__all__ = [
    "INPUT_PREFIX",
    "KeyWay",
    "cursor_link",
    "entry_for",
    "input_for",
    "input_id",
    "key_setting",
    "key_way",
    "vscode_link",
]

KeyWay = Literal["inputs", "expansion", "files"]

INPUT_PREFIX = "callpost-"
"""Begins the name of every input that is ours."""

_WAYS: Mapping[str, KeyWay] = {"vscode": "inputs", "claude-code": "expansion"}


def key_way(host: Host) -> KeyWay:
    """How the host gives the server a key."""
    return _WAYS.get(host.name, "files")


def entry_for(host: Host, command: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
    """The server's entry in the host's configuration.

    Args:
        host: The host.
        command: Program, absolute because desktop hosts have a bare PATH, and its arguments.
        env: What the server's environment gets besides the host's own.
    """
    entry: dict[str, Any] = {"type": "stdio"} if host.needs_type else {}
    entry |= {"command": command[0], "args": list(command[1:])}
    return entry | {"env": dict(env)} if env else entry


def key_setting(way: KeyWay, key_name: str, file: str = "") -> dict[str, str]:
    """The part of an entry's `env` that brings one key."""
    match way:
        case "inputs":
            return {key_name: f"${{input:{input_id(key_name)}}}"}
        case "expansion":
            return {key_name: f"${{{key_name}:-}}"}
        case "files":
            return {f"{key_name}_FILE": file} if file else {}


def input_id(key_name: str) -> str:
    """The name under which VS Code keeps a key."""
    return INPUT_PREFIX + key_name.lower().replace("_", "-")


def input_for(key_name: str, title: str) -> dict[str, Any]:
    """What VS Code asks once and keeps in its secret storage."""
    return {
        "type": "promptString",
        "id": input_id(key_name),
        "description": f"API key of {title}; leave it empty if you do not use it",
        "password": True,
    }


def cursor_link(name: str, entry: Mapping[str, Any]) -> str:
    """A link that offers to install the entry in Cursor."""
    config = base64.b64encode(_compact(entry).encode()).decode()
    return (
        "cursor://anysphere.cursor-deeplink/mcp/install"
        f"?name={quote(name, safe='')}&config={quote(config, safe='')}"
    )


def vscode_link(
    name: str, entry: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]] = ()
) -> str:
    """A link that offers to install the entry in VS Code."""
    config: dict[str, Any] = {"name": name, **entry}
    if inputs:
        config["inputs"] = list(inputs)
    return "vscode:mcp/install?" + quote(_compact(config), safe="")


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

"""One change to one host's configuration: worked out, checked, shown, written."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from callpost.cli.entries import INPUT_PREFIX, input_for, input_id
from callpost.cli.failures import CommandError
from callpost.cli.hosts import Host
from callpost.cli.jsonedit import JsonDocument
from callpost.cli.jsontext import JsonTextError
from callpost.cli.replacing import keep_copy, read_if_there, replace_file

__all__ = ["Change", "existing_env", "install_change", "uninstall_change"]

INPUTS = "inputs"
LONGEST_LINE = 160
_SECRET = re.compile(
    r'("[^"]*(?:key|token|secret|password|authorization)"\s*:\s*)"(?!\$\{)(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a file holds and what it shall hold."""

    path: Path
    before: bytes | None
    after: bytes
    secrets: Mapping[Path, str] = field(default_factory=dict[Path, str])
    """Key files to write first, and their content."""

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to write."""
        return self.after != self.before or bool(self.secrets)

    def lines(self) -> Iterator[str]:
        """The change as a person reads it; no secret shows."""
        for file in self.secrets:
            yield f"+ {file} (the key; only you may read it)"
        old, new = (_readable(data) for data in (self.before or b"", self.after))
        yield from difflib.unified_diff(old, new, str(self.path), str(self.path), n=2, lineterm="")

    def write(self, stamp: str) -> Path | None:
        """Write it; the copy of what was there before, if anything was.

        Raises:
            CommandError: It cannot be written; the configuration is as it was.
        """
        for file, secret in self.secrets.items():
            replace_file(file, f"{secret}\n".encode(), expected=read_if_there(file))
        if self.after == self.before:
            return None
        copy = None if self.before is None else keep_copy(self.path, self.before, stamp)
        replace_file(self.path, self.after, expected=self.before)
        return copy


def existing_env(host: Host, path: Path, name: str) -> Mapping[str, Any]:
    """The environment that the entry of this name has already.

    Raises:
        CommandError: The file cannot be used.
    """
    found = _document(host, path, read_if_there(path)).at((host.servers_key, name, "env"))
    return found.plain() if found is not None and found.kind == "object" else {}


def install_change(
    host: Host,
    path: Path,
    name: str,
    entry: Mapping[str, Any],
    *,
    inputs: Mapping[str, str],
    secrets: Mapping[Path, str],
) -> Change:
    """Add the entry, or bring it up to date; what else the old one holds stays.

    Args:
        host: The host.
        path: Its configuration.
        name: The entry's name.
        entry: What it shall hold.
        inputs: Names of keys that the host asks for itself, and what they are of.
        secrets: Key files to write.

    Raises:
        CommandError: The file cannot be used; nothing changed.
    """
    before = read_if_there(path)
    old = _document(host, path, before)
    try:
        new = old.merge((host.servers_key, name), dict(entry))
        for key_name, title in inputs.items():
            if input_id(key_name) not in _input_ids(new):
                new = new.append((INPUTS,), input_for(key_name, title))
    except JsonTextError as error:
        raise _unusable(path, error) from None
    _check(host, name, path, old, new)
    return Change(path, before, new.encoded() if new != old else before or b"", secrets)


def uninstall_change(host: Host, path: Path, name: str, key_names: Sequence[str]) -> Change:
    """Take the entry away, and the inputs that nothing else uses.

    Raises:
        CommandError: The file cannot be used; nothing changed.
    """
    before = read_if_there(path)
    old = _document(host, path, before)
    new = old
    servers = old.at((host.servers_key,))
    if servers is not None and name in servers.keys:
        new = old.remove((host.servers_key, name))
        for unused in map(input_id, key_names):
            ids = _input_ids(new)
            if unused in ids and f"${{input:{unused}}}" not in new.text:
                new = new.remove_element((INPUTS,), ids.index(unused))
    _check(host, name, path, old, new)
    return Change(path, before, new.encoded() if new != old else before or b"")


def _document(host: Host, path: Path, data: bytes | None) -> JsonDocument:
    try:
        return JsonDocument.read(data or b"", comments=host.format == "jsonc")
    except JsonTextError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: JsonTextError) -> CommandError:
    return CommandError(f"{path}, {error}. Correct the file and run this again; nothing changed.")


def _input_ids(document: JsonDocument) -> list[str]:
    found = document.at((INPUTS,))
    if found is None or found.kind != "array":
        return []
    nodes = [item.member("id") if item.kind == "object" else None for item in found.items]
    return [str(node.value) if node is not None else "" for node in nodes]


def _check(host: Host, name: str, path: Path, old: JsonDocument, new: JsonDocument) -> None:
    """Hold the edited text against the old one by value, before it can reach the disk."""
    try:
        kept = _others(host, name, old) == _others(host, name, new)
    except JsonTextError:
        kept = False
    if not kept:
        raise CommandError(
            f"{path} has a form that cannot be changed safely; nothing changed. "
            "Use --print and add the entry by hand."
        )


def _others(host: Host, name: str, document: JsonDocument) -> list[Any]:
    """Everything that is not ours, in its order."""
    plain = document.root.plain()
    servers: Any = plain.pop(host.servers_key, {})
    inputs: Any = plain.pop(INPUTS, []) if host.name == "vscode" else []
    if isinstance(servers, dict):
        given = cast("dict[str, Any]", servers)
        servers = [(key, value) for key, value in given.items() if key != name]
    if isinstance(inputs, list):
        inputs = [item for item in cast("list[Any]", inputs) if not _is_ours(item)]
    return [list(plain.items()), servers, inputs]


def _is_ours(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    return str(cast("dict[str, Any]", item).get("id", "")).startswith(INPUT_PREFIX)


def _readable(data: bytes) -> list[str]:
    text = _SECRET.sub(r'\1"…"', data.decode("utf-8-sig"))
    return [
        line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + " …"
        for line in text.splitlines()
    ]

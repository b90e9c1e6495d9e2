"""Which hosts start Callpost, and whether what they start is this installation."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from callpost.cli.findings import Finding, Level
from callpost.cli.hosts import HOSTS, Host
from callpost.cli.jsonedit import JsonDocument
from callpost.cli.jsontext import JsonTextError

__all__ = ["entries", "environment", "hosts"]

_EXPANDED = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def entries(host: Host, path: Path) -> Mapping[str, Mapping[str, Any]]:
    """The servers in a host's configuration that are Callpost, by their names.

    Raises:
        OSError: It cannot be read.
        JsonTextError: It is not what the host reads.
    """
    document = JsonDocument.read(path.read_bytes(), comments=host.format == "jsonc")
    found = document.at((host.servers_key,))
    if found is None or found.kind != "object":
        return {}
    servers = cast("dict[str, Any]", found.plain())
    return {name: entry for name, entry in servers.items() if _is_ours(name, entry)}


def _is_ours(name: str, entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    told = cast("dict[str, Any]", entry)
    words = [told.get("command"), *_list(told.get("args"))]
    return name == "callpost" or any(
        isinstance(word, str) and Path(word.split("==")[0]).stem == "callpost" for word in words
    )


def environment(entry: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, str]:
    """What a server of this entry is started with, as far as it stands in the entry."""
    given = entry.get("env")
    if not isinstance(given, dict):
        return {}
    texts = {k: v for k, v in cast("dict[str, Any]", given).items() if isinstance(v, str)}
    return {name: _expanded(text, env) for name, text in texts.items()}


def _expanded(text: str, env: Mapping[str, str]) -> str:
    """Hosts fill in variables themselves; what they ask a person for stays unfilled."""
    return _EXPANDED.sub(lambda found: env.get(found[1], "") or found[2] or "", text)


def hosts(start: tuple[str, ...], env: Mapping[str, str], folder: Path) -> Iterator[Finding]:
    """A finding a host, and one a configuration of this folder.

    Args:
        start: How this installation is started.
        env: For the places of configurations.
        folder: The project's.
    """
    for host in HOSTS:
        yield from _host(host, host.path(env), start, env)
        own = folder / host.project_path
        if host.project_path and own.is_file() and own != host.path(env):
            yield from _host(host, own, start, env)


def _host(
    host: Host, path: Path, start: tuple[str, ...], env: Mapping[str, str]
) -> Iterator[Finding]:
    if not path.is_file():
        yield Finding("hosts", "ok", f"{host.title}: not configured here")
        return
    try:
        found = entries(host, path)
    except (OSError, JsonTextError) as error:
        yield Finding(
            "hosts",
            "warning",
            f"{host.title}: {path} cannot be read: {error}",
            f"Mend the file; {host.title} may not read it either.",
        )
        return
    if not found:
        add = f"callpost install {host.name}"
        yield Finding("hosts", "ok", f"{host.title}: does not start Callpost; {add} adds it")
    for name, entry in found.items():
        told, remedy = f"{host.title}: «{name}» in {path}", f"callpost install {host.name}"
        wrong = _wrong(entry, env)
        if wrong is not None:
            level, said = wrong
            yield Finding("hosts", level, f"{told} {said}", remedy)
        else:
            yield _where(told, entry, start, remedy)


def _wrong(entry: Mapping[str, Any], env: Mapping[str, str]) -> tuple[Level, str] | None:
    """What keeps an entry from starting anything."""
    command = entry.get("command")
    if isinstance(entry.get("url"), str):
        return None
    if not isinstance(command, str) or not command:
        return "broken", "starts nothing"
    for setting, file in environment(entry, env).items():
        if setting.endswith("_FILE") and file and not Path(file).expanduser().is_file():
            return "broken", f"has {setting}, which names no file"
    if Path(command).is_absolute():
        return None if Path(command).is_file() else ("broken", f"starts {command}, which is gone")
    found = shutil.which(command)
    bare = f"starts «{command}», which a desktop host with a bare PATH may not find"
    if found is None:
        return "broken", f"{bare}; nor is it found here"
    return "warning", f"{bare}; here it is {found}"


def _where(told: str, entry: Mapping[str, Any], start: tuple[str, ...], remedy: str) -> Finding:
    url = entry.get("url")
    if isinstance(url, str):
        return Finding("hosts", "ok", f"{told} uses a server at {url}")
    words = (entry["command"], *_list(entry.get("args")))
    if words[: len(start)] == start:
        return Finding("hosts", "ok", f"{told} starts this installation")
    return Finding("hosts", "warning", f"{told} starts another installation, {words[0]}", remedy)


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []

"""What a server with these settings lists, from the checked-in `listing.json`.

Standard library only: it is read before anything else is imported. The file is generated from the
code (`make snapshots`), and a test holds both it and the choice made here to the code.

Nothing is said in doubt. Where a setting is one that has to be checked with more than is here, or
another family is installed, `Listing.sure` gives None, and the whole server answers instead.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["FILE", "Listing", "read"]

FILE = Path(__file__).with_name("listing.json")
GROUP = "callpost.toolsets"
SWITCH = "CALLPOST_TEST_NO_FRONT"
_METADATA = {".dist-info", ".egg-info"}

_ADDRESS = re.compile(
    r"(?:https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http://(?:127\.0\.0\.1|localhost))"
    r"(?::(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}))?(?:/[\w.-]+)*/?"
)
_SECONDS = re.compile(r"(?:[0-3]?\d)(?:\.\d+)?")
_LABEL = re.compile(r"[A-Za-z0-9_]{1,32}")
_HARMLESS = {
    "CALLPOST_STATE": re.compile(r"[^~:][^:]*|[A-Za-z]:\\[^:]*"),
    "CALLPOST_TOOLSETS": re.compile(r".*"),
    "CALLPOST_TOOLS": re.compile(r".*"),
    "CALLPOST_EXCLUDE_TOOLS": re.compile(r".*"),
    "CALLPOST_READ_ONLY": re.compile(r".*"),
    "CALLPOST_MAX_WAIT_S": _SECONDS,
    "CALLPOST_TIMEOUT_S": _SECONDS,
    "CALLPOST_SETTLE_AFTER_S": _SECONDS,
    "CALLPOST_SETTLE": re.compile(r"look|strict"),
    "CALLPOST_UPLOAD_DIRS": re.compile(r"[^~]*"),
    "CALLPOST_LOG_LEVEL": re.compile(r"DEBUG|INFO|WARNING|ERROR"),
}
"""Settings and the values of them that are surely right, whatever else is set."""


class Listing:
    """The choice of tools, and the results of the two openings."""

    def __init__(self, head: Mapping[str, Any], tools: Sequence[str]) -> None:
        """Hold the head of the file, and the tools that are on, as JSON."""
        self.handshake: Mapping[str, Any] = head["handshake"]
        """The result of `initialize`, less the version."""
        self.versions: Sequence[str] = head["versions"]
        self.modern: str = head["modern"]
        self.latest: str = head["versions"][-1]
        self.discovery: Mapping[str, Any] = head["discovery"]
        """The result of `server/discover`."""
        self.envelope: Mapping[str, Any] = head["envelope"]
        """What `tools/list` says beside the tools in the era without handshake."""
        self.tools = tools

    @classmethod
    def sure(cls, environ: Mapping[str, str], *, sandbox: bool = False) -> "Listing | None":
        """The listing, where it is surely the server's."""
        try:
            head, tools = read()
        except (OSError, ValueError):
            return None
        if SWITCH in environ or not _are_plain(environ, head["apis"]):
            return None
        if _installed() != head["families"]:
            return None
        keyed = set(head["apis"]) if sandbox else set(_keyed(environ, head["apis"]))
        names = _chosen(environ, head["index"], keyed)
        return None if names is None else cls(head, [tools[name] for name in names])


def read() -> tuple[dict[str, Any], dict[str, str]]:
    """The head of the file, and every tool by name as a text of JSON, not parsed.

    The file is JSON whose last member has a line for each tool. Parsed whole it would take
    megabytes, most of them for tools that are off.

    Raises:
        OSError: There is no such file.
        ValueError: It is none of ours.
    """
    start, _, rest = FILE.read_text(encoding="utf-8").partition('"tools":{\n')
    lines = [line.removesuffix(",").partition(":") for line in rest.splitlines()[:-1]]
    return json.loads(start + '"tools":{}}'), {name[1:-1]: tool for name, _, tool in lines}


def _are_plain(environ: Mapping[str, str], apis: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether no setting can be wrong, and none is unknown here."""
    harmless = dict(_HARMLESS)
    for api in apis.values():
        harmless[api["url_name"]] = _ADDRESS
        harmless[api["key_name"]] = re.compile(r"[!-~]*")
        harmless[api["label_name"]] = _LABEL
        harmless[api["key_name"] + "_FILE"] = re.compile(r"")
    for name, value in environ.items():
        if name in harmless:
            if value and not harmless[name].fullmatch(value):
                return False
        elif name.startswith("CALLPOST_") and not name.startswith("CALLPOST_TEST_"):
            return False
    return bool(environ.get("CALLPOST_STATE") or environ.get("HOME") or sys.platform == "win32")


def _keyed(environ: Mapping[str, str], apis: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name, api in apis.items():
        key = environ.get(api["key_name"], "")
        if key and not (key.startswith("${") and key.endswith("}")):
            yield name


def _chosen(
    environ: Mapping[str, str], tools: Mapping[str, Mapping[str, Any]], keyed: set[str]
) -> list[str] | None:
    """As `Catalog.chosen`; None where a name is unknown."""
    groups = {"default": {name for name, tool in tools.items() if tool["default"]}}
    groups["all"] = set(tools)
    for name, tool in tools.items():
        groups.setdefault(tool["toolset"], set()).add(name)
    known = {alias: name for name, tool in tools.items() for alias in (name, *tool["aliases"])}
    wishes = _names(environ, "CALLPOST_TOOLSETS")
    on = set(groups["default"]) if not wishes or wishes[0][0] in "+-" else set[str]()
    for wish in wishes:
        group = groups.get(wish[1:] if wish[0] in "+-" else wish)
        if group is None:
            return None
        on = on - group if wish[0] == "-" else on | group
    single = _names(environ, "CALLPOST_TOOLS")
    excluded = _names(environ, "CALLPOST_EXCLUDE_TOOLS")
    if any(name not in known for name in (*single, *excluded)):
        return None
    on = (on | {known[name] for name in single}) - {known[name] for name in excluded}
    read_only = environ.get("CALLPOST_READ_ONLY", "").strip().lower()
    only_reads = read_only not in {"", "0", "false", "no", "off"}
    return [
        name
        for name, tool in tools.items()
        if name in on
        and (tool["reads"] or not only_reads)
        and (not keyed or tool["api"] in keyed or tool["api"] is None)
    ]


def _names(environ: Mapping[str, str], name: str) -> list[str]:
    return [part for part in re.split(r"[\s,]+", environ.get(name, "")) if part]


def _installed() -> dict[str, str]:
    """The families of every distribution on the path, as their metadata names them."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            metadata = [p for p in Path(folder or ".").iterdir() if p.suffix in _METADATA]
        except OSError:
            continue
        for place in metadata:
            try:
                text = (place / "entry_points.txt").read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            section = text.partition(f"[{GROUP}]")[2].partition("\n[")[0]
            for line in section.splitlines():
                key, equals, value = line.partition("=")
                if equals:
                    found[key.strip()] = value.strip()
    return found

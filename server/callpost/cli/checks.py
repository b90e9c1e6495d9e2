"""What `doctor` looks at on this machine and at the APIs: one function a subject."""

import shutil
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import cast

import anyio

from callpost import __version__
from callpost.assembly import Callpost
from callpost.cli.findings import Finding
from callpost.cli.tools import tokens
from callpost.core_tools import ApiStatus, api_status
from callpost.errand import Errand
from callpost.errors import LedgerError
from callpost.ledger.schema import STEPS
from callpost.toolset import Family

__all__ = ["apis", "pythons", "settings", "state", "tools"]

PATIENCE_S = 30.0
MEGABYTE = 1_000_000
LITTLE_SPACE = 100 * MEGABYTE
MOST_OPEN = 1000
MANY_TOKENS = 8_000
CLOCKS_AGREE = timedelta(seconds=5)
CLOCKS_FAR = timedelta(minutes=15)
"""Farther apart, the call of a lost start can no longer be told from another."""


def pythons() -> Iterator[Finding]:
    """The interpreter and the packages that matter."""
    yield Finding(
        "python",
        "ok",
        f"Python {sys.version.split()[0]}, Callpost {__version__}, mcp {version('mcp')}, "
        f"{sys.executable}",
    )


async def state(callpost: Callpost) -> AsyncIterator[Finding]:
    """The ledger: without it nothing is sent."""
    where = callpost.settings.state
    try:
        still_open = await callpost.engine.ledger.recent(limit=MOST_OPEN, only_open=True)
    except LedgerError as error:
        yield Finding("state", "broken", str(error), "Until then every call or post is refused.")
        return
    told = f"{where}: writable, schema {STEPS[-1][0]}"
    if "://" not in where:
        told += f", {_size(where)}"
        for finding in _file(where):
            yield finding
    yield Finding("state", "ok", told if still_open else f"{told}, nothing open")
    if still_open:
        yield Finding(
            "open",
            "warning",
            f"{len(still_open)} sent, and nobody knows what became of it",
            "Let the agent make the same call again, which finds out; or look yourself, and say "
            "what happened: callpost ledger list --open",
        )


def _size(where: str) -> str:
    path = Path(where).expanduser()
    files = [path, path.with_name(path.name + "-wal")]
    return f"{sum(file.stat().st_size for file in files if file.exists()) / MEGABYTE:.1f} MB"


def _file(where: str) -> Iterator[Finding]:
    path = Path(where).expanduser()
    left = shutil.disk_usage(path.parent).free
    if left < LITTLE_SPACE:
        yield Finding(
            "disk",
            "warning",
            f"{left / MEGABYTE:.0f} MB are left beside {path}",
            "Free some space, or set CALLPOST_STATE: without it nothing is sent.",
        )
    if sys.platform != "win32" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(
            "state", "warning", f"others may read {path}", f"chmod 600 {path} (no keys are in it)"
        )


async def apis(callpost: Callpost) -> AsyncIterator[Finding]:
    """Each API: reachable, its key good, its clock near ours."""
    if not callpost.settings.keyed:
        names = " or ".join(f.api.key_name for f in callpost.catalog.families)
        yield Finding(
            "keys",
            "broken",
            "no key is set here: tools are listed, and none can do anything",
            f"Set {names}, or look at a host's settings with --host; callpost demo needs no key.",
        )
        return
    for family in callpost.catalog.families:
        async for finding in _api(callpost, family):
            yield finding


async def _api(callpost: Callpost, family: Family) -> AsyncIterator[Finding]:
    api, access = family.api, callpost.settings.access[family.api.name]
    if access.key is None:
        yield Finding(api.name, "ok", f"{api.key_name} is not set, so its tools are left out")
        return
    if not access.key.get_secret_value().startswith(api.key_prefix):
        yield Finding(
            api.name,
            "warning",
            f"{api.key_name} does not begin with {api.key_prefix}",
            f"Copy it again. {api.key_help}",
        )
    own = next(tool for tool in callpost.catalog.tools.values() if tool.toolset == "status")
    errand = Errand(callpost.engine, replace(own, api=api))
    try:
        with anyio.fail_after(PATIENCE_S):
            status = await api_status(family, errand)
    except TimeoutError:
        status = ApiStatus(
            api=api.name, key="untried", problem=f"{api.title} gave no answer in {PATIENCE_S:.0f} s"
        )
    except LedgerError:
        yield Finding(api.name, "warning", "not tried", "Mend the state first.")
        return
    yield _standing(callpost, family, status)
    if errand.clock_offset is not None:
        yield _clock(family, errand.clock_offset)


def _standing(callpost: Callpost, family: Family, status: ApiStatus) -> Finding:
    api = family.api
    where = callpost.settings.access[api.name].base_url
    match status.key:
        case "works":
            known = [f"{name} {_plain(value)}" for name, value in (status.about or {}).items()]
            told = f"reachable at {where}, the key works"
            return Finding(api.name, "ok", "; ".join([told, *known]))
        case "refused":
            said = status.problem or "the key is refused"
            return Finding(
                api.name, "broken", f"{where}: {said}", f"{api.key_name}: {api.key_help}"
            )
        case _:
            remedy = f"Check the network, {api.url_name} if it is set, and what the key may do."
            said = status.problem or "it could not be tried"
            return Finding(api.name, "broken", f"{where}: {said}", remedy)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value)))
    return str(value)


def _clock(family: Family, offset: timedelta) -> Finding:
    seconds = offset.total_seconds()
    told = (
        f"{family.api.title}'s clock is {abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"
    )
    remedy = "Set this machine's clock by a time server."
    if abs(offset) <= CLOCKS_AGREE:
        return Finding(
            "clock", "ok", f"agrees with {family.api.title}'s within {CLOCKS_AGREE.seconds} s"
        )
    if abs(offset) <= CLOCKS_FAR:
        return Finding("clock", "warning", f"{told}; it is allowed for", remedy)
    return Finding("clock", "broken", f"{told}; a lost call could not be told from others", remedy)


def tools(callpost: Callpost) -> Iterator[Finding]:
    """What a model is shown, and what that costs."""
    on = callpost.tools.values()
    names = ", ".join(dict.fromkeys(tool.toolset for tool in on))
    cost = tokens(on)
    told = (
        f"{len(on)} of {len(callpost.catalog.tools)} on ({names}), {cost:,} tokens of a model's "
        "context"
    )
    if not on:
        yield Finding("tools", "broken", "none is on", "Widen CALLPOST_TOOLSETS or CALLPOST_TOOLS.")
    elif cost > MANY_TOKENS:
        yield Finding("tools", "warning", told, "Choose fewer with CALLPOST_TOOLSETS.")
    else:
        yield Finding("tools", "ok", told)


def settings(callpost: Callpost) -> Iterator[Finding]:
    """What the operator allows."""
    is_read_only = callpost.settings.read_only
    yield Finding(
        "policy",
        "ok",
        "read-only: nothing is called or posted" if is_read_only else "whatever the keys allow",
    )
    for folder in callpost.settings.bounds.upload_folders:
        if not folder.is_dir():
            yield Finding(
                "uploads",
                "warning",
                f"{folder} is not a folder",
                "Make it, or take it out of CALLPOST_UPLOAD_DIRS.",
            )

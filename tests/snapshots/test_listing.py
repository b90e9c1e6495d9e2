"""`listing.json`, from which the static front answers, is what the code says now.

`make snapshots` rewrites it.
"""

import json
import os
from importlib.metadata import entry_points
from typing import Any

import anyio
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION

from callpost.assembly import Callpost, assemble
from callpost.catalog import GROUP
from callpost.toolset import Effect, Tool
from callpost.wire.listing import FILE
from callpost.wire.server import wire_tool
from processes.child import MODERN, initialize
from wire_stream import conversation


async def generated() -> str:
    """The file's text: one line a tool, so that a change shows as one."""
    callpost = assemble({"CALLPOST_TOOLSETS": "all"})
    opened = await first_result(callpost, "initialize", initialize())
    discovery = await first_result(callpost, "server/discover", {"_meta": MODERN})
    listed = await first_result(callpost, "tools/list", {"_meta": MODERN})
    families = {entry.name: entry.value for entry in entry_points(group=GROUP)}
    head: dict[str, Any] = {
        "handshake": {k: v for k, v in opened.items() if k != "protocolVersion"},
        "versions": list(HANDSHAKE_PROTOCOL_VERSIONS),
        "modern": LATEST_MODERN_VERSION,
        "discovery": discovery,
        "envelope": {k: v for k, v in listed.items() if k != "tools"},
        "families": families,
        "apis": {
            family.api.name: {
                "key_name": family.api.key_name,
                "url_name": family.api.url_name,
                "label_name": family.api.key_name.removesuffix("_KEY") + "_LABEL",
            }
            for family in callpost.catalog.families
        },
    }
    head["index"] = {name: facts(callpost, tool) for name, tool in callpost.catalog.tools.items()}
    lines = [f"{json.dumps(name)}:{compact(value)}," for name, value in head.items()]
    tools = [
        f"{json.dumps(name)}:"
        + compact(wire_tool(tool).model_dump(by_alias=True, mode="json", exclude_none=True))
        for name, tool in callpost.catalog.tools.items()
    ]
    return "\n".join(["{", *lines, '"tools":{', ",\n".join(tools), "}}", ""])


def facts(callpost: Callpost, tool: Tool) -> dict[str, Any]:
    """What the choice depends on."""
    return {
        "toolset": tool.toolset,
        "api": tool.api.name if tool.api.name in callpost.settings.access else None,
        "reads": tool.effect is Effect.READS,
        "default": tool.default,
        "aliases": list(tool.aliases),
        "module": tool.handler.__module__,
    }


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


async def first_result(callpost: Callpost, method: str, params: dict[str, Any]) -> dict[str, Any]:
    with anyio.fail_after(20):
        (answer,) = await conversation(callpost, [{"id": 1, "method": method, "params": params}])
    return answer["result"]


async def test_the_static_front_answers_from_what_the_code_says() -> None:
    now = await generated()
    if os.environ.get("CALLPOST_SNAPSHOTS") == "rewrite":
        FILE.write_text(now, encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == now, "run `make snapshots`"

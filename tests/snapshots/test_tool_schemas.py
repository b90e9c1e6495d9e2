"""Every tool as hosts see it: a checked-in file each, portable schemas, and a bounded price.

`make snapshots` rewrites the files.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from callpost.assembly import assemble
from callpost.schema import envelope_schema, input_schema
from callpost.toolset import Tool

FOLDER = Path(__file__).parent / "tools"
REWRITE = os.environ.get("CALLPOST_SNAPSHOTS") == "rewrite"
TOOLS = assemble({"CALLPOST_TOOLSETS": "all"}).tools
EVERY_TOOL = pytest.mark.parametrize("name", TOOLS)
Json = dict[str, Any]


def snapshot(tool: Tool) -> str:
    whole = {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "toolset": tool.toolset,
        "default": tool.default,
        "dedupe": tool.dedupe.value if tool.dedupe else None,
        "annotations": tool.effect.hints,
        "inputSchema": input_schema(tool),
        "outputSchema": envelope_schema(tool),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


@EVERY_TOOL
def test_a_tool_is_what_its_snapshot_says(name: str) -> None:
    file = FOLDER / f"{name}.json"
    now = snapshot(TOOLS[name])
    if REWRITE:
        FOLDER.mkdir(exist_ok=True)
        file.write_text(now, encoding="utf-8")
    assert file.is_file(), f"{name} has no snapshot; make snapshots"
    assert file.read_text(encoding="utf-8") == now, f"{name} changed; make snapshots"


def test_no_snapshot_is_left_of_a_tool_that_is_gone() -> None:
    left = [file for file in FOLDER.glob("*.json") if file.stem not in TOOLS]
    if REWRITE:
        for file in left:
            file.unlink()
        left = []
    assert left == []


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every schema inside a schema, with where it is."""
    yield path, cast("Json", schema)
    for name, part in schema.get("properties", {}).items():
        yield from nodes(part, f"{path}.{name}")
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{path}.{key}")
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for n, part in enumerate(schema.get(key, [])):
            yield from nodes(part, f"{path}.{key}[{n}]")


REFUSED = {
    "$ref",
    "$defs",
    "definitions",
    "$schema",
    "$id",
    "oneOf",
    "allOf",
    "not",
    "discriminator",
}


def problems(schema: Json, *, opaque: bool = False) -> Iterator[str]:
    """What breaks a host that is in use, by the list in the notes on portability."""
    if schema.get("type") != "object":
        yield "the root is no object"
    for key in ("anyOf", "enum", "const"):
        if key in schema:
            yield f"{key} at the root"
    for path, node in nodes(schema):
        yield from (f"{path}: {key}" for key in REFUSED & node.keys())
        if isinstance(node.get("title"), str):
            yield f"{path}: a title costs tokens"
        kinds = node.get("type")
        if not isinstance(kinds, str) and "anyOf" not in node:
            yield f"{path}: no single type ({kinds})"
        if kinds == "null" or node.get("default", ...) is None or None in node.get("enum", ()):
            yield f"{path}: null"
        if kinds == "object" and not is_closed(node, opaque=opaque):
            yield f"{path}: an open object"
        if kinds == "array" and not isinstance(node.get("items"), dict):
            yield f"{path}: items without a type"


def is_closed(node: Json, *, opaque: bool) -> bool:
    """No further names; or, where names are somebody else's, values of a type, or of any."""
    more = node.get("additionalProperties")
    return more is False or (
        "properties" not in node and (isinstance(more, dict) or (opaque and more is True))
    )


@EVERY_TOOL
def test_an_input_schema_is_taken_by_the_strictest_host(name: str) -> None:
    assert list(problems(input_schema(TOOLS[name]))) == []


@EVERY_TOOL
def test_an_output_schema_is_taken_by_the_strictest_host(name: str) -> None:
    schema = envelope_schema(TOOLS[name])
    # What an upstream does not document is passed on as it is; no host compiles that for a model.
    assert list(problems(schema, opaque=True)) == []
    assert schema["required"] == ["ok"], "an error has to be valid too"


@EVERY_TOOL
def test_a_tool_is_named_and_described_for_a_model(name: str) -> None:
    tool = TOOLS[name]
    assert re.fullmatch(r"[a-z0-9_]{1,40}", name)
    assert tool.title
    assert tool.description
    assert tool.description[-1] == "."
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z«])", tool.description)
    assert len(sentences) <= 3, sentences
    assert all(isinstance(hint, bool) for hint in tool.effect.hints.values())


def tokens(tool: Tool) -> float:
    """What a tool costs a model: a quarter of the bytes of what it is shown."""
    shown = {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": input_schema(tool),
    }
    return len(json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode()) / 4


def test_the_default_list_costs_a_model_at_most_3000_tokens() -> None:
    chosen = assemble({}).tools.values()
    total = sum(map(tokens, chosen))
    print(f"default: {len(chosen)} tools, {total:.0f} tokens")  # noqa: T201 -- shown by pytest -rP
    assert total <= 3000


def test_all_tools_cost_a_model_at_most_120_tokens_each() -> None:
    average = sum(map(tokens, TOOLS.values())) / len(TOOLS)
    print(f"all: {len(TOOLS)} tools, {average:.1f} tokens each")  # noqa: T201 -- shown by pytest -rP
    assert average <= 120

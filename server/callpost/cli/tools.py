"""`callpost tools`: every tool there is, which are on, and what they cost a model."""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from callpost.cli.colour import Shade, paint_for
from callpost.cli.failures import USAGE, CommandError
from callpost.cli.tables import markdown, table

if TYPE_CHECKING:
    from callpost.assembly import Callpost
    from callpost.cli import Subparsers
    from callpost.toolset import Tool

__all__ = ["add_parser", "as_markdown", "run", "tokens"]

_HEAD = ("tool", "toolset", "is", "effect", "dedupe", "tokens")
_EPILOG = """\
effect   reads · creates (can be taken away again) · updates · deletes · sends (people or money)
dedupe   content: for 24 h the same arguments are the same intent, done once
         brief: the same for five minutes, unless the effect no longer stands
         invocation: sets state, so every call acts; repeating it changes nothing more
tokens   bytes / 4 of name, description and input schema: what listing it costs a model"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `tools`."""
    parser = subparsers.add_parser(
        "tools",
        help="list the tools, their toolsets and what they cost a model",
        description="List all tools, those that are on as the settings stand, and their cost.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--toolset", metavar="NAME", help="only this toolset")
    parser.add_argument("--on", action="store_true", help="only what is on")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, with descriptions and schemas")
    form.add_argument("--markdown", action="store_true", help="as the README's table")


def run(args: argparse.Namespace) -> int:
    """Print the tools."""
    from callpost.assembly import assemble  # noqa: PLC0415 because of start-up cost

    callpost = assemble()
    if args.markdown:
        print(as_markdown(callpost))
        return 0
    known = callpost.catalog.toolset_names
    if args.toolset is not None and args.toolset not in known:
        raise CommandError(f"there is no toolset «{args.toolset}»: {', '.join(known)}", USAGE)
    tools = [
        tool
        for tool in callpost.catalog.tools.values()
        if args.toolset in (None, tool.toolset) and (not args.on or tool.name in callpost.tools)
    ]
    if args.json:
        print(json.dumps(_report(callpost, tools), indent=2, ensure_ascii=False))
        return 0
    paint = paint_for(sys.stdout)
    rows = [_row(tool, is_on=tool.name in callpost.tools) for tool in tools]
    shades = {"on": Shade.GREEN, "off": Shade.DIM, "sends": Shade.YELLOW, "deletes": Shade.YELLOW}
    print(table(_HEAD, rows, right={5}, paint=paint, shades=shades))
    print()
    print(_total(callpost))
    return 0


def tokens(tools: Iterable["Tool"]) -> int:
    """What listing these costs a model: bytes / 4 of name, description and input schema."""
    return math.ceil(sum(_bytes(tool) for tool in tools) / 4)


def _bytes(tool: "Tool") -> int:
    seen = {"name": tool.name, "description": tool.description, "input_schema": _schema(tool)}
    return len(json.dumps(seen, separators=(",", ":"), ensure_ascii=False).encode())


def _schema(tool: "Tool") -> Mapping[str, Any]:
    from callpost.schema import input_schema  # noqa: PLC0415 because of start-up cost

    return input_schema(tool)


def _row(tool: "Tool", *, is_on: bool) -> tuple[str, ...]:
    dedupe = tool.dedupe.value if tool.dedupe else "-"
    state = "on" if is_on else "off"
    return (tool.name, tool.toolset, state, tool.effect.value, dedupe, str(tokens([tool])))


def _total(callpost: "Callpost") -> str:
    on = callpost.tools.values()
    return (
        f"{len(on)} of {len(callpost.catalog.tools)} tools are on and cost a model "
        f"{tokens(on):,} tokens; CALLPOST_TOOLSETS chooses."
    )


def _report(callpost: "Callpost", tools: Iterable["Tool"]) -> dict[str, Any]:
    return {
        "tools": [
            {
                "name": tool.name,
                "title": tool.title,
                "toolset": tool.toolset,
                "on": tool.name in callpost.tools,
                "effect": tool.effect.value,
                "dedupe": tool.dedupe.value if tool.dedupe else None,
                "tokens": tokens([tool]),
                "description": tool.description,
                "input_schema": _schema(tool),
            }
            for tool in tools
        ],
        "tools_on": len(callpost.tools),
        "tokens_on": tokens(callpost.tools.values()),
    }


def as_markdown(callpost: "Callpost") -> str:
    """The README's table: a row a toolset, and which of its tools are on by default."""
    rows: list[tuple[str, ...]] = []
    tools = callpost.catalog.tools.values()
    has_default = {tool.toolset for tool in tools if tool.default}
    for name in sorted(callpost.catalog.toolset_names, key=lambda name: name not in has_default):
        inside = [tool for tool in tools if tool.toolset == name]
        default = [f"`{tool.name}`" for tool in inside if tool.default]
        others = [f"`{tool.name}`" for tool in inside if not tool.default]
        rows.append((f"`{name}`", ", ".join(default), ", ".join(others), str(tokens(inside))))
    by_default = [tool for tool in tools if tool.default]
    head = ("toolset", "on by default", "on request", "tokens")
    return (
        markdown(head, rows, right={3})
        + f"\n\n{len(by_default)} tools are on by default and cost a model {tokens(by_default):,} "
        f"tokens; all {len(tools)} cost {tokens(tools):,}."
    )

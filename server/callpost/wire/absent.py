"""What is answered for a tool that is not on: which it is, or how to switch it on."""

from callpost.assembly import Callpost
from callpost.errors import FieldProblem, InvalidArguments
from callpost.toolset import Effect, Tool

__all__ = ["absent"]


def absent(callpost: Callpost, name: str, tool: Tool | None) -> InvalidArguments:
    """Nothing is sent; the model learns the right name, or whom to ask."""
    if tool is None:
        return _unknown(callpost, name)
    return InvalidArguments(
        f"{tool.name} exists but is switched off here. Nothing was sent.",
        retry="never",
        next_step=f"Tell the person: {_remedy(callpost, tool)} Then restart the server.",
        fields=(FieldProblem("name", f"is switched off (toolset {tool.toolset})"),),
    )


def _unknown(callpost: Callpost, name: str) -> InvalidArguments:
    near = callpost.catalog.nearest(name)
    found = callpost.catalog.find(near) if near else None
    if found is None:
        return InvalidArguments(
            "There is no tool of that name. Nothing was sent.",
            next_step="Use a tool of tools/list.",
            fields=(FieldProblem("name", "is not a tool"),),
        )
    note = "" if found.name in callpost.tools else ", which is switched off here"
    return InvalidArguments(
        f"There is no tool of that name; the nearest is {found.name}{note}. Nothing was sent.",
        next_step=f"If that is what you meant, call {found.name}; otherwise use a tool of "
        "tools/list.",
        fields=(FieldProblem("name", f"is not a tool; did you mean {found.name}?"),),
    )


def _remedy(callpost: Callpost, tool: Tool) -> str:
    settings = callpost.settings
    if settings.read_only and tool.effect is not Effect.READS:
        return "CALLPOST_READ_ONLY leaves only reads; remove it from the settings to allow this."
    keyed = settings.keyed
    if keyed and tool.api.name in settings.access and tool.api.name not in keyed:
        return f"set {tool.api.key_name}. {tool.api.key_help}".strip()
    if any(callpost.catalog.find(name) is tool for name in settings.exclude_tools):
        return f"{tool.name} is in CALLPOST_EXCLUDE_TOOLS; take it out."
    wishes = ",".join((*settings.toolsets, f"+{tool.toolset}"))
    return (
        f"set CALLPOST_TOOLSETS={wishes}, or CALLPOST_TOOLS="
        f"{','.join((*settings.tools, tool.name))} for this tool alone."
    )

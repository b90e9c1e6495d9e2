"""The official SDK's low-level server over the core's parts, for both protocol eras.

Everything a handler can raise is caught here: in the handshake era the SDK would send the text of
an exception to the client.
"""

import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from callpost import __version__
from callpost.assembly import Callpost
from callpost.engine import Turn
from callpost.envelope import Answer, failure
from callpost.errors import Fault, FieldProblem, InvalidArguments
from callpost.schema import envelope_schema, input_schema
from callpost.toolset import Tool
from callpost.wire.absent import absent
from callpost.wire.attached import Attached, only_page
from callpost.wire.listing import read
from callpost.wire.words import INSTRUCTIONS, NAME, TITLE, WEBSITE

__all__ = ["CLIENT_KEY", "LISTING_TTL_MS", "build_server", "wire_tool"]

logger = logging.getLogger(__name__)

CLIENT_KEY = "callpost/idempotency-key"
"""Name in a request's `_meta` under which a client brings its own idempotency key."""

LISTING_TTL_MS = 3_600_000
UNCHANGING: tuple[CacheableMethod, ...] = (
    "server/discover",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "prompts/list",
)
"""What stays as it is while a server runs, for whoever asks."""

Context = ServerRequestContext[dict[str, Any], Any]


def build_server(callpost: Callpost) -> Server[dict[str, Any]]:
    """A server of these tools; it may serve any number of connections."""
    listing: list[types.Tool] = []
    attached = Attached(callpost)

    async def list_tools(
        _: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        only_page(params)
        if not listing:
            listing.extend(_listed(callpost.tools.values()))
        return types.ListToolsResult(tools=list(listing))

    async def call_tool(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            answer = await _answer(callpost, ctx, params)
        except Exception:
            logger.exception("a tool call failed by a defect")
            answer = failure(Fault("Callpost failed by a defect of its own; see its log."))
        return _result(answer)

    return Server(
        NAME,
        version=__version__,
        title=TITLE,
        instructions=INSTRUCTIONS,
        website_url=WEBSITE,
        # No argument travels in a header; without this the SDK lists all tools before every call.
        get_tool_input_schema=lambda _: None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=attached.list_resources,
        on_list_resource_templates=attached.list_templates,
        on_read_resource=attached.read,
        on_list_prompts=attached.list_prompts,
        on_get_prompt=attached.get_prompt,
        on_completion=attached.complete,
        cache_hints=dict.fromkeys(UNCHANGING, CacheHint(LISTING_TTL_MS, "public")),
    )


def _listed(tools: Iterable[Tool]) -> Iterator[types.Tool]:
    """Each tool, as generated before where it is one of ours: that builds no schemas."""
    index: dict[str, Any] = {}
    generated: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError):
        head, generated = read()
        index = head["index"]
    for tool in tools:
        entry = index.get(tool.name)
        if entry is not None and entry["module"] == tool.handler.__module__:
            yield types.Tool.model_validate_json(generated[tool.name])
        else:
            yield wire_tool(tool)


def wire_tool(tool: Tool) -> types.Tool:
    """A tool as hosts see it; all four hints are stated."""
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=input_schema(tool),
        output_schema=envelope_schema(tool),
        annotations=types.ToolAnnotations.model_validate(tool.effect.hints),
    )


def _result(answer: Answer) -> types.CallToolResult:
    text, content = answer.text, dict(answer.content)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair from an upstream would end the connection
        text = text.encode("utf-8", "replace").decode()
        content = json.loads(text)
    return types.CallToolResult(
        content=[types.TextContent(text=text)],
        structured_content=content,
        is_error=answer.is_error,
    )


async def _answer(callpost: Callpost, ctx: Context, params: types.CallToolRequestParams) -> Answer:
    tool = callpost.catalog.find(params.name)
    if tool is None or tool.name not in callpost.tools:
        return failure(absent(callpost, params.name, tool))
    key = _client_key(ctx.meta)
    if isinstance(key, Fault):
        return failure(key)

    async def progress(message: str, done: float, total: float | None) -> None:
        await ctx.session.report_progress(done, total, message)

    return await callpost.engine.run(
        tool, params.arguments, Turn(client_key=key, progress=progress)
    )


def _client_key(meta: Mapping[str, Any] | None) -> str | Fault | None:
    key = (meta or {}).get(CLIENT_KEY)
    if key is None or isinstance(key, str):
        return key
    return InvalidArguments(
        "The client's idempotency key is not text. Nothing was sent.",
        fields=(FieldProblem(f"_meta.{CLIENT_KEY}", "a key is text"),),
    )

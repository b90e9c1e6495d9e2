"""What the conformance suite looks for by fixed names, laid over the real server.

Test only. The real handlers answer everything else, so what is measured is Callpost's own
application: its transport, its gate, its error answers, its listings.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

__all__ = ["add_fixtures"]

Context = ServerRequestContext[dict[str, Any], Any]
Params = TypeVar("Params", bound=types.RequestParams)
Handler = Callable[[Context, Params], Awaitable[Any]]

PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
        "0000000049454e44ae426082"
    )
).decode()
SILENCE = base64.b64encode(
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0\x80>\0\0\2\0\x10\0data\0\0\0\0"
).decode()
MISSING_CAPABILITY = -32021

ADVANCED: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}

IMAGE = types.ImageContent(data=PIXEL, mime_type="image/png")
PLAIN: Mapping[str, list[types.ContentBlock]] = {
    "test_simple_text": [types.TextContent(text="This is a simple text response for testing.")],
    "test_image_content": [IMAGE],
    "test_audio_content": [types.AudioContent(data=SILENCE, mime_type="audio/wav")],
    "test_embedded_resource": [
        types.EmbeddedResource(
            resource=types.TextResourceContents(
                uri="test://embedded-resource",
                mime_type="text/plain",
                text="This is an embedded resource content.",
            )
        )
    ],
    "test_multiple_content_types": [
        types.TextContent(text="Multiple content types test:"),
        IMAGE,
        types.EmbeddedResource(
            resource=types.TextResourceContents(
                uri="test://mixed-content-resource",
                mime_type="application/json",
                text='{"test":"data","value":123}',
            )
        ),
    ],
    "json_schema_2020_12_tool": [types.TextContent(text="ok")],
}
NAMES = (*PLAIN, "test_error_handling", "test_tool_with_progress", "test_missing_capability")


def add_fixtures(server: Server[dict[str, Any]]) -> None:
    """Lay the fixtures over the server's own handlers."""
    list_tools = _entry(server, "tools/list")
    call_tool = _entry(server, "tools/call")
    read = _entry(server, "resources/read")
    get_prompt = _entry(server, "prompts/get")

    async def all_tools(ctx: Context, params: types.PaginatedRequestParams) -> Any:
        listed = cast("types.ListToolsResult", await list_tools(ctx, params))
        return listed.model_copy(update={"tools": [*listed.tools, *map(_tool, NAMES)]})

    async def any_tool(ctx: Context, params: types.CallToolRequestParams) -> Any:
        if params.name not in NAMES:
            return await call_tool(ctx, params)
        return await _call(ctx, params.name)

    async def any_resource(ctx: Context, params: types.ReadResourceRequestParams) -> Any:
        found = _resource(str(params.uri))
        return await read(ctx, params) if found is None else found

    async def any_prompt(ctx: Context, params: types.GetPromptRequestParams) -> Any:
        if not params.name.startswith("test_"):
            return await get_prompt(ctx, params)
        return _prompt(params.name, params.arguments or {})

    server.add_request_handler("tools/list", types.PaginatedRequestParams, all_tools)
    server.add_request_handler("tools/call", types.CallToolRequestParams, any_tool)
    server.add_request_handler("resources/read", types.ReadResourceRequestParams, any_resource)
    server.add_request_handler("prompts/get", types.GetPromptRequestParams, any_prompt)


def _entry(server: Server[dict[str, Any]], method: str) -> Handler[Any]:
    entry = server.get_request_handler(method)
    assert entry is not None, f"the server does not serve {method}"
    return cast("Handler[Any]", entry.handler)


def _tool(name: str) -> types.Tool:
    schema = ADVANCED if name == "json_schema_2020_12_tool" else {"type": "object"}
    return types.Tool(name=name, description="A fixture of the suite.", input_schema=schema)


async def _call(ctx: Context, name: str) -> types.CallToolResult:
    match name:
        case "test_missing_capability":
            raise MCPError(
                MISSING_CAPABILITY,
                "The client must be able to sample",
                {"requiredCapabilities": {"sampling": {}}},
            )
        case "test_error_handling":
            text = types.TextContent(text="This tool intentionally returns an error for testing")
            return types.CallToolResult(content=[text], is_error=True)
        case "test_tool_with_progress":
            for done in (0, 50, 100):
                await ctx.session.report_progress(done, 100, f"{done} of 100")
            return types.CallToolResult(content=[types.TextContent(text="done")])
        case _:
            return types.CallToolResult(content=PLAIN[name])


def _resource(uri: str) -> types.ReadResourceResult | None:
    found: types.TextResourceContents | types.BlobResourceContents
    if uri == "test://static-binary":
        found = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
    elif uri == "test://static-text":
        text = "This is the content of the static text resource."
        found = types.TextResourceContents(uri=uri, mime_type="text/plain", text=text)
    elif uri.startswith("test://template/"):
        name = uri.removeprefix("test://template/").removesuffix("/data")
        text = f'{{"id":"{name}","templateTest":true,"data":"Data for ID: {name}"}}'
        found = types.TextResourceContents(uri=uri, mime_type="application/json", text=text)
    else:
        return None
    return types.ReadResourceResult(contents=[found])


def _prompt(name: str, given: Mapping[str, str]) -> types.GetPromptResult:
    parts: list[types.ContentBlock]
    match name:
        case "test_prompt_with_arguments":
            text = f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"
            parts = [types.TextContent(text=text)]
        case "test_prompt_with_embedded_resource":
            contents = types.TextResourceContents(
                uri=given.get("resourceUri", "test://example"), mime_type="text/plain", text="text"
            )
            parts = [types.EmbeddedResource(resource=contents), types.TextContent(text="Process")]
        case "test_prompt_with_image":
            parts = [IMAGE, types.TextContent(text="Please analyze the image above.")]
        case _:
            parts = [types.TextContent(text="This is a simple prompt for testing.")]
    return types.GetPromptResult(
        messages=[types.PromptMessage(role="user", content=part) for part in parts]
    )

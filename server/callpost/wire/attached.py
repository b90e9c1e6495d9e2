"""Resources, prompts and completions: the families' know-how as MCP.

A resource is what a read tool answers; nothing here writes, and what is off is not offered.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import mcp_types as types
from mcp.shared.exceptions import MCPError

from callpost.assembly import Callpost
from callpost.core_guide import CORE_KNOW_HOW
from callpost.know_how import TOPICS, KnowHow, Prompt, Resource
from callpost.wire.choices import Choices

__all__ = ["Attached", "only_page"]

logger = logging.getLogger(__name__)

SCHEME = "callpost://"
GUIDE = f"{SCHEME}guide/"
JSON = "application/json"
MARKDOWN = "text/markdown"

Context = Any
P = ParamSpec("P")
SelfT = TypeVar("SelfT")
ResultT = TypeVar("ResultT")


def _guarded(
    handler: Callable[Concatenate[SelfT, P], Awaitable[ResultT]],
) -> Callable[Concatenate[SelfT, P], Awaitable[ResultT]]:
    """Keep the text of a defect from the client."""

    @wraps(handler)
    async def guarded(self: SelfT, *args: P.args, **kwargs: P.kwargs) -> ResultT:
        try:
            return await handler(self, *args, **kwargs)
        except MCPError:
            raise
        except Exception:
            logger.exception("%s failed by a defect", handler.__name__)
            raise MCPError(
                types.INTERNAL_ERROR, "Callpost failed by a defect; see its log"
            ) from None

    return guarded


class Attached:
    """The handlers, over the families that are on."""

    def __init__(self, callpost: Callpost) -> None:
        """Choose what can be offered with the tools that are on."""
        self._callpost = callpost
        apis = {tool.api.name for tool in callpost.tools.values()}
        families = [f for f in callpost.catalog.families if f.api.name in apis]
        self._parts: dict[str, KnowHow] = {"Callpost": CORE_KNOW_HOW}
        self._parts |= {family.api.title: family.know_how for family in families}
        parts = self._parts.values()
        on = callpost.tools.keys()
        self._resources = [r for part in parts for r in part.resources if r.tool in on]
        self._prompts = {p.name: p for part in parts for p in part.prompts if on >= {*p.tools}}
        self._choices = Choices(callpost, [c for part in parts for c in part.choices])

    @_guarded
    async def list_resources(
        self, _: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """What there is one of: the status and the guides."""
        only_page(params)
        single = [
            types.Resource(
                name=resource.kind,
                title=resource.title,
                uri=SCHEME + resource.kind,
                description=resource.description,
                mime_type=JSON,
            )
            for resource in self._resources
            if resource.argument is None
        ]
        guides = [
            types.Resource(
                name=f"guide-{topic}",
                title=f"Guide: {topic}",
                uri=GUIDE + topic,
                description=about,
                mime_type=MARKDOWN,
            )
            for topic, about in TOPICS.items()
        ]
        return types.ListResourcesResult(resources=[*single, *guides])

    @_guarded
    async def list_templates(
        self, _: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """What there are many of, by id."""
        only_page(params)
        templates = [
            types.ResourceTemplate(
                name=resource.kind,
                title=resource.title,
                uri_template=f"{SCHEME}{resource.kind}/{{id}}",
                description=resource.description,
                mime_type=JSON,
            )
            for resource in self._resources
            if resource.argument is not None
        ]
        topics = types.ResourceTemplate(
            name="guide",
            title="Guide",
            uri_template=GUIDE + "{topic}",
            description="Short know-how: " + ", ".join(TOPICS),
            mime_type=MARKDOWN,
        )
        return types.ListResourceTemplatesResult(resource_templates=[*templates, topics])

    @_guarded
    async def read(
        self, _: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """A resource, read now."""
        uri = params.uri
        topic = uri.removeprefix(GUIDE)
        if uri.startswith(GUIDE) and topic in TOPICS:
            return _contents(uri, MARKDOWN, self._guide(topic))
        kind, _slash, identifier = uri.removeprefix(SCHEME).partition("/")
        for resource in self._resources:
            wanted = bool(identifier) == (resource.argument is not None)
            if uri.startswith(SCHEME) and kind == resource.kind and wanted:
                return _contents(uri, JSON, await self._asked(resource, identifier, uri))
        raise _no_resource(uri)

    def _guide(self, topic: str) -> str:
        parts = [
            f"## {title}\n\n{guide.text}"
            for title, part in self._parts.items()
            for guide in part.guides
            if guide.topic == topic
        ]
        return f"# {TOPICS[topic]}\n\n" + "\n\n".join(parts) + "\n"

    async def _asked(self, resource: Resource, identifier: str, uri: str) -> str:
        arguments = {resource.argument: identifier} if resource.argument else {}
        tool = self._callpost.tools[resource.tool]
        answer = await self._callpost.engine.run(tool, arguments)
        if not answer.is_error:
            text = json.dumps(answer.content["data"], separators=(",", ":"), ensure_ascii=False)
            return text.encode("utf-8", "replace").decode()
        error: Mapping[str, Any] = answer.content["error"]
        if error["code"] in {"not_found", "invalid_arguments"}:
            raise _no_resource(uri)
        raise MCPError(
            types.INTERNAL_ERROR, f"{error['message']} {error['next_step']}", dict(error)
        )

    @_guarded
    async def list_prompts(
        self, _: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        """Those whose tools are on."""
        only_page(params)
        return types.ListPromptsResult(prompts=[_listed(p) for p in self._prompts.values()])

    @_guarded
    async def get_prompt(
        self, _: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """A prompt with its blanks filled."""
        prompt = self._prompts.get(params.name)
        if prompt is None:
            near = ", ".join(self._prompts) or "none"
            raise MCPError(types.INVALID_PARAMS, f"There is no such prompt; there are: {near}")
        given = params.arguments or {}
        values: dict[str, str] = {}
        for argument in prompt.arguments:
            value = given.get(argument.name, "").strip() or argument.otherwise
            if value is None:
                raise MCPError(types.INVALID_PARAMS, f"The prompt needs {argument.name}")
            values[argument.name] = value
        # In one go: what a person gave is not read as a blank.
        text = re.sub(r"\{(\w+)\}", lambda blank: values[blank[1]], prompt.text)
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=prompt.description, messages=[message])

    @_guarded
    async def complete(
        self, _: Context, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """Ids for what a person has begun to type: by id, or by the name behind it."""
        name = params.argument.name
        if isinstance(params.ref, types.ResourceTemplateReference):
            name = params.ref.uri.removeprefix(SCHEME).partition("/")[0]
            if params.ref.uri.startswith(GUIDE):
                return _completion([t for t in TOPICS if t.startswith(params.argument.value)])
        return _completion(await self._choices.of(name, params.argument.value))


MOST_VALUES = 100
"""The protocol's bound for one completion."""


def _completion(values: list[str]) -> types.CompleteResult:
    shown = values[:MOST_VALUES]
    more = len(values) > len(shown)
    return types.CompleteResult(
        completion=types.Completion(values=shown, total=len(values), has_more=more)
    )


def _listed(prompt: Prompt) -> types.Prompt:
    return types.Prompt(
        name=prompt.name,
        title=prompt.title,
        description=prompt.description,
        arguments=[
            types.PromptArgument(
                name=argument.name,
                description=argument.description,
                required=argument.otherwise is None,
            )
            for argument in prompt.arguments
        ],
    )


def _contents(uri: str, mime_type: str, text: str) -> types.ReadResourceResult:
    contents = types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return types.ReadResourceResult(contents=[contents])


def only_page(params: types.PaginatedRequestParams | None) -> None:
    """Refuse a cursor: no list here has a second page."""
    if params is not None and params.cursor is not None:
        raise MCPError(types.INVALID_PARAMS, "There is only one page, and no cursor")


def _no_resource(uri: str) -> MCPError:
    return MCPError(types.INVALID_PARAMS, "There is no such resource", {"uri": uri})

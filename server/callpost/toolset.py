"""The plugin contract: what a family of tools declares, and what its handlers may ask for.

A family is one API. It says the API's facts once (`Api`), groups its tools in toolsets, and writes
each tool as one function: a model in, a model out, the docstring its description::

    FAMILY = Family(API)
    posts = FAMILY.toolset("posts", title="Posts", default=True)

    @posts.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT)
    async def create_post(args: CreatePost, call: Call) -> Post:
        \"\"\"Publish, queue, schedule or save a post.\"\"\"
        return await call.post(route("/posts"), args.body(), into=Post)

A handler makes the same writes in the same order whenever it is given the same arguments and
answers: after a crash it runs again, and finished writes answer from the ledger instead of the
network.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, get_type_hints

from callpost.api import Api, Reply, Slots
from callpost.call import Call, LocalFile, Route, Sent, Settle, route
from callpost.know_how import KnowHow
from callpost.models import Args, Result

__all__ = [
    "CONTENT_WINDOW_S",
    "Api",
    "Args",
    "Call",
    "Dedupe",
    "Effect",
    "Family",
    "KeyMaterial",
    "LocalFile",
    "Probe",
    "Reply",
    "Result",
    "Route",
    "Sent",
    "Settle",
    "Slots",
    "Tool",
    "Toolset",
    "route",
]


class Effect(Enum):
    """What a tool does to the world; the four MCP hints follow from it."""

    READS = "reads"
    CREATES = "creates"  # adds something that can be taken away again
    UPDATES = "updates"  # overwrites what was there
    DELETES = "deletes"  # takes away
    SENDS = "sends"  # reaches people or money, and cannot be called back

    @property
    def hints(self) -> dict[str, bool]:
        """MCP tool annotations, all four stated.

        Writes count as idempotent because Callpost makes them so: the same call again has no
        further effect.
        """
        return {
            "readOnlyHint": self is Effect.READS,
            "destructiveHint": self in {Effect.UPDATES, Effect.DELETES, Effect.SENDS},
            "idempotentHint": True,
            "openWorldHint": True,
        }


class Dedupe(Enum):
    """When the same call again is the same intent (DESIGN section 3)."""

    CONTENT = "content"
    """Creating and sending: for 24 h the same arguments are the same intent."""
    INVOCATION = "invocation"
    """Setting state: A, B, A again is legitimate, so every call acts; it can be repeated safely."""
    BRIEF = "brief"
    """A trigger: repeated within minutes it is a retry, unless its effect no longer stands."""


Handler = Callable[[Any, Call], Awaitable[Result]]
Stands = Callable[[Any, Call], Awaitable[bool]]
Probe = Callable[[Call], Awaitable[Mapping[str, Any]]]
KeyMaterial = Callable[[Any, Call], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool, whole."""

    name: str
    title: str
    description: str
    toolset: str
    api: Api
    effect: Effect
    dedupe: Dedupe | None
    args: type[Args]
    result: type[Result]
    handler: Handler
    stands: Stands | None
    """BRIEF only: whether the effect of the earlier, successful call still stands."""
    key_material: KeyMaterial | None
    """What makes the intent beside the arguments, such as the content of a file they name."""
    aliases: tuple[str, ...]
    operations: tuple[str, ...]
    """Contract operation ids this tool serves."""
    default: bool
    window_s: float

    @property
    def writes(self) -> bool:
        """Whether it passes through the ledger."""
        return self.effect is not Effect.READS


CONTENT_WINDOW_S = 24 * 3600.0
BRIEF_WINDOW_S = 5 * 60.0
LONGEST_NAME = 40


@dataclass(slots=True)
class Toolset:
    """A named group of tools that is switched on or off as one."""

    name: str
    title: str
    api: Api
    default: bool | Literal["reads"]
    """Whether it is on by default: wholly, not at all, or its reads."""
    tools: list[Tool] = field(default_factory=list["Tool"])

    def tool(
        self,
        *,
        effect: Effect,
        dedupe: Dedupe | None = None,
        title: str | None = None,
        stands: Stands | None = None,
        key_material: KeyMaterial | None = None,
        aliases: tuple[str, ...] = (),
        operations: tuple[str, ...] = (),
        default: bool | None = None,
    ) -> Callable[[Callable[[Any, Call], Awaitable[Any]]], Callable[[Any, Call], Awaitable[Any]]]:
        """Declare a handler as a tool.

        Args:
            effect: What it does to the world.
            dedupe: Required for every effect but `READS`: a content hash on the wrong operation
                swallows what a person wants done again.
            title: For people; by default the name in words.
            stands: For `BRIEF`, required: reads whether the earlier effect still stands.
            key_material: Reads what else makes the intent, such as a file's content.
            aliases: Former names.
            operations: Contract operation ids that it serves.
            default: Overrides the toolset's choice for this tool.
        """

        def declare(
            handler: Callable[[Any, Call], Awaitable[Any]],
        ) -> Callable[[Any, Call], Awaitable[Any]]:
            name = handler.__name__
            if len(name) > LONGEST_NAME:
                raise TypeError(f"{name}: tool names have at most {LONGEST_NAME} characters")
            if (dedupe is None) != (effect is Effect.READS):
                raise TypeError(f"{name}: reads have no dedupe rule, every other effect needs one")
            if (stands is not None) != (dedupe is Dedupe.BRIEF):
                raise TypeError(
                    f"{name}: «stands» belongs to the brief rule, and is required there"
                )
            hints = get_type_hints(handler)
            self.tools.append(
                Tool(
                    name=name,
                    title=title or name.replace("_", " ").capitalize(),
                    description=" ".join((inspect.getdoc(handler) or "").split()),
                    toolset=self.name,
                    api=self.api,
                    effect=effect,
                    dedupe=dedupe,
                    args=hints["args"],
                    result=hints["return"],
                    handler=handler,
                    stands=stands,
                    key_material=key_material,
                    aliases=aliases,
                    operations=operations,
                    default=self._on_by_default(effect) if default is None else default,
                    window_s=BRIEF_WINDOW_S if dedupe is Dedupe.BRIEF else CONTENT_WINDOW_S,
                )
            )
            return handler

        return declare

    def _on_by_default(self, effect: Effect) -> bool:
        return self.default is True or (self.default == "reads" and effect is Effect.READS)


@dataclass(slots=True)
class Family:
    """One API with its toolsets; what the entry point `callpost.toolsets` names."""

    api: Api
    toolsets: list[Toolset] = field(default_factory=list["Toolset"])
    probe: Probe | None = None
    """Reads what `get_status` and `doctor` tell of this API: does the key work, balance, plan."""
    unserved: dict[str, str] = field(default_factory=dict[str, str])
    """Contract operations without a tool, each with the reason."""
    know_how: KnowHow = field(default_factory=KnowHow)
    """Resources, guides, prompts and completions."""

    def toolset(
        self, name: str, *, title: str, default: bool | Literal["reads"] = False
    ) -> Toolset:
        """A new group of tools of this family."""
        made = Toolset(name=name, title=title, api=self.api, default=default)
        self.toolsets.append(made)
        return made

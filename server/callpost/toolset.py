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
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal, NewType, Protocol, TypeVar, get_type_hints
from urllib.parse import quote

from callpost.errors import Fault, InvalidArguments
from callpost.models import Args, Result
from callpost.pace import Limit

__all__ = [
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

ResultT = TypeVar("ResultT", bound=Result)
FoundT_co = TypeVar("FoundT_co", bound=Result, covariant=True)
Json = Mapping[str, Any]

Route = NewType("Route", str)
"""A path that no identifier could have changed; only `route` makes one."""


def route(template: str, *identifiers: str) -> Route:
    """A path from a template with one `{}` per identifier, each percent-encoded as one segment.

    Raises:
        InvalidArguments: An identifier is empty or made of dots, so that it could climb.
    """
    for identifier in identifiers:
        if not identifier.strip("."):
            raise InvalidArguments(f"{identifier!r} is not an identifier.")
    return Route(template.format(*(quote(i, safe="") for i in identifiers)))


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


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over HTTP, before an API's conventions are applied to it."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Any
    """Parsed JSON; None where the body is empty or is not JSON."""
    is_json: bool
    is_empty: bool
    received_at: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Slots:
    """A number of things that may be active at once, such as calls."""

    name: str
    limit: int
    hold_s: float
    """After this long a slot nobody gave back is free again."""
    refresh: Callable[["Call"], Awaitable[object]] | None = None
    """Reads the live numbers and tells them through `Call.learn_slots`; one request."""


@dataclass(frozen=True, slots=True)
class Api:
    """The facts of one API. Everything here is data or a pure function of a `Reply`."""

    name: str
    title: str
    base_url: str
    key_name: str
    """Environment variable of the key, under the vendor's own name."""
    url_name: str
    key_prefix: str
    limits: Mapping[str, Limit]
    windows: Callable[[str, str], tuple[str, ...]]
    """(method, path) to the names of the limits the request spends."""
    unwrap: Callable[[Reply], Any]
    """A 2xx reply to its payload; ValueError where the envelope is not the API's."""
    fault: Callable[[Reply], Fault]
    """Any other reply to a fault: `Refused` and `Paced` where surely nothing happened, `Unsettled`
    where something may have."""
    url_suffix: str = ""
    """Path that belongs to the base URL; a configured URL with or without it means the same."""
    key_header: str | None = None
    """Request header that carries an idempotency key, where the API honours one."""
    key_window_s: float = 0.0
    """How long the API remembers such a key."""
    replay_header: str | None = None
    slots: tuple[Slots, ...] = ()
    options: tuple[str, ...] = ()
    """Further environment variables whose values handlers may read through `Call.option`."""
    learns_limits: bool = False
    """Whether replies carry X-RateLimit-* for the first limit."""
    key_help: str = ""
    """Where a person gets a key."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An earlier request whose outcome is unknown, as a settlement sees it."""

    at: datetime
    """When it left, by our clock."""
    upstream_clock: Callable[[], timedelta | None]

    @property
    def clock_offset(self) -> timedelta | None:
        """Upstream clock minus ours, by the newest reply that told its time; ask after looking."""
        return self.upstream_clock()


class Settle(Protocol[FoundT_co]):
    """Looks for the effect of an earlier request, with reads only.

    Returns what was found, or None where it surely is not there now. Raises `Unsettled` where the
    looks do not decide.
    """

    async def __call__(self, sent: Sent, /) -> FoundT_co | None: ...


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file the operator allowed to be sent."""

    path: str
    name: str
    media_type: str
    """By content, not by name."""
    size: int
    sha256: str


class Call(Protocol):
    """Everything a handler may ask for. One per tool call."""

    async def get(
        self,
        path: Route,
        *,
        into: type[ResultT],
        query: Mapping[str, str | int | bool | None] | None = None,
        background: bool = False,
    ) -> ResultT:
        """Read, again by itself where that can help; `background` reads give way to others."""
        ...

    async def ask(self, path: Route, body: Json, *, into: type[ResultT]) -> ResultT:
        """Read by POST: the request changes nothing upstream (validation, previews)."""
        ...

    async def post(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        slot: str | None = None,
        repeatable: bool = False,
    ) -> ResultT:
        """Write: one step of the intent, done once.

        Args:
            path: From `route`.
            body: JSON, a function of the arguments alone.
            into: Model of the payload.
            settle: Finds the effect where the API honours no key, or no longer.
            slot: Name of the `Slots` of the API that this write occupies.
            repeatable: Doing it twice is the same as once, so a lost answer is simply sent again.
        """
        ...

    async def put(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        repeatable: bool = True,
    ) -> ResultT:
        """Write that sets state; see `post`."""
        ...

    async def patch(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        repeatable: bool = True,
    ) -> ResultT:
        """Write that sets state; see `post`."""
        ...

    async def delete(
        self, path: Route, *, into: type[ResultT], body: Json | None = None
    ) -> ResultT:
        """Take away. Where an earlier try is unsettled, «not found» means it is done."""
        ...

    async def watch(
        self,
        path: Route,
        *,
        query: Mapping[str, str | int | bool | None],
        digest: Callable[[Any], Json],
        max_age_s: float,
    ) -> Json:
        """A background read that all waiting calls of all processes share.

        Args:
            path: From `route`.
            query: Part of the identity of what is shared.
            digest: Payload to the little that is kept in the store: no numbers, no texts.
            max_age_s: How old a shared answer may be.
        """
        ...

    async def claimed(self, upstream_ids: Iterable[str]) -> frozenset[str]:
        """Which of these are already known as the effect of another intent."""
        ...

    async def file(self, path: str) -> LocalFile:
        """A file inside the folders the operator allowed; `InvalidArguments` otherwise."""
        ...

    async def upload(self, url: str, headers: Mapping[str, str], file: LocalFile) -> None:
        """PUT a file to a presigned URL, without our key; a step that may be repeated."""
        ...

    async def free(self, slot: str, upstream_ids: Iterable[str]) -> None:
        """Give back the slots of these."""
        ...

    async def learn_slots(self, slot: str, *, limit: int, active: int) -> None:
        """The live numbers of a kind of slot, as the upstream just told them."""
        ...

    async def progress(self, message: str, *, done: float, total: float | None = None) -> None:
        """Tell the person how far it is."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait, bounded by what is left of this tool call."""
        ...

    def now(self) -> datetime:
        """The instant, UTC."""
        ...

    def seconds_left(self) -> float:
        """How long this tool call may still take."""
        ...

    def option(self, name: str) -> str | None:
        """A setting named in `Api.options`."""
        ...


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

    def toolset(
        self, name: str, *, title: str, default: bool | Literal["reads"] = False
    ) -> Toolset:
        """A new group of tools of this family."""
        made = Toolset(name=name, title=title, api=self.api, default=default)
        self.toolsets.append(made)
        return made

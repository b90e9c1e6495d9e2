"""The core's own tools: where everything stands, and what else there is."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, cast

from pydantic import Field

from callpost.api import Api
from callpost.catalog import Catalog
from callpost.errand import Errand
from callpost.errors import Fault
from callpost.ledger import Record
from callpost.models import Args, Result
from callpost.settings import Settings
from callpost.toolset import Call, Effect, Family, Tool, Toolset

__all__ = ["CORE", "CoreTools", "FindTools", "GetStatus", "api_status"]

OPEN_SHOWN = 20
FOUND_SHOWN = 15


def _no_fault(_: object) -> Fault:
    raise NotImplementedError


CORE = Api(
    name="callpost",
    title="Callpost",
    base_url="",
    key_name="",
    url_name="",
    key_prefix="",
    limits={},
    windows=lambda _method, _path: (),
    unwrap=lambda reply: reply.body,
    fault=_no_fault,
)
"""Stands where a tool's API is asked for; the core's tools send nothing under it."""


class GetStatus(Args):
    """No arguments."""


class Budget(Result):
    """What is left of a limit."""

    limit: str
    left: int
    of: int
    window_s: float
    next_free_s: float


class ApiStatus(Result):
    """How one API stands for this server."""

    api: str
    key: str
    """works, missing, or why it could not be tried."""
    problem: str | None = None
    next_step: str | None = None
    about: dict[str, str | int | float | bool | list[str]] | None = None
    """What the API says of the account: balance, plan, scopes."""
    budgets: tuple[Budget, ...] = ()
    active: dict[str, str] | None = None
    """Things of which only so many may be active at once, as «in use of limit»."""


class OpenIntent(Result):
    """Something that was sent and whose outcome is unknown."""

    tool: str
    idempotency_key: str
    sent_at: str
    occurrence: int
    next_step: str


class Status(Result):
    """Everything one needs to know before acting, or after a failure."""

    apis: tuple[ApiStatus, ...] = ()
    unsettled: tuple[OpenIntent, ...] = ()
    read_only: bool = False
    toolsets_on: tuple[str, ...] = ()
    toolsets_off: tuple[str, ...] = ()


class FindTools(Args):
    """What somebody wants to do."""

    query: Annotated[str, Field(min_length=1, max_length=200)]


class FoundTool(Result):
    """A tool, and whether it can be called now."""

    name: str
    toolset: str
    is_on: bool
    description: str
    switch_on: str | None = None


class FoundTools(Result):
    """The nearest first."""

    items: tuple[FoundTool, ...] = ()
    unstored: ClassVar[frozenset[str]] = frozenset()


@dataclass
class CoreTools:
    """The toolset `status`, over a catalogue that is completed after it."""

    settings: Settings
    families: Sequence[Family]
    catalog: Catalog | None = field(default=None, init=False)

    def toolset(self) -> Toolset:
        """The core's tools, in listing order."""
        made = Toolset(name="status", title="Status", api=CORE, default=True)

        @made.tool(effect=Effect.READS)
        async def get_status(args: GetStatus, call: Call) -> Status:  # pyright: ignore[reportUnusedFunction] because declaring it is what counts
            """Show keys, balance, plan, budgets and unsettled calls or posts, in one answer."""
            del args
            return await self._status(cast("Errand", call))

        @made.tool(effect=Effect.READS)
        async def find_tools(args: FindTools, call: Call) -> FoundTools:  # pyright: ignore[reportUnusedFunction] because declaring it is what counts
            """Find tools by what they do, also ones that are switched off."""
            del call
            return self._found(args.query)

        return made

    async def _status(self, errand: Errand) -> Status:
        on = {tool.toolset for tool in self._catalog.chosen(self.settings).values()}
        open_intents = await errand.engine.ledger.recent(limit=OPEN_SHOWN, only_open=True)
        return Status(
            apis=tuple([await api_status(family, errand) for family in self.families]),
            unsettled=tuple(_open(record) for record in open_intents),
            read_only=self.settings.read_only,
            toolsets_on=tuple(n for n in self._catalog.toolset_names if n in on),
            toolsets_off=tuple(n for n in self._catalog.toolset_names if n not in on),
        )

    def _found(self, query: str) -> FoundTools:
        on = self._catalog.chosen(self.settings)
        words = {_stem(word) for word in query.lower().replace("_", " ").split()}
        ranked = sorted(
            self._catalog.tools.values(),
            key=lambda tool: _likeness(tool, words, query),
            reverse=True,
        )
        likely = [tool for tool in ranked if _likeness(tool, words, query) > 0][:FOUND_SHOWN]
        return FoundTools(items=tuple(self._told(tool, tool.name in on) for tool in likely))

    def _told(self, tool: Tool, is_on: bool) -> FoundTool:  # noqa: FBT001 because it is a private pair
        how = None
        if not is_on:
            missing = tool.api.name in self.settings.access and (
                self.settings.keyed and tool.api.name not in self.settings.keyed
            )
            if self.settings.read_only and tool.writes:
                how = "The server is read-only (CALLPOST_READ_ONLY)."
            elif missing:
                how = f"Ask the person to set {tool.api.key_name} for this server."
            else:
                how = f"Ask the person to set CALLPOST_TOOLSETS=+{tool.toolset} for this server."
        return FoundTool(
            name=tool.name,
            toolset=tool.toolset,
            is_on=is_on,
            description=tool.description,
            switch_on=how,
        )

    @property
    def _catalog(self) -> Catalog:
        if self.catalog is None:
            raise TypeError("the catalogue is not complete")
        return self.catalog


async def api_status(family: Family, errand: Errand) -> ApiStatus:
    """How one API stands; its faults are part of the answer."""
    api, engine = family.api, errand.engine
    access, now = engine.access[api.name], engine.clock.now()
    if access.key is None:
        return ApiStatus(
            api=api.name,
            key="missing",
            next_step=f"Ask the person to set {api.key_name} for this server. {api.key_help}",
        )
    asking = Errand(engine, replace(errand.tool, api=api), turn=errand.turn)
    about: Mapping[str, Any] | None = None
    fault: Fault | None = None
    try:
        about = await family.probe(asking) if family.probe is not None else None
    except Fault as told:
        fault = told
    errand.clock_offset = asking.clock_offset  # for whoever asked, such as `doctor`
    limits = {
        name: engine.bounds.limit(api.name, name, limit) for name, limit in api.limits.items()
    }
    rooms = await engine.ledger.rooms(access.scope, limits, now)
    active: dict[str, str] = {}
    for slots in api.slots:
        ask = asking.slot_ask(slots.name)
        if ask is not None:
            used, limit = await engine.ledger.slots_used(access.scope, ask, now)
            active[slots.name] = f"{used} of {limit}"
    return ApiStatus(
        api=api.name,
        key="works" if fault is None else "refused" if fault.code == "unauthorized" else "untried",
        problem=fault.message if fault else None,
        next_step=fault.next_step if fault else None,
        about={k: v for k, v in about.items() if k != "key"} if about else None,
        budgets=tuple(
            Budget(
                limit=name,
                left=room.left,
                of=room.limit,
                window_s=room.window_s,
                next_free_s=round(max(0.0, room.next_free_s), 1),
            )
            for name, room in rooms.items()
        ),
        active=active or None,
    )


def _open(record: Record) -> OpenIntent:
    sent = datetime.fromtimestamp(record.changed_at, UTC).isoformat(timespec="seconds")
    return OpenIntent(
        tool=record.tool,
        idempotency_key=record.key,
        sent_at=sent.replace("+00:00", "Z"),
        occurrence=record.occurrence,
        next_step=f"Call {record.tool} again with the same arguments to settle it; or the person "
        "runs «callpost ledger settle».",
    )


def _stem(word: str) -> str:
    return word.removesuffix("ing").removesuffix("s")


def _likeness(tool: Tool, words: set[str], query: str) -> float:
    told = f"{tool.name} {tool.toolset} {tool.title} {tool.description}".lower().replace("_", " ")
    hits = sum(word in told for word in words)
    in_name = sum(word in tool.name for word in words)
    near = difflib.SequenceMatcher(None, query.lower(), tool.name).ratio()
    return hits + 2 * in_name + (near if near > 0.6 else 0)  # noqa: PLR2004 because below it is chance

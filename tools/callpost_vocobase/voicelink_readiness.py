"""Whether VoiceLink's numbers can call, and making one able to (tag VoiceLink management).

One operation is two tools: without importing it changes nothing, and stays available read-only.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from callpost.fields import Id, Text, unordered
from callpost.toolset import Call, Dedupe, Effect, Result, route
from callpost_vocobase.paging import Paged
from callpost_vocobase.texts import SocketUrl
from callpost_vocobase.voicelink_records import (
    Connected,
    MaybeRecord,
    Record,
    VoicelinkId,
    sized,
    voicelink,
)
from callpost_vocobase.voicelink_routing import Did

__all__ = [
    "GetVoicelinkState",
    "MakeVoicelinkNumberReady",
    "Readiness",
    "ReadyNumber",
    "SyncVoicelink",
    "VoicelinkState",
    "get_voicelink_state",
    "make_voicelink_number_ready",
    "sync_voicelink",
]

Section = Literal[
    "readiness",
    "drift",
    "clients",
    "dids",
    "available_dids",
    "bots",
    "routing",
    "local_phone_numbers",
]
SECTIONS: tuple[str, ...] = get_args(Section)
ROWS_AFTER_SYNC = 20


class ActionItem(Result):
    """What a person has to do."""

    code: str | None = None
    label: str | None = None


class Readiness(Result):
    """What still blocks a number's calls."""

    key: str | None = None
    phone_number: str | None = None
    state: str | None = None
    issues: tuple[str, ...] = ()
    remote_did: MaybeRecord = None
    local_phone_number: MaybeRecord = None
    routing: MaybeRecord = None
    bot: MaybeRecord = None
    actions: tuple[str, ...] = ()
    action_items: tuple[ActionItem, ...] = ()


class _Synced(Result):
    unstored: ClassVar[frozenset[str]] = frozenset(SECTIONS)

    readiness: tuple[Readiness, ...] = ()
    drift: tuple[Record, ...] = ()
    clients: tuple[Record, ...] = ()
    dids: tuple[Record, ...] = ()
    available_dids: tuple[Record, ...] = ()
    bots: tuple[Record, ...] = ()
    routing: tuple[Record, ...] = ()
    local_phone_numbers: tuple[Record, ...] = ()


class VoicelinkState(_Synced):
    """How many there are of everything, and the rows asked for."""

    counts: dict[str, int] = {}  # noqa: RUF012 because pydantic copies it
    next_cursor: str | None = None


class GetVoicelinkState(Paged, Connected):
    """Which part of the state."""

    show: Annotated[
        tuple[Section, ...], unordered, Field(min_length=1, description="Lists to return")
    ] = ("readiness", "drift")


def _shown(synced: _Synced, show: tuple[str, ...], offset: int, limit: int) -> VoicelinkState:
    """The same stretch of every list asked for, as far as it fits into one answer."""
    whole: Mapping[str, Any] = {name: getattr(synced, name) for name in SECTIONS}
    longest = max(len(whole[name]) for name in show)
    asked = range(offset, min(offset + limit, longest))
    rows = [[_row_at(whole[name], at) for name in show] for at in asked]
    end = offset + len(sized(rows)) if rows else offset
    return VoicelinkState(
        counts={name: len(rows) for name, rows in whole.items()},
        next_cursor=str(end) if rows and end < longest else None,
        **{name: whole[name][offset:end] for name in show},
    )


def _row_at(rows: tuple[Any, ...], at: int) -> Any:
    """One row as JSON, or nothing past the end."""
    row = rows[at] if at < len(rows) else None
    return row.compact() if isinstance(row, Result) else row


def _body(args: Connected, *, import_dids: bool) -> dict[str, Any]:
    named = {"connection_id": args.connection_id} if args.connection_id else {}
    return {**named, "import_dids": import_dids}


@voicelink.tool(effect=Effect.READS, operations=("syncVoicelink",))
async def get_voicelink_state(args: GetVoicelinkState, call: Call) -> VoicelinkState:
    """Compare VoiceLink with the account's numbers: what blocks each number's calls, and drift.

    Changes nothing; sync_voicelink imports.
    """
    body = _body(args, import_dids=False)
    synced = await call.ask(route("/voicelink/sync"), body, into=_Synced)
    return _shown(synced, args.show, args.offset, args.limit)


class SyncVoicelink(Connected):
    """Which account to import from."""


@voicelink.tool(effect=Effect.CREATES, dedupe=Dedupe.INVOCATION, operations=("syncVoicelink",))
async def sync_voicelink(args: SyncVoicelink, call: Call) -> VoicelinkState:
    """Import VoiceLink's numbers into the account; nothing is deleted or bought."""
    # Repeatable: it converges (documented).
    body = _body(args, import_dids=True)
    synced = await call.post(route("/voicelink/sync"), body, into=_Synced, repeatable=True)
    return _shown(synced, ("readiness", "drift"), 0, ROWS_AFTER_SYNC)


class MakeVoicelinkNumberReady(Did):
    """Which number, and what it should use."""

    client_id: VoicelinkId | None = None
    agent_id: Id | None = None
    bot_name: Text | None = None
    websocket_url: SocketUrl | None = None

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return self.model_dump(mode="json", exclude_none=True)


class ReadyStep(Result):
    """One thing that was done."""

    step: str | None = None
    status: str | None = None
    detail: str | None = None
    data: MaybeRecord = None


class ReadyNumber(Result):
    """Whether the number can call now, and what was done."""

    unstored: ClassVar[frozenset[str]] = frozenset(
        {"phone_number", "key", "steps", "readiness_before", "readiness"}
    )
    upstream_id_field: ClassVar[str] = "none"

    phone_number: str | None = None
    key: str | None = None
    ready: bool | None = None
    steps: tuple[ReadyStep, ...] = ()
    readiness_before: Readiness | None = None
    readiness: Readiness | None = None


@voicelink.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("makeDidCallReady",))
async def make_voicelink_number_ready(args: MakeVoicelinkNumberReady, call: Call) -> ReadyNumber:
    """Set up a VoiceLink number for outbound calls: import, bot and routing; agent if named.

    Keeps inbound routing; never buys, renews or maps anew.
    """
    # Repeatable: a converging workflow (documented).
    path = route("/voicelink/call-ready")
    return await call.post(path, args.body(), into=ReadyNumber, repeatable=True)

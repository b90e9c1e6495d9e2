"""VoiceLink: clients, numbers and bots, whose lists nest once more in `data.data`.

Routing, synchronising and making a number ready are in `voicelink_ready`.
"""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import Ask, Body, Operation, invalid, not_found, ok
from callpost_sandbox.vocobase.state import Record, State

__all__ = ["OPERATIONS", "Connected", "check_connection", "next_id", "page_of", "passed_on"]

Positive = Annotated[int, Field(ge=1)]
Switch = Literal[0, 1]
_PER_PAGE = 25
_MOST_BOTS = 1000


class Connected(Body):
    """A body that may name its connection, in either spelling."""

    connection_id: str | None = Field(
        None, validation_alias=AliasChoices("connection_id", "connectionId")
    )


class _ClientFields(Connected):
    phone: str | None = None
    is_active: Switch | None = None
    negative_threshold: float | None = None
    pulse_seconds: int | None = None
    inbound_rate: float | None = None
    outbound_rate: float | None = None
    plan_type: str | None = None


class _CreateClient(_ClientFields):
    first_name: str
    last_name: str
    username: str
    email: str
    password: str
    channel_count: Positive


class _UpdateClient(_ClientFields):
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    email: str | None = None
    password: str | None = None
    channel_count: Positive | None = None


class _MapDid(Connected):
    client_id: int
    did_id: int
    call_recording: Switch
    user_status: Literal[2, 4] | None = None
    user_expiry_date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    description: str | None = None
    client_auto_renew: Switch | None = None


class _CreateBot(Connected):
    bot_name: str
    client_id: Positive
    websocket_url: str | None = None
    webhook_url: str | None = None
    status: Switch = 1


class _ReplaceBot(Connected):
    bot_name: str
    websocket_url: str
    status: Switch
    webhook_url: str | None = None


def check_connection(state: State, connection_id: str | None) -> None:
    """Find the VoiceLink connection; it has to be named when there are several active ones."""
    active = [
        connection["id"]
        for connection in state.connections.values()
        if connection["provider"] == "voicelink" and connection["status"] == "ACTIVE"
    ]
    if connection_id is not None and connection_id not in active:
        raise invalid("connection_id: no active VoiceLink connection")
    if not active:
        raise invalid("VoiceLink is not configured")
    if connection_id is None and len(active) > 1:
        raise invalid("connection_id: several active VoiceLink connections exist")


def next_id(rows: dict[int, Record], first: int) -> int:
    """Return the next integer identifier."""
    return max(rows, default=first - 1) + 1


def passed_on(row: Any) -> Response:
    """Wrap one upstream body."""
    return ok({"status": "success", "data": row})


def page_of(ask: Ask, rows: list[Record]) -> Response:
    """Answer one page of a list that is filtered and connected already."""
    per_page = ask.number("per_page", least=1, most=_MOST_BOTS) or _PER_PAGE
    page = ask.number("page", least=1) or 1
    shown = rows[(page - 1) * per_page : page * per_page]
    head = {"status": "success", "total": len(rows), "page": page, "per_page": per_page}
    return ok({**head, "data": shown})


def _matching(ask: Ask, rows: list[Record]) -> list[Record]:
    check_connection(ask.state, ask.text("connection_id"))
    search = (ask.text("search") or "").lower()
    return [row for row in rows if any(search in str(value).lower() for value in row.values())]


def _filtered(rows: list[Record], **wanted: Any) -> list[Record]:
    asked = {name: value for name, value in wanted.items() if value is not None}
    return [row for row in rows if all(row.get(name) == value for name, value in asked.items())]


async def _list_clients(ask: Ask) -> Response:
    rows = _matching(ask, list(ask.state.voicelink_clients.values()))
    return page_of(ask, _filtered(rows, is_active=ask.number("status")))


async def _create_client(ask: Ask) -> Response:
    body = await ask.body(_CreateClient)
    check_connection(ask.state, body.connection_id)
    own_id = next_id(ask.state.voicelink_clients, 101)
    row: Record = {"id": own_id, "is_active": 1, **_fields(body)}
    ask.state.voicelink_clients[own_id] = row
    ask.state.journal.did("voicelink_client", str(own_id))
    return passed_on(row)


async def _update_client(ask: Ask) -> Response:
    row = ask.state.voicelink_clients.get(ask.number_in_path("client_id"))
    body = await ask.body(_UpdateClient)
    check_connection(ask.state, body.connection_id)
    if row is None:
        raise not_found("VoiceLink client")
    row.update(_fields(body))
    return passed_on(row)


def _fields(body: Connected) -> Record:
    hidden = {"password", "connection_id"}
    return body.model_dump(exclude=hidden, exclude_none=True)


async def _purchased(ask: Ask) -> Response:
    rows = _matching(ask, list(ask.state.voicelink_dids.values()))
    rows = [row for row in rows if row["client_id"] is not None]
    ask.number("did_type")
    client_id = ask.number("client_id", least=1)
    return page_of(ask, _filtered(rows, status=ask.text("status"), client_id=client_id))


async def _available(ask: Ask) -> Response:
    rows = _matching(ask, list(ask.state.voicelink_dids.values()))
    return page_of(ask, [row for row in rows if row["client_id"] is None])


async def _map_did(ask: Ask) -> Response:
    body = await ask.body(_MapDid)
    state = ask.state
    check_connection(state, body.connection_id)
    did = state.voicelink_dids.get(body.did_id)
    # 404 is not among the documented answers of this operation.
    if did is None or body.client_id not in state.voicelink_clients:
        raise invalid("did_id or client_id: unknown")
    did |= {"client_id": body.client_id, "status": "assigned"}
    did["call_recording"] = body.call_recording
    state.journal.did("voicelink_map", str(body.did_id))
    return passed_on(did)


async def _list_bots(ask: Ask) -> Response:
    rows = _matching(ask, list(ask.state.voicelink_bots.values()))
    status = ask.number("status", most=1)
    ask.number("reseller_id", least=1)
    client_id = ask.number("client_id", least=1)
    return page_of(ask, _filtered(rows, status=status, client_id=client_id))


async def _create_bot(ask: Ask) -> Response:
    body = await ask.body(_CreateBot)
    state = ask.state
    check_connection(state, body.connection_id)
    own_id = next_id(state.voicelink_bots, 301)
    row: Record = {"id": own_id, **body.model_dump(exclude={"connection_id"})}
    row["websocket_url"] = body.websocket_url or "wss://bots.vocobase.example/ws"
    state.voicelink_bots[own_id] = row
    state.journal.did("voicelink_bot", str(own_id))
    return passed_on(row)


async def _replace_bot(ask: Ask) -> Response:
    state = ask.state
    bot_id = ask.number_in_path("bot_id")
    body = await ask.body(_ReplaceBot)
    check_connection(state, body.connection_id)
    row = state.voicelink_bots.get(bot_id)
    if row is None:
        raise not_found("VoiceLink bot")
    kept = {"id": bot_id, "client_id": row["client_id"]}
    state.voicelink_bots[bot_id] = {**kept, **body.model_dump(exclude={"connection_id"})}
    return passed_on(state.voicelink_bots[bot_id])


OPERATIONS = (
    Operation("GET", "/voicelink/clients", _list_clients),
    Operation("POST", "/voicelink/clients", _create_client),
    Operation("POST", "/voicelink/clients/{client_id}", _update_client),
    Operation("GET", "/voicelink/dids/purchased", _purchased),
    Operation("GET", "/voicelink/dids/available", _available),
    Operation("POST", "/voicelink/dids/map", _map_did),
    Operation("GET", "/voicelink/bots", _list_bots),
    Operation("POST", "/voicelink/bots", _create_bot),
    Operation("POST", "/voicelink/bots/{bot_id}", _replace_bot),
)

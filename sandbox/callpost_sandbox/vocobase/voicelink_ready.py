"""VoiceLink: routing, synchronising, and the workflow that makes a number ready for calls."""

from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import Ask, Operation, invalid, not_found, ok
from callpost_sandbox.vocobase.calls import agent_of
from callpost_sandbox.vocobase.state import Record, State
from callpost_sandbox.vocobase.voicelink import (
    Connected,
    check_connection,
    next_id,
    page_of,
    passed_on,
)

__all__ = ["OPERATIONS"]

Mode = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Switch = Literal[0, 1]
_BOT_MODE = 3


class _Targets(Connected):
    for_inbound_call: Mode
    for_outbound_call: Mode
    inbound_websocket_bot_id: Positive | None = None
    inbound_sip_trunk_id: Positive | None = None
    outbound_websocket_bot_id: Positive | None = None
    outbound_sip_trunk_id: Positive | None = None


class _CreateRouting(_Targets):
    status: Switch = 1
    did_id: Positive | None = None
    did_number: str | None = None


class _ReplaceRouting(_Targets):
    status: Switch


class _Sync(Connected):
    import_dids: bool = True


class _Ready(Connected):
    did_id: int | None = None
    did_number: str | None = None
    client_id: Positive | None = None
    agent_id: str | None = None
    bot_name: str | None = None
    websocket_url: str | None = None


async def _list(ask: Ask) -> Response:
    check_connection(ask.state, ask.text("connection_id"))
    return page_of(ask, list(ask.state.voicelink_routing.values()))


async def _create(ask: Ask) -> Response:
    body = await ask.body(_CreateRouting)
    state = ask.state
    check_connection(state, body.connection_id)
    did = _did(state, body.did_id, body.did_number)
    if _routing_of(state, did) is not None:
        raise invalid("did_id: this number has routing already")
    own_id = next_id(state.voicelink_routing, 701)
    fields = body.model_dump(exclude={"connection_id", "did_id", "did_number"})
    names = {"did_id": did["did_id"], "did_number": did["did_number"]}
    state.voicelink_routing[own_id] = {"id": own_id, **names, **fields}
    state.journal.did("voicelink_routing", str(own_id))
    return passed_on(state.voicelink_routing[own_id])


async def _replace(ask: Ask) -> Response:
    state = ask.state
    own_id = ask.number_in_path("routing_id")
    body = await ask.body(_ReplaceRouting)
    check_connection(state, body.connection_id)
    row = state.voicelink_routing.get(own_id)
    if row is None:
        raise not_found("VoiceLink routing")
    kept = {name: row[name] for name in ("id", "did_id", "did_number")}
    state.voicelink_routing[own_id] = {**kept, **body.model_dump(exclude={"connection_id"})}
    return passed_on(state.voicelink_routing[own_id])


async def _sync(ask: Ask) -> Response:
    body = await ask.body(_Sync, required=False)
    state = ask.state
    check_connection(state, body.connection_id)
    bought = [did for did in state.voicelink_dids.values() if did["client_id"] is not None]
    if body.import_dids:
        for did in bought:
            _import(state, did)
    free = [did for did in state.voicelink_dids.values() if did["client_id"] is None]
    local = [row for row in state.phone_numbers.values() if row["provider"] == "VOICELINK"]
    return ok(
        {
            "clients": list(state.voicelink_clients.values()),
            "dids": [{**did, "raw": {}} for did in bought],
            "available_dids": free,
            "bots": list(state.voicelink_bots.values()),
            "routing": list(state.voicelink_routing.values()),
            "local_phone_numbers": local,
            "readiness": [_readiness(state, did) for did in bought],
            "drift": [],
        }
    )


async def _make_ready(ask: Ask) -> Response:
    body = await ask.body(_Ready)
    state = ask.state
    check_connection(state, body.connection_id)
    did = _did(state, body.did_id, body.did_number)
    agent = agent_of(state, body.agent_id) if body.agent_id else None
    before = _readiness(state, did)
    steps = [_step("resolve_did", did["did_number"])]
    number = _import(state, did)
    steps.append(_step("import_did", number["phone_number"]))
    if body.client_id is not None and did["client_id"] is None:
        did |= {"client_id": body.client_id, "status": "assigned"}
        steps.append(_step("map_did", str(body.client_id)))
    if agent is not None:
        number["agent"] = {"id": agent["id"], "name": agent["agent_name"]}
        steps.append(_step("bind_agent", agent["agent_name"]))
    bot = _ensure_bot(state, did, body)
    steps.append(_step("ensure_bot", bot["bot_name"]))
    _ensure_routing(state, did, bot)
    steps.append(_step("ensure_routing", "outbound"))
    after = _readiness(state, did)
    state.journal.did("voicelink_ready", did["did_number"])
    return ok(
        {
            "phone_number": did["did_number"],
            "key": after["key"],
            "ready": not after["issues"],
            "steps": steps,
            "readiness_before": before,
            "readiness": after,
        }
    )


def _step(name: str, detail: str) -> dict[str, Any]:
    return {"step": name, "status": "done", "detail": detail, "data": {}}


def _did(state: State, did_id: int | None, did_number: str | None) -> Record:
    if did_id is None and did_number is None:
        raise invalid("did_id or did_number: one is needed")
    for did in state.voicelink_dids.values():
        if did["did_id"] == did_id or (did_id is None and did["did_number"] == did_number):
            return did
    raise invalid("did_id: unknown number")


def _import(state: State, did: Record) -> Record:
    known = _local(state, did)
    if known is not None:
        return known
    number: Record = {
        "id": state.new_id(),
        "phone_number": did["did_number"],
        "provider": "VOICELINK",
        "friendly_name": None,
        "status": "ACTIVE",
        "is_default": False,
        "agent": None,
    }
    state.phone_numbers[number["id"]] = number
    return number


def _local(state: State, did: Record) -> Record | None:
    rows = state.phone_numbers.values()
    return next((row for row in rows if row["phone_number"] == did["did_number"]), None)


def _routing_of(state: State, did: Record) -> Record | None:
    rows = state.voicelink_routing.values()
    return next((row for row in rows if row["did_id"] == did["did_id"]), None)


def _bot_of(state: State, did: Record) -> Record | None:
    rows = state.voicelink_bots.values()
    return next((row for row in rows if row["status"] == 1 and _is_for(row, did)), None)


def _is_for(bot: Record, did: Record) -> bool:
    return did["client_id"] is not None and bot["client_id"] == did["client_id"]


def _ensure_bot(state: State, did: Record, body: _Ready) -> Record:
    known = _bot_of(state, did)
    if known is not None:
        return known
    own_id = next_id(state.voicelink_bots, 301)
    bot: Record = {
        "id": own_id,
        "bot_name": body.bot_name or "Sandbox bot",
        "client_id": did["client_id"],
        "websocket_url": body.websocket_url or "wss://bots.vocobase.example/ws",
        "webhook_url": None,
        "status": 1,
    }
    state.voicelink_bots[own_id] = bot
    return bot


def _ensure_routing(state: State, did: Record, bot: Record) -> None:
    row = _routing_of(state, did)
    if row is None:
        own_id = next_id(state.voicelink_routing, 701)
        names = {"did_id": did["did_id"], "did_number": did["did_number"]}
        row = {"id": own_id, **names, "for_inbound_call": 0}
        state.voicelink_routing[own_id] = row
    row |= {"for_outbound_call": _BOT_MODE, "outbound_websocket_bot_id": bot["id"], "status": 1}


def _readiness(state: State, did: Record) -> Record:
    """Name what still blocks outbound calls; codes beyond the captured ones are not invented."""
    local, routing, bot = _local(state, did), _routing_of(state, did), _bot_of(state, did)
    issues: list[str] = []
    if bot is None:
        issues.append("NO_BOT")
    if routing is None or routing["for_outbound_call"] != _BOT_MODE:
        issues.append("ROUTING_MISSING")
    if local is None or local["agent"] is None:
        issues.append("NO_VOCOBASE_AGENT")
    return {
        "key": did["did_number"].removeprefix("+"),
        "phone_number": did["did_number"],
        "state": issues[0] if issues else "READY",
        "issues": issues,
        "remote_did": did,
        "local_phone_number": local,
        "routing": routing,
        "bot": bot,
        "actions": ["call-ready"] if issues else [],
        "action_items": [{"code": issue, "label": issue.replace("_", " ")} for issue in issues],
    }


OPERATIONS = (
    Operation("GET", "/voicelink/call-routing", _list),
    Operation("POST", "/voicelink/call-routing", _create),
    Operation("POST", "/voicelink/call-routing/{routing_id}", _replace),
    Operation("POST", "/voicelink/sync", _sync),
    Operation("POST", "/voicelink/call-ready", _make_ready),
)

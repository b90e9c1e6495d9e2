"""Calls (vocobase.md section 4): list, start, details, recording, extraction, concurrency.

Nothing here de-duplicates: the same start twice rings twice, as the contract says.
"""

from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import (
    ApiError,
    Ask,
    Body,
    Operation,
    forbidden,
    invalid,
    limited,
    not_found,
    ok,
)
from callpost_sandbox.vocobase.events import call_details, call_summary, recording_url
from callpost_sandbox.vocobase.extraction import found_values
from callpost_sandbox.vocobase.lives import STATUSES, Call, Script
from callpost_sandbox.vocobase.state import Record, State

__all__ = ["OPERATIONS", "agent_of", "check_account", "texts"]

_E164 = r"^\+[1-9][0-9]{6,14}$"
_PREFERS_BOUND_NUMBER = ("plivo", "vobiz", "tata_smartflo", "sip", "voicelink")
Provider = Literal[
    "mcube", "twilio", "exotel", "plivo", "vobiz", "sip", "voicelink", "tata_smartflo"
]


class _StartCall(Body):
    agent_id: str
    to_number: Annotated[str, Field(pattern=_E164)]
    provider: Provider = "mcube"
    connection_id: str | None = None
    variables: dict[str, Any] = Field(default_factory=dict)


class _Extract(Body):
    dry_run: bool = False


def agent_of(state: State, agent_id: str) -> Record:
    """Return a living agent, or 404."""
    agent = state.agents.get(agent_id)
    if agent is None:
        raise not_found("Agent")
    return agent


def check_account(state: State) -> None:
    """Refuse what costs money: one code, and only the message tells the causes apart."""
    if state.account_status != "active":
        raise forbidden(f"Account is {state.account_status}")
    if state.balance <= 0:
        raise forbidden("Insufficient balance")


def texts(variables: dict[str, Any]) -> dict[str, str]:
    """Turn values into strings (schema Variables)."""
    return {
        name: value if isinstance(value, str) else str(value) for name, value in variables.items()
    }


async def _list(ask: Ask) -> Response:
    state, now = ask.state, ask.state.clock.now()
    wanted = ask.text("status")
    if wanted is not None and wanted.lower() not in STATUSES:
        raise invalid("status: unknown state")
    rows = [
        call
        for call in state.calls.values()
        if now >= call.created_at + state.settings.list_lag_s
        and (wanted is None or call.status_at(now) == wanted.lower())
    ]
    if state.settings.list_order == "newest":
        rows.reverse()
    return ask.paged("calls", rows, lambda call: call_summary(call, now))


async def _concurrency(ask: Ask) -> Response:
    limit, active = ask.state.settings.active_calls, ask.state.active_calls()
    return ok(
        {
            "limit": limit,
            "limit_source": "partner",
            "active": active,
            "remaining": max(0, limit - active),
            "statuses_counted": ["PENDING", "RINGING", "IN_PROGRESS"],
        }
    )


async def _start(ask: Ask) -> Response:
    body = await ask.body(_StartCall)
    state = ask.state
    agent = agent_of(state, body.agent_id)
    connection = _connection(state, body)
    check_account(state)
    if state.active_calls() >= state.settings.active_calls:
        raise limited("Concurrent call limit reached")
    if body.to_number.endswith("08"):
        raise ApiError(502, "Carrier failed to place the call")
    call = Call(
        call_id=state.new_id(),
        session_id=state.new_id(),
        agent=dict(agent),
        to_number=body.to_number,
        from_number=_caller_id(state, body, connection),
        provider=body.provider,
        variables=texts(body.variables),
        created_at=state.clock.now(),
        created_wall=state.clock.wall(),
        speed=state.clock.speed,
        script=Script.of(body.to_number, agent["max_call_duration_secs"]),
        origin=ask.origin,
    )
    state.keep_call(call)
    return ok(
        {
            "call_id": call.call_id,
            "session_id": call.session_id,
            "status": "pending",
            "provider": call.provider,
            "from_number": call.from_number,
            "to_number": call.to_number,
            "agent_id": call.agent_id,
        }
    )


def _connection(state: State, body: _StartCall) -> Record:
    """Find the credentials (section 8): allowed, stored, and not ambiguous."""
    allowed = [provider.lower() for provider in state.allowed_providers]
    if body.provider not in allowed:
        raise invalid(f"provider: {body.provider} is not allowed for this account")
    active = [
        connection
        for connection in state.connections.values()
        if connection["provider"] == body.provider and connection["status"] == "ACTIVE"
    ]
    if body.connection_id is not None:
        active = [connection for connection in active if connection["id"] == body.connection_id]
        if not active:
            raise invalid("connection_id: no active connection of this provider")
    if not active:
        raise invalid(f"provider: {body.provider} is not configured")
    if len(active) > 1:
        raise invalid("connection_id: several active connections exist for this provider")
    return active[0]


def _caller_id(state: State, body: _StartCall, connection: Record) -> str:
    if body.provider in _PREFERS_BOUND_NUMBER:
        for number in state.phone_numbers.values():
            bound = number["agent"] is not None and number["agent"]["id"] == body.agent_id
            if bound and number["status"] == "ACTIVE":
                return number["phone_number"]
    return connection["caller_id"]


def _call(ask: Ask) -> Call:
    call = ask.state.calls.get(ask.path("id"))
    if call is None:
        raise not_found("Call")
    return call


async def _get(ask: Ask) -> Response:
    return ok(call_details(_call(ask), ask.state.clock.now(), ask.origin))


async def _recording(ask: Ask) -> Response:
    call = _call(ask)
    url = recording_url(call, ask.state.clock.now(), ask.origin) if call.finished else None
    if url is None:
        raise not_found("Recording")
    return ok({"recording_url": url})


async def _extract(ask: Ask) -> Response:
    call = _call(ask)
    body = await ask.body(_Extract, required=False)
    agent = ask.state.agents.get(call.agent_id, call.agent)
    config = agent.get("extraction_config")
    if config is None:
        raise invalid("The agent has no extraction_config")
    values = found_values(config, call)
    if not body.dry_run:
        call.extraction = {"status": "success", "values": values}
        ask.state.journal.did("extraction", call.call_id)
    result = {
        "model": "sandbox",
        "extractedAt": ask.state.stamp(),
        "latencyMs": 12,
        "attempts": 1,
        "values": values,
        "error": None,
    }
    return ok(
        {
            "call_id": call.call_id,
            "session_id": call.session_id,
            "dry_run": body.dry_run,
            "extraction": result,
        }
    )


OPERATIONS = (
    Operation("GET", "/calls", _list),
    Operation("GET", "/calls/concurrency", _concurrency),
    Operation("POST", "/calls/start", _start),
    Operation("GET", "/calls/{id}", _get),
    Operation("GET", "/calls/{id}/recording-url", _recording),
    Operation("POST", "/calls/{id}/extract", _extract),
)

"""Carriers: credentials, named connections and phone numbers (vocobase.md section 8)."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import Ask, Body, Operation, forbidden, invalid, not_found, ok
from callpost_sandbox.vocobase.calls import agent_of
from callpost_sandbox.vocobase.state import Record, State

__all__ = ["OPERATIONS", "new_connection"]

E164 = Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]
ExeNumber = Annotated[str, Field(pattern=r"^\+?\d{4,15}$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
Provider = Literal[
    "twilio", "exotel", "plivo", "vobiz", "tata_smartflo", "sip", "voicelink", "mcube"
]
_PROVIDERS = ("twilio", "exotel", "plivo", "vobiz", "tata_smartflo", "sip", "voicelink", "mcube")
_SHOWN = 4
# Only for these two does the contract say "required for".
_NEEDED = {
    "tata_smartflo": ("tata_email", "tata_password"),
    "mcube": ("jwt_token", "exe_number"),
}


class _Exotel(Body):
    account_sid: str
    api_key: str
    api_token: str
    subdomain: str
    caller_id: str
    applet_id: str


class _Tata(Body):
    email: Email
    password: str
    from_number: E164
    base_url: str = "https://api-smartflo.tatateleservices.com"
    agent_number: str | None = None


class _Plivo(Body):
    auth_id: str
    auth_token: str
    from_number: str


class _Twilio(Body):
    account_sid: str | None = None
    auth_token: str | None = None
    from_number: str | None = None


class _Mcube(Body):
    jwt_token: str | None = None
    exe_number: ExeNumber | None = None


class _Voicelink(Body):
    username: str | None = None
    password: str | None = None
    did_number: E164 | None = None
    base_url: str | None = None


class _Connection(Body):
    provider: Provider
    name: Annotated[str, Field(min_length=1, max_length=100)]
    account_sid: str | None = None
    auth_id: str | None = None
    auth_token: str | None = None
    api_key: str | None = None
    subdomain: str | None = None
    caller_id: str | None = None
    from_number: E164 | None = None
    sip_host: str | None = None
    outbound_username: str | None = None
    outbound_password: str | None = None
    source_ips: list[str] | None = None
    did_number: E164 | None = None
    transport: Literal["UDP", "TCP", "TLS"] | None = None
    username: str | None = None
    password: str | None = None
    base_url: str | None = None
    tata_email: Email | None = None
    tata_password: str | None = None
    agent_number: str | None = None
    jwt_token: str | None = None
    exe_number: ExeNumber | None = None


class _PhoneNumber(Body):
    nullable = frozenset({"agent_id", "friendly_name"})

    agent_id: str | None = None
    friendly_name: Annotated[str, Field(max_length=200)] | None = None
    status: Literal["ACTIVE", "INACTIVE"] | None = None


def new_connection(
    state: State, provider: str, name: str, caller_id: str, *, is_default: bool, own_id: str
) -> Record:
    """Store a connection and the number it calls from."""
    number: Record = {
        "id": state.new_id(),
        "phone_number": caller_id,
        "friendly_name": None,
        "status": "ACTIVE",
    }
    connection: Record = {
        "id": own_id,
        "connection_id": own_id,
        "provider": provider,
        "provider_key": provider.upper(),
        "name": name,
        "status": "ACTIVE",
        "is_default": is_default,
        "phone_numbers": [number] if caller_id else [],
        "caller_id": caller_id,
    }
    state.connections[own_id] = connection
    return connection


async def _set_exotel(ask: Ask) -> Response:
    body = await ask.body(_Exotel)
    _overwrite(ask.state, "exotel", body.caller_id)
    return ok(
        {
            "account_sid": _masked(body.account_sid),
            "subdomain": body.subdomain,
            "caller_id": body.caller_id,
            "applet_id": body.applet_id,
            "message": "Exotel credentials saved",
        }
    )


async def _set_tata(ask: Ask) -> Response:
    body = await ask.body(_Tata)
    if "tata_smartflo" not in ask.state.allowed_providers:
        raise forbidden("tata_smartflo is not allowed for this account")
    _overwrite(ask.state, "tata_smartflo", body.from_number)
    shown = body.model_dump(exclude={"password"})
    return ok({**shown, "message": "Tata Smartflo credentials saved"})


async def _set_plivo(ask: Ask) -> Response:
    return await _set_plivo_like(ask, "plivo")


async def _set_vobiz(ask: Ask) -> Response:
    return await _set_plivo_like(ask, "vobiz")


async def _set_plivo_like(ask: Ask, provider: str) -> Response:
    body = await ask.body(_Plivo)
    _overwrite(ask.state, provider, body.from_number)
    shown = {"auth_id": _masked(body.auth_id), "from_number": body.from_number}
    return ok({**shown, "message": f"{provider} credentials saved"})


async def _set_twilio(ask: Ask) -> Response:
    body = await ask.body(_Twilio)
    _overwrite(ask.state, "twilio", body.from_number)
    return ok({"from_number": body.from_number, "message": "twilio credentials saved"})


async def _set_mcube(ask: Ask) -> Response:
    body = await ask.body(_Mcube)
    _overwrite(ask.state, "mcube", body.exe_number)
    return ok({"exe_number": body.exe_number, "message": "mcube credentials saved"})


async def _set_voicelink(ask: Ask) -> Response:
    body = await ask.body(_Voicelink)
    _overwrite(ask.state, "voicelink", body.did_number)
    return ok({"did_number": body.did_number, "message": "voicelink credentials saved"})


def _overwrite(state: State, provider: str, caller_id: str | None) -> None:
    """These routes write the carrier's default connection."""
    for connection in state.connections.values():
        if connection["provider"] == provider and connection["is_default"]:
            connection["caller_id"] = caller_id or connection["caller_id"]
            break
    else:
        own_id = state.new_id()
        new_connection(state, provider, "default", caller_id or "", is_default=True, own_id=own_id)
    state.journal.did("telephony", provider)


async def _list_connections(ask: Ask) -> Response:
    wanted = ask.text("provider")
    if wanted is not None and wanted not in _PROVIDERS:
        raise invalid("provider: unknown carrier")
    rows = [
        _connection_view(connection)
        for connection in ask.state.connections.values()
        if wanted in (None, connection["provider"])
    ]
    return ok({"connections": rows})


async def _create_connection(ask: Ask) -> Response:
    body = await ask.body(_Connection)
    state = ask.state
    given = body.model_dump(exclude_none=True)
    missing = [name for name in _NEEDED.get(body.provider, ()) if name not in given]
    if missing:
        raise invalid("; ".join(f"{name}: required for {body.provider}" for name in missing))
    sources = (body.from_number, body.caller_id, body.did_number, body.exe_number)
    caller_id = next((number for number in sources if number), "")
    first = all(one["provider"] != body.provider for one in state.connections.values())
    own_id = state.new_id()
    connection = new_connection(
        state, body.provider, body.name, caller_id, is_default=first, own_id=own_id
    )
    state.journal.did("connection", own_id)
    return ok({"connection": _connection_view(connection)}, 201)


def _connection_view(connection: Record) -> Record:
    return {name: value for name, value in connection.items() if name != "caller_id"}


async def _list_numbers(ask: Ask) -> Response:
    return ok({"phone_numbers": list(ask.state.phone_numbers.values())})


async def _update_number(ask: Ask) -> Response:
    number = ask.state.phone_numbers.get(ask.path("id"))
    if number is None:
        raise not_found("Phone number")
    given = (await ask.body(_PhoneNumber)).given()
    if "agent_id" in given:
        agent_id = given.pop("agent_id")
        agent = agent_of(ask.state, agent_id) if agent_id else None
        bound = {"id": agent["id"], "name": agent["agent_name"]} if agent else None
        number["agent"] = bound
    number.update(given)
    ask.state.journal.did("phone_number", number["id"])
    return ok(number)


def _masked(secret: str) -> str:
    return "****" + secret[-_SHOWN:]


OPERATIONS = (
    Operation("PUT", "/config/telephony/exotel", _set_exotel),
    Operation("PUT", "/config/telephony/tata-smartflo", _set_tata),
    Operation("PUT", "/config/telephony/plivo", _set_plivo),
    Operation("PUT", "/config/telephony/vobiz", _set_vobiz),
    Operation("PUT", "/config/telephony/twilio", _set_twilio),
    Operation("PUT", "/config/telephony/mcube", _set_mcube),
    Operation("PUT", "/config/telephony/voicelink", _set_voicelink),
    Operation("GET", "/telephony/connections", _list_connections),
    Operation("POST", "/telephony/connections", _create_connection),
    Operation("GET", "/phone-numbers", _list_numbers),
    Operation("PUT", "/phone-numbers/{id}", _update_number),
)

"""Carrier accounts: named connections and the default one of each carrier (contract section 8)."""

from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import Field, model_validator

from callpost.fields import Text, unordered
from callpost.toolset import Call, Dedupe, Effect, Result, Sent, route
from callpost_vocobase.api import FAMILY
from callpost_vocobase.carriers import Carrier
from callpost_vocobase.credential import fingerprints, secrets_of, unsaid, without
from callpost_vocobase.listing import Listed, Short, Whole, slice_of
from callpost_vocobase.paging import Paged
from callpost_vocobase.settling import Identified
from callpost_vocobase.telephony_fields import (
    CONNECTIONS,
    DEFAULTS,
    CarrierFields,
    Transport,
    problem_with,
)

__all__ = [
    "Connection",
    "Connections",
    "CreateTelephonyConnection",
    "CredentialsSet",
    "ListTelephonyConnections",
    "NewConnection",
    "SetTelephonyCredentials",
    "create_telephony_connection",
    "list_telephony_connections",
    "set_telephony_credentials",
    "telephony",
]

telephony = FAMILY.toolset("telephony", title="Telephony")


class ListTelephonyConnections(Paged):
    """Whose connections."""

    provider: Carrier | None = None


class ConnectionNumber(Result):
    """A number that comes with a connection."""

    id: str | None = None
    phone_number: str | None = None
    friendly_name: Short | None = None
    status: str | None = None


class Connection(Result):
    """An account with a carrier."""

    unstored: ClassVar[frozenset[str]] = frozenset({"phone_numbers"})
    upstream_id_field: ClassVar[str] = "connection_id"

    connection_id: str | None = None
    provider: str | None = None
    provider_key: str | None = None
    name: str | None = None
    status: str | None = None
    is_default: bool | None = None
    phone_numbers: tuple[ConnectionNumber, ...] = ()
    note: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        """Out of its `connection` wrapper; `id` has the same value (TelephonyConnection)."""
        if not isinstance(data, dict):
            return data
        told = cast("dict[str, Any]", data)
        inner = told.get("connection")
        told = cast("dict[str, Any]", inner) if isinstance(inner, dict) else told
        return {"connection_id": told.get("id"), **told} if "id" in told else told


class NewConnection(Identified, Connection):
    """An account just stored."""


class Connections(Listed):
    """A part of the connections."""

    items: tuple[Connection, ...] = ()


class _Connections(Whole):
    connections: tuple[Connection, ...] = ()


@telephony.tool(effect=Effect.READS, operations=("listTelephonyConnections",))
async def list_telephony_connections(args: ListTelephonyConnections, call: Call) -> Connections:
    """List carrier accounts; start_call needs a connection_id where a carrier has several."""
    query = {"provider": args.provider}
    found = await call.get(route("/telephony/connections"), into=_Connections, query=query)
    items, rest = slice_of(found.connections, args)
    return Connections(items=items, total=len(found.connections), next_cursor=rest)


class CreateTelephonyConnection(CarrierFields):
    """An account with a carrier, under a name."""

    provider: Carrier
    name: Annotated[Text, Field(min_length=1, max_length=100)]
    sip_host: Text | None = None
    source_ips: Annotated[tuple[Text, ...], unordered] | None = None
    transport: Transport | None = None

    @model_validator(mode="after")
    def _fits_the_carrier(self) -> Self:
        problem = problem_with(self, self.provider, CONNECTIONS[self.provider])
        if problem:
            raise ValueError(problem)
        return self

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        fields = CONNECTIONS[self.provider].body(self)
        return {"provider": self.provider, "name": self.name, **fields}


async def _credentials(args: CarrierFields, call: Call) -> dict[str, str]:
    del call
    return fingerprints(secrets_of(args))


@telephony.tool(
    effect=Effect.CREATES,
    dedupe=Dedupe.CONTENT,
    key_material=_credentials,  # secrets are stars among the arguments; a corrected one is new
    operations=("createTelephonyConnection",),
)
async def create_telephony_connection(args: CreateTelephonyConnection, call: Call) -> NewConnection:
    """Store a further account with a carrier under a name.

    Then every start_call over that carrier has to name its connection_id.
    """

    async def settle(sent: Sent) -> NewConnection | None:
        del sent  # a connection does not say when it was made
        query = {"provider": args.provider}
        found = await call.get(route("/telephony/connections"), into=_Connections, query=query)
        named = [c for c in found.connections if c.connection_id and c.name == args.name]
        known = await call.claimed(c.connection_id for c in named if c.connection_id)
        new = [c for c in named if c.connection_id not in known]
        told = "Found by its name. If one of that name existed before, its credentials are the old."
        return NewConnection.model_validate(new[0].compact() | {"note": told}) if new else None

    secrets = secrets_of(args)
    with unsaid(secrets):
        made = await call.post(
            route("/telephony/connections"), args.body(), into=NewConnection, settle=settle
        )
    return without(made, secrets)


class SetTelephonyCredentials(CarrierFields):
    """The default account with a carrier."""

    provider: Annotated[
        Literal["exotel", "tata_smartflo", "plivo", "vobiz", "twilio", "mcube", "voicelink"],
        Field(
            description="exotel: account_sid, api_key, api_token, subdomain, caller_id, applet_id. "
            "plivo, vobiz: auth_id, auth_token, from_number. twilio: account_sid, auth_token, "
            "from_number. mcube: jwt_token, exe_number. tata_smartflo: email, password, "
            "from_number. voicelink: username, password, did_number."
        ),
    ]

    @model_validator(mode="after")
    def _fits_the_carrier(self) -> Self:
        problem = problem_with(self, self.provider, DEFAULTS[self.provider])
        if problem:
            raise ValueError(problem)
        return self

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return DEFAULTS[self.provider].body(self)


class CredentialsSet(Result):
    """What the carrier's default account is now; identifiers come masked."""

    # All that the API says: its text may repeat a credential, and is kept before it is looked at.
    unstored: ClassVar[frozenset[str]] = frozenset(
        {
            "account_sid",
            "auth_id",
            "email",
            "subdomain",
            "applet_id",
            "caller_id",
            "from_number",
            "exe_number",
            "did_number",
            "agent_number",
            "base_url",
            "message",
        }
    )
    upstream_id_field: ClassVar[str] = "provider"

    provider: str | None = None
    account_sid: str | None = None
    auth_id: str | None = None
    email: str | None = None
    subdomain: str | None = None
    applet_id: str | None = None
    caller_id: str | None = None
    from_number: str | None = None
    exe_number: str | None = None
    did_number: str | None = None
    agent_number: str | None = None
    base_url: str | None = None
    message: str | None = None


@telephony.tool(
    effect=Effect.UPDATES,
    dedupe=Dedupe.INVOCATION,
    key_material=_credentials,
    operations=(
        "setExotel",
        "setMcube",
        "setPlivo",
        "setTataSmartflo",
        "setTwilio",
        "setVobiz",
        "setVoicelink",
    ),
)
async def set_telephony_credentials(args: SetTelephonyCredentials, call: Call) -> CredentialsSet:
    """Overwrite the account's default credentials for a carrier; the former are lost.

    Unconfirmed for twilio, mcube and voicelink: their fields are inferred.
    """
    secrets = secrets_of(args)
    path = route(f"/config/telephony/{DEFAULTS[args.provider].path}")
    with unsaid(secrets):
        answer = await call.put(path, args.body(), into=CredentialsSet)
    return without(answer.model_copy(update={"provider": args.provider}), secrets)

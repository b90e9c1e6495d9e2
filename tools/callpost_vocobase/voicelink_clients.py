"""VoiceLink clients: sub-accounts that numbers are mapped to (tag VoiceLink management)."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from callpost.fields import Text
from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_vocobase.credential import Secret, fingerprints, secrets_of, unsaid, without
from callpost_vocobase.texts import Email, Named
from callpost_vocobase.voicelink_records import (
    SETTLE_PAGE,
    Connected,
    Search,
    VoicelinkAnswer,
    VoicelinkId,
    VoicelinkTable,
    listed,
    looked_up,
    voicelink,
)

__all__ = [
    "CreateVoicelinkClient",
    "ListVoicelinkClients",
    "UpdateVoicelinkClient",
    "VoicelinkClient",
    "create_voicelink_client",
    "list_voicelink_clients",
    "update_voicelink_client",
]

Channels = Annotated[int, Field(ge=1)]


class VoicelinkClient(VoicelinkAnswer):
    """A client after a write."""

    kind: ClassVar[str] = "client"


class ListVoicelinkClients(Search):
    """Which clients."""

    status: int | None = None


@voicelink.tool(effect=Effect.READS, operations=("listVoicelinkClients",))
async def list_voicelink_clients(args: ListVoicelinkClients, call: Call) -> VoicelinkTable:
    """List VoiceLink clients, the sub-accounts that numbers belong to."""
    return await listed(call, route("/voicelink/clients"), args, status=args.status)


class _ClientFields(Connected):
    phone: Text | None = None
    is_active: bool | None = None
    negative_threshold: float | None = None
    pulse_seconds: int | None = None
    inbound_rate: float | None = None
    outbound_rate: float | None = None
    plan_type: Text | None = None

    def body(self) -> dict[str, Any]:
        """As the API names it; yes and no are 1 and 0."""
        body = self.model_dump(mode="python", exclude_none=True, exclude={"client_id"})
        return {name: _wire(value) for name, value in body.items()}


def _wire(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return int(value) if isinstance(value, bool) else value


class CreateVoicelinkClient(_ClientFields):
    """Who the client is."""

    first_name: Named
    last_name: Named
    username: Named
    email: Email
    password: Secret
    channel_count: Channels


class UpdateVoicelinkClient(_ClientFields):
    """What to change."""

    client_id: VoicelinkId
    first_name: Named | None = None
    last_name: Named | None = None
    username: Named | None = None
    email: Email | None = None
    password: Secret | None = None
    channel_count: Channels | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.body().keys() - {"connection_id"}:
            raise ValueError("name at least one field to change")
        return self


async def _password(args: _ClientFields, call: Call) -> dict[str, str]:
    del call
    return fingerprints(secrets_of(args))


@voicelink.tool(
    effect=Effect.CREATES,
    dedupe=Dedupe.CONTENT,
    key_material=_password,  # secrets are stars among the arguments; a corrected one is new
    operations=("createVoicelinkClient",),
)
async def create_voicelink_client(args: CreateVoicelinkClient, call: Call) -> VoicelinkClient:
    """Create a VoiceLink client. Whether VoiceLink charges for it is not documented."""

    async def settle(sent: Sent) -> VoicelinkClient | None:
        del sent  # the rows' shape is unknown, a time cannot be relied on
        return await looked_up(
            call,
            route("/voicelink/clients"),
            {"username": args.username},
            VoicelinkClient,
            connection_id=args.connection_id,
            search=args.username,
            per_page=SETTLE_PAGE,
        )

    secrets = secrets_of(args)
    with unsaid(secrets):
        made = await call.post(
            route("/voicelink/clients"), args.body(), into=VoicelinkClient, settle=settle
        )
    return without(made, secrets)


@voicelink.tool(
    effect=Effect.UPDATES,
    dedupe=Dedupe.INVOCATION,
    key_material=_password,
    operations=("updateVoicelinkClient",),
)
async def update_voicelink_client(args: UpdateVoicelinkClient, call: Call) -> VoicelinkClient:
    """Change a VoiceLink client. It may replace the whole record: send every field to keep."""
    # Repeatable: the same fields set twice are set once.
    secrets = secrets_of(args)
    path = route("/voicelink/clients/{}", str(args.client_id))
    with unsaid(secrets):
        made = await call.post(path, args.body(), into=VoicelinkClient, repeatable=True)
    return without(made, secrets)

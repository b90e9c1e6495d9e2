"""Where VoiceLink sends a number's calls: one record per number (tag VoiceLink management)."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_vocobase.paging import Paged
from callpost_vocobase.texts import Digits
from callpost_vocobase.voicelink_records import (
    Connected,
    VoicelinkAnswer,
    VoicelinkId,
    VoicelinkRows,
    VoicelinkTable,
    looked_up,
    part_of,
    switch,
    voicelink,
)

__all__ = [
    "CreateVoicelinkRouting",
    "Did",
    "ListVoicelinkRouting",
    "ReplaceVoicelinkRouting",
    "VoicelinkRouting",
    "create_voicelink_routing",
    "list_voicelink_routing",
    "replace_voicelink_routing",
]

Mode = Annotated[int, Field(ge=0)]


class VoicelinkRouting(VoicelinkAnswer):
    """Routing after a write."""

    kind: ClassVar[str] = "routing"


class ListVoicelinkRouting(Paged, Connected):
    """Whose routing."""


@voicelink.tool(effect=Effect.READS, operations=("listVoicelinkRouting",))
async def list_voicelink_routing(args: ListVoicelinkRouting, call: Call) -> VoicelinkTable:
    """List where VoiceLink sends each number's calls. Unconfirmed: path inferred."""
    query = {"connection_id": args.connection_id}
    found = await call.get(route("/voicelink/call-routing"), into=VoicelinkRows, query=query)
    return part_of(found, args)


class Did(Connected):
    """A number by VoiceLink's identifier, or by its digits."""

    did_id: VoicelinkId | None = None
    did_number: Digits | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.did_id is None and self.did_number is None:
            raise ValueError("name the number: did_id or did_number")
        return self


class _Targets(Connected):
    for_inbound_call: Annotated[Mode, Field(description="1 mobile, 2 SIP, 3 bot")]
    for_outbound_call: Annotated[Mode, Field(description="2 SIP, 3 bot, 4 answer only")]
    inbound_websocket_bot_id: VoicelinkId | None = None
    inbound_sip_trunk_id: VoicelinkId | None = None
    outbound_websocket_bot_id: VoicelinkId | None = None
    outbound_sip_trunk_id: VoicelinkId | None = None

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        hidden = {"routing_id", "is_active"}
        return self.model_dump(mode="json", exclude_none=True, exclude=hidden)


class CreateVoicelinkRouting(Did, _Targets):
    """Where the calls of a number go."""

    is_active: bool = True

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return super().body() | {"status": switch(self.is_active)}


@voicelink.tool(
    effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createVoicelinkRouting",)
)
async def create_voicelink_routing(args: CreateVoicelinkRouting, call: Call) -> VoicelinkRouting:
    """Create the routing of a VoiceLink number (one per number).

    For plain outbound calls use make_voicelink_number_ready instead.
    """

    async def settle(sent: Sent) -> VoicelinkRouting | None:
        del sent  # the rows' shape is unknown, a time cannot be relied on
        by_id = {"did_id": args.did_id} if args.did_id is not None else {}
        by_number = {"did_number": args.did_number} if args.did_number is not None else {}
        modes = {
            "for_inbound_call": args.for_inbound_call,
            "for_outbound_call": args.for_outbound_call,
        }
        return await looked_up(
            call,
            route("/voicelink/call-routing"),
            {**(by_id or by_number), **modes},
            VoicelinkRouting,
            connection_id=args.connection_id,
        )

    return await call.post(
        route("/voicelink/call-routing"), args.body(), into=VoicelinkRouting, settle=settle
    )


class ReplaceVoicelinkRouting(_Targets):
    """The whole new record."""

    routing_id: VoicelinkId
    is_active: bool

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return super().body() | {"status": switch(self.is_active)}


@voicelink.tool(
    effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updateVoicelinkRouting",)
)
async def replace_voicelink_routing(args: ReplaceVoicelinkRouting, call: Call) -> VoicelinkRouting:
    """Replace a number's whole routing: what is left out is lost, so list it first."""
    # Repeatable: a full replace.
    path = route("/voicelink/call-routing/{}", str(args.routing_id))
    return await call.post(path, args.body(), into=VoicelinkRouting, repeatable=True)

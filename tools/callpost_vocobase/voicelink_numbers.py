"""VoiceLink's numbers and which client each belongs to (tag VoiceLink management)."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from callpost.errors import FieldProblem, InvalidArguments
from callpost.fields import Text
from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_vocobase.voicelink_records import (
    SETTLE_PAGE,
    Connected,
    Search,
    VoicelinkAnswer,
    VoicelinkId,
    VoicelinkRows,
    VoicelinkTable,
    listed,
    looked_up,
    part_of,
    switch,
    voicelink,
)

__all__ = [
    "ListVoicelinkNumbers",
    "MapVoicelinkNumber",
    "VoicelinkNumber",
    "list_voicelink_numbers",
    "map_voicelink_number",
]


class VoicelinkNumber(VoicelinkAnswer):
    """A number after it was mapped."""

    kind: ClassVar[str] = "did"


class ListVoicelinkNumbers(Search):
    """Which numbers."""

    which: Literal["purchased", "available"] = "purchased"
    status: Text | None = None
    did_type: int | None = None
    client_id: VoicelinkId | None = None


@voicelink.tool(effect=Effect.READS, operations=("listPurchasedDids", "listAvailableDids"))
async def list_voicelink_numbers(args: ListVoicelinkNumbers, call: Call) -> VoicelinkTable:
    """List VoiceLink numbers of the account; the filters are for purchased ones only."""
    if args.which == "purchased":
        return await listed(
            call,
            route("/voicelink/dids/purchased"),
            args,
            status=args.status,
            did_type=args.did_type,
            client_id=args.client_id,
        )
    filters = ("search", "status", "did_type", "client_id")
    foreign = [name for name in filters if getattr(args, name) is not None]
    if foreign:
        raise InvalidArguments(
            "Available numbers cannot be filtered. Nothing was sent.",
            fields=tuple(FieldProblem(name, "is for purchased numbers only") for name in foreign),
        )
    query = {"connection_id": args.connection_id}
    path = route("/voicelink/dids/available")
    return part_of(await call.get(path, into=VoicelinkRows, query=query), args)


class MapVoicelinkNumber(Connected):
    """Which number becomes whose."""

    client_id: VoicelinkId
    did_id: VoicelinkId
    call_recording: bool
    number_status: Literal["assigned", "inactive"] | None = None
    expires_on: date | None = None
    description: Text | None = None
    auto_renew: Annotated[bool | None, Field(description="May cost money: renews at VoiceLink")] = (
        None
    )

    def body(self) -> dict[str, Any]:
        """As the API names it; `user_status` is 2 assigned, 4 inactive."""
        codes = {"assigned": 2, "inactive": 4}
        body = {
            "client_id": self.client_id,
            "did_id": self.did_id,
            "call_recording": switch(self.call_recording),
            "connection_id": self.connection_id,
            "user_status": codes[self.number_status] if self.number_status else None,
            "user_expiry_date": self.expires_on.isoformat() if self.expires_on else None,
            "description": self.description,
            "client_auto_renew": switch(self.auto_renew),
        }
        return {name: value for name, value in body.items() if value is not None}


@voicelink.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("mapVoicelinkDid",))
async def map_voicelink_number(args: MapVoicelinkNumber, call: Call) -> VoicelinkNumber:
    """Assign a VoiceLink number to a client."""

    async def settle(sent: Sent) -> VoicelinkNumber | None:
        del sent
        return await looked_up(
            call,
            route("/voicelink/dids/purchased"),
            {"did_id": args.did_id, "client_id": args.client_id},
            VoicelinkNumber,
            connection_id=args.connection_id,
            client_id=args.client_id,
            per_page=SETTLE_PAGE,
        )

    # The same mapping twice is the same mapping, but a renewal might be paid for twice.
    path = route("/voicelink/dids/map")
    is_free = not args.auto_renew
    return await call.post(
        path,
        args.body(),
        into=VoicelinkNumber,
        settle=None if is_free else settle,
        repeatable=is_free,
    )

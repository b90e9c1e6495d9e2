"""VoiceLink's WebSocket bots, which bridge its calls to agents (tag VoiceLink management)."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from callpost.fields import Text
from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_vocobase.texts import Named, SocketUrl
from callpost_vocobase.voicelink_records import (
    SETTLE_PAGE,
    Connected,
    Search,
    VoicelinkAnswer,
    VoicelinkId,
    VoicelinkTable,
    listed,
    looked_up,
    switch,
    voicelink,
)

__all__ = [
    "CreateVoicelinkBot",
    "ListVoicelinkBots",
    "ReplaceVoicelinkBot",
    "VoicelinkBot",
    "create_voicelink_bot",
    "list_voicelink_bots",
    "replace_voicelink_bot",
]


class VoicelinkBot(VoicelinkAnswer):
    """A bot after a write."""

    kind: ClassVar[str] = "bot"


class ListVoicelinkBots(Search):
    """Which bots."""

    is_active: bool | None = None
    reseller_id: VoicelinkId | None = None
    client_id: VoicelinkId | None = None


@voicelink.tool(effect=Effect.READS, operations=("listVoicelinkBots",))
async def list_voicelink_bots(args: ListVoicelinkBots, call: Call) -> VoicelinkTable:
    """List VoiceLink's WebSocket bots."""
    return await listed(
        call,
        route("/voicelink/bots"),
        args,
        status=switch(args.is_active),
        reseller_id=args.reseller_id,
        client_id=args.client_id,
    )


class CreateVoicelinkBot(Connected):
    """Whose bot, and where it connects to."""

    bot_name: Named
    client_id: VoicelinkId
    websocket_url: Annotated[SocketUrl | None, Field(description="Default: Vocobase's own")] = None
    webhook_url: Text | None = None
    is_active: bool = True

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        given = self.model_dump(mode="json", exclude_none=True, exclude={"is_active"})
        return given | {"status": switch(self.is_active)}


@voicelink.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createVoicelinkBot",))
async def create_voicelink_bot(args: CreateVoicelinkBot, call: Call) -> VoicelinkBot:
    """Create a WebSocket bot for a VoiceLink client; make_voicelink_number_ready does it too."""

    async def settle(sent: Sent) -> VoicelinkBot | None:
        del sent  # the rows' shape is unknown, a time cannot be relied on
        return await looked_up(
            call,
            route("/voicelink/bots"),
            {"bot_name": args.bot_name, "client_id": args.client_id},
            VoicelinkBot,
            connection_id=args.connection_id,
            client_id=args.client_id,
            per_page=SETTLE_PAGE,
        )

    return await call.post(route("/voicelink/bots"), args.body(), into=VoicelinkBot, settle=settle)


class ReplaceVoicelinkBot(Connected):
    """The whole new record."""

    bot_id: VoicelinkId
    bot_name: Named
    websocket_url: SocketUrl
    is_active: bool
    webhook_url: Text | None = None

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        given = self.model_dump(mode="json", exclude_none=True, exclude={"bot_id", "is_active"})
        return given | {"status": switch(self.is_active)}


@voicelink.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updateVoicelinkBot",))
async def replace_voicelink_bot(args: ReplaceVoicelinkBot, call: Call) -> VoicelinkBot:
    """Replace a bot's whole record: what is left out is lost, so list it first."""
    # Repeatable: a full replace.
    path = route("/voicelink/bots/{}", str(args.bot_id))
    return await call.post(path, args.body(), into=VoicelinkBot, repeatable=True)

"""Voice sessions in a browser instead of over a telephone (contract tag Sessions)."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from callpost.fields import Id
from callpost.toolset import Args, Call, Dedupe, Effect, Sent, route
from callpost_vocobase.api import FAMILY
from callpost_vocobase.credential import ShownOnce
from callpost_vocobase.settling import undecidable

__all__ = ["BrowserSession", "StartBrowserSession", "sessions", "start_browser_session"]

sessions = FAMILY.toolset("sessions", title="Browser sessions")


class StartBrowserSession(Args):
    """Which agent, and what it should know."""

    agent_id: Id
    variables: Annotated[
        dict[str, str | int | float | bool], Field(description="Values for the agent's variables")
    ] = {}  # noqa: RUF012 because pydantic copies it

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        body: dict[str, Any] = {"agent_id": self.agent_id}
        return body | ({"variables": self.variables} if self.variables else {})


class BrowserSession(ShownOnce):
    """A room with an agent in it and, this once, the token that opens it."""

    unstored: ClassVar[frozenset[str]] = frozenset({"daily_token"})
    upstream_id_field: ClassVar[str] = "session_id"
    gone: ClassVar[str] = (
        "The token was shown once and is not kept here; only a further session has a new one."
    )

    session_id: str
    agent_id: str | None = None
    daily_room_url: str | None = None
    daily_token: str | None = None


# The slot of active calls is not taken: sessions count against the limit of the key, which no
# endpoint shows, and nothing tells when a session has ended.
@sessions.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT, operations=("startWebrtcSession",))
async def start_browser_session(args: StartBrowserSession, call: Call) -> BrowserSession:
    """Open a voice room with an agent for one browser user; talk time costs money.

    Returns the room's address and a one-time token. To telephone somebody use start_call.
    """

    async def settle(sent: Sent) -> BrowserSession | None:
        del sent
        raise undecidable(
            "sessions",
            "Nobody can join a room whose token was lost. Ask the person whether to open another "
            "one; if so, call again with the next occurrence.",
        )

    started = await call.post(
        route("/sessions/webrtc"), args.body(), into=BrowserSession, settle=settle
    )
    return started.shown()

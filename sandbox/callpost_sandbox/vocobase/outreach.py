"""Browser sessions and campaigns."""

from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import Ask, Body, Operation, invalid, limited, not_found, ok
from callpost_sandbox.vocobase.calls import agent_of, check_account, texts
from callpost_sandbox.vocobase.lives import BrowserSession
from callpost_sandbox.vocobase.state import Record

__all__ = ["OPERATIONS"]

_MOST_AT_ONCE = 10


class _Session(Body):
    agent_id: str
    variables: dict[str, Any] = Field(default_factory=dict)


class _Campaign(Body):
    name: str
    agent_id: str
    provider: Literal["mcube", "twilio", "exotel"]
    description: str | None = None
    concurrency_limit: int = 1


class _Contact(Body):
    phone: str
    name: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class _Contacts(Body):
    contacts: Annotated[list[_Contact], Field(min_length=1, max_length=10_000)]


async def _start_session(ask: Ask) -> Response:
    body = await ask.body(_Session)
    state = ask.state
    agent = agent_of(state, body.agent_id)
    check_account(state)
    if state.active_calls() + state.open_sessions() >= state.settings.active_calls:
        raise limited("Concurrent session limit reached")
    session = BrowserSession(state.new_id(), dict(agent), state.clock.now(), texts(body.variables))
    state.keep_session(session)
    return ok(
        {
            "session_id": session.session_id,
            "agent_id": agent["id"],
            "daily_room_url": f"{ask.origin}/storage/rooms/{session.session_id}",
            "daily_token": f"sandbox-{session.session_id}",
        }
    )


async def _create_campaign(ask: Ask) -> Response:
    body = await ask.body(_Campaign)
    state = ask.state
    agent = state.agents.get(body.agent_id)
    if agent is None:
        # 404 is not among the documented answers of this operation.
        raise invalid("agent_id: unknown agent")
    allowed = body.provider in [provider.lower() for provider in state.allowed_providers]
    stored = any(one["provider"] == body.provider for one in state.connections.values())
    if not (allowed and stored):
        raise invalid("provider: not allowed or not configured")
    campaign: Record = {
        "campaign_id": state.new_id(),
        "name": body.name,
        "description": body.description,
        "agent_id": agent["id"],
        "agent_name": agent["agent_name"],
        "provider": body.provider,
        "concurrency_limit": min(max(body.concurrency_limit, 1), _MOST_AT_ONCE),
        "status": "draft",
        "total_contacts": 0,
        "completed_count": 0,
        "failed_count": 0,
        "skipped_count": 0,
        "started_at": None,
        "paused_at": None,
        "completed_at": None,
        "created_at": state.stamp(),
    }
    state.campaigns[campaign["campaign_id"]] = campaign
    state.journal.did("campaign", campaign["campaign_id"])
    return ok(campaign, 201)


async def _add_contacts(ask: Ask) -> Response:
    state = ask.state
    campaign = state.campaigns.get(ask.path("id"))
    if campaign is None:
        raise not_found("Campaign")
    body = await ask.body(_Contacts)
    held = state.campaign_contacts.setdefault(campaign["campaign_id"], set())
    asked = {contact.phone for contact in body.contacts}
    added = asked - held
    created = asked - state.contacts
    held |= added
    state.contacts |= created
    campaign["total_contacts"] = len(held)
    state.journal.did("campaign_contacts", campaign["campaign_id"])
    return ok(
        {
            "added": len(added),
            "duplicates": len(body.contacts) - len(added),
            "contacts_created": len(created),
            "contacts_existing": len(asked) - len(created),
        }
    )


OPERATIONS = (
    Operation("POST", "/sessions/webrtc", _start_session),
    Operation("POST", "/campaigns", _create_campaign),
    Operation("POST", "/campaigns/{id}/contacts", _add_contacts),
)

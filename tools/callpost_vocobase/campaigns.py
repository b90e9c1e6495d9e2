"""Campaigns: drafts and their contacts (contract tag Campaigns).

No path to start, pause, list or read a campaign was captured; a person does these in the dashboard.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from callpost.fields import Id, PhoneNumber, Text
from callpost.toolset import Args, Call, Dedupe, Effect, Result, Sent, route
from callpost_vocobase.api import FAMILY
from callpost_vocobase.settling import undecidable
from callpost_vocobase.texts import Named

__all__ = [
    "AddCampaignContacts",
    "Campaign",
    "Contact",
    "ContactsAdded",
    "CreateCampaign",
    "add_campaign_contacts",
    "campaigns",
    "create_campaign",
]

campaigns = FAMILY.toolset("campaigns", title="Campaigns")


class CreateCampaign(Args):
    """Which agent calls, and over which carrier."""

    name: Named
    agent_id: Id
    provider: Literal["mcube", "twilio", "exotel"]
    description: Text | None = None
    concurrency_limit: Annotated[int, Field(ge=1, le=10)] = 1

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return self.model_dump(mode="json", exclude_none=True)


class Campaign(Result):
    """A campaign as it was made."""

    unstored: ClassVar[frozenset[str]] = frozenset({"description"})
    upstream_id_field: ClassVar[str] = "campaign_id"

    campaign_id: str
    name: str | None = None
    description: str | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    provider: str | None = None
    concurrency_limit: int | None = None
    status: str | None = None
    total_contacts: int | None = None
    completed_count: int | None = None
    failed_count: int | None = None
    skipped_count: int | None = None
    started_at: str | None = None
    paused_at: str | None = None
    completed_at: str | None = None
    created_at: str | None = None


@campaigns.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createCampaign",))
async def create_campaign(args: CreateCampaign, call: Call) -> Campaign:
    """Create a campaign as a draft; nothing is dialled until a person starts it in the dashboard.

    The carrier must be allowed and configured.
    """

    async def settle(sent: Sent) -> Campaign | None:
        raise undecidable(
            "campaigns",
            f"Ask the person to look in the dashboard for a campaign made at {sent.at:%H:%M} UTC. "
            "Only if there is none, call again with the next occurrence.",
        )

    return await call.post(route("/campaigns"), args.body(), into=Campaign, settle=settle)


class Contact(Args):
    """Somebody to call."""

    phone: PhoneNumber
    name: Text | None = None
    metadata: Annotated[
        dict[str, str | int | float | bool], Field(description="Values for the agent's variables")
    ] = {}  # noqa: RUF012 because pydantic copies it

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        given = {"phone": self.phone, "name": self.name, "metadata": self.metadata or None}
        return {name: value for name, value in given.items() if value is not None}


class AddCampaignContacts(Args):
    """Whom a campaign calls."""

    campaign_id: Id
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1, max_length=10_000)]

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return {"contacts": [contact.body() for contact in self.contacts]}


class ContactsAdded(Result):
    """How many were new."""

    added: int | None = None
    duplicates: int | None = None
    contacts_created: int | None = None
    contacts_existing: int | None = None


# SENDS: whether contacts of a running campaign are dialled at once is not documented.
@campaigns.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT, operations=("addCampaignContacts",))
async def add_campaign_contacts(args: AddCampaignContacts, call: Call) -> ContactsAdded:
    """Add people to a campaign; one that runs may dial them at once, which costs money.

    Returns how many were added and how many were in it already.
    """

    async def settle(sent: Sent) -> ContactsAdded | None:
        raise undecidable(
            "a campaign's contacts",
            f"Ask the person to look at the campaign's contacts in the dashboard ({sent.at:%H:%M} "
            "UTC). Only if these are missing, call again with the next occurrence.",
        )

    # Not repeatable: that duplicates are counted instead of added follows from the answer's field
    # names alone, and a wrong guess dials people twice.
    path = route("/campaigns/{}/contacts", args.campaign_id)
    return await call.post(path, args.body(), into=ContactsAdded, settle=settle)

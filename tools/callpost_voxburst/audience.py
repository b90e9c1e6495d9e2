"""People who interacted with the accounts, and direct messages to them, to read only.

The contract knows no write here: sending a broadcast messages many people and cannot be undone.
"""

from typing import Annotated, Any

from pydantic import Field

from callpost.fields import unordered
from callpost.models import Result
from callpost.toolset import Call, Effect, route
from callpost_voxburst.api import FAMILY
from callpost_voxburst.pages import List, NumberedPage, Page, numbered, page_query
from callpost_voxburst.paging import shortened

__all__ = ["audience"]

audience = FAMILY.toolset("audience", title="Audience")

LONGEST_MESSAGE = 1000
"""The documented length of a broadcast's message; no tool could show the rest of a longer one."""


class Contact(Result):
    """A person on one platform (contract Contact)."""

    id: str | None = None
    workspace_id: str | None = None
    platform: str | None = None
    platform_id: str | None = None
    display_name: str | None = None
    username: str | None = None
    avatar_url: str | None = None
    tags: tuple[str, ...] | None = None
    custom_fields: dict[str, Any] | None = None
    last_seen_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Contacts(Page):
    """One part of the contacts."""

    items: tuple[Contact, ...] = ()


class _UpstreamContacts(NumberedPage):
    contacts: tuple[Contact, ...]


class SequenceStep(Result):
    """One message of a sequence (contract SequenceStep)."""

    id: str | None = None
    sequence_id: str | None = None
    step_order: int | None = None
    message_template: str | None = None
    delay_hours: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Sequence(Result):
    """Timed direct messages (contract Sequence)."""

    id: str | None = None
    workspace_id: str | None = None
    name: str | None = None
    status: str | None = None
    enrollment_rules: dict[str, Any] | None = None
    exit_on_reply: bool | None = None
    steps: tuple[SequenceStep, ...] | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Sequences(Page):
    """One part of the sequences."""

    items: tuple[Sequence, ...] = ()


class _UpstreamSequences(NumberedPage):
    sequences: tuple[Sequence, ...]


class SegmentRules(Result):
    """Who gets a broadcast: all of these (contract SegmentRules)."""

    tags: tuple[str, ...] | None = None
    platforms: tuple[str, ...] | None = None
    has_interaction: bool | None = None


class Broadcast(Result):
    """One message to many people (contract Broadcast)."""

    id: str | None = None
    workspace_id: str | None = None
    name: str | None = None
    message_template: str | None = None
    platforms: tuple[str, ...] | None = None
    segment_rules: SegmentRules | None = None
    status: str | None = None
    total_contacts: int | None = None
    scheduled_for: str | None = None
    sent_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Broadcasts(Page):
    """One part of the broadcasts."""

    items: tuple[Broadcast, ...] = ()


class _UpstreamBroadcasts(NumberedPage):
    broadcasts: tuple[Broadcast, ...] = ()


class ListContacts(List):
    """Which contacts."""

    search: Annotated[str, Field(max_length=200, description="In display name or username")] | (
        None
    ) = None
    platform: Annotated[str, Field(pattern=r"^[A-Za-z_]+$", max_length=40)] | None = None
    tags: (
        Annotated[tuple[Annotated[str, Field(pattern=r"^[^,]+$", max_length=100)], ...], unordered]
        | None
    ) = None


class ListSequences(List):
    """Which part of the list."""


class ListBroadcasts(List):
    """Which part of the list."""


@audience.tool(effect=Effect.READS, operations=("listContacts",))
async def list_contacts(args: ListContacts, call: Call) -> Contacts:
    """Find people who interacted with the connected accounts: third parties' personal data."""
    query = page_query(args) | {
        "search": args.search or None,
        "platform": args.platform.upper() if args.platform else None,
        "tags": ",".join(args.tags) if args.tags else None,
    }
    page = await call.get(route("/contacts"), into=_UpstreamContacts, query=query)
    items, next_cursor = numbered(page.contacts, page, args)
    return Contacts(items=items, next_cursor=next_cursor, total=page.total)


@audience.tool(effect=Effect.READS, operations=("listSequences",))
async def list_sequences(args: ListSequences, call: Call) -> Sequences:
    """List timed direct-message sequences with their steps; archived ones are left out.

    Needs the Agency plan.
    """
    page = await call.get(route("/sequences"), into=_UpstreamSequences, query=page_query(args))
    items, next_cursor = numbered([_short(s) for s in page.sequences], page, args)
    return Sequences(items=items, next_cursor=next_cursor, total=page.total)


def _short(sequence: Sequence) -> Sequence:
    steps = tuple(
        step.model_copy(
            update={"message_template": shortened(step.message_template, LONGEST_MESSAGE)}
        )
        for step in sequence.steps or ()
    )
    return sequence.model_copy(update={"steps": steps})


@audience.tool(effect=Effect.READS, operations=("listBroadcasts",))
async def list_broadcasts(args: ListBroadcasts, call: Call) -> Broadcasts:
    """List direct messages to many people; SENT means handed over, not delivered.

    Needs the Agency plan. Unconfirmed: the answer's form.
    """
    page = await call.get(route("/broadcasts"), into=_UpstreamBroadcasts, query=page_query(args))
    items, next_cursor = numbered(page.broadcasts, page, args)
    return Broadcasts(items=items, next_cursor=next_cursor, total=page.total)

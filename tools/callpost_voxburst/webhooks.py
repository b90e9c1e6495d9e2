"""Webhooks: where VoxBurst sends what happened (contract section 10)."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import AliasChoices, Field, model_validator

from callpost.fields import Id, unordered
from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_voxburst.answers import Deleted, Wrapped, least
from callpost_voxburst.api import FAMILY
from callpost_voxburst.lost_creation import found_of
from callpost_voxburst.pages import List, Page, part

__all__ = ["GONE", "NewWebhook", "Webhook", "webhooks"]

webhooks = FAMILY.toolset("webhooks", title="Webhooks")

Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2048)]
Events = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[a-z*][a-z._*]*$", max_length=100)], ...],
    unordered,
    Field(
        min_length=1, description='Such as post.published, post.failed, account.error; "*" for all'
    ),
]
"""Open set: new events come without notice (section 5)."""

KEEP_IT = "Give the secret to the person now: it is shown in this answer only."
GONE = (
    "The secret was shown in the first answer only and is not kept. If it is lost, delete this "
    "webhook and create it again with the next occurrence."
)


class _WebhookFacts(Wrapped):
    url: str | None = None
    events: tuple[str, ...] = ()
    enabled: Annotated[bool | None, Field(validation_alias=AliasChoices("enabled", "active"))] = (
        None
    )
    last_delivery_at: str | None = None
    failure_count: int | None = None
    created_at: str | None = None


class Webhook(_WebhookFacts):
    """A webhook (contract Webhook; one client reads `active` for `enabled`)."""

    id: str | None = None


class NewWebhook(_WebhookFacts):
    """A webhook just created, with its secret."""

    unstored: ClassVar[frozenset[str]] = frozenset({"secret"})
    id: str
    secret: str | None = None
    note: str | None = None

    def stored(self) -> dict[str, Any]:
        """Without the secret, and with a word to whoever reads it again."""
        return {**super().stored(), "note": GONE}


class Webhooks(Page):
    """All webhooks, or a part."""

    items: tuple[Webhook, ...] = ()


class _UpstreamWebhooks(Result):
    data: tuple[Webhook, ...] | None = None
    webhooks: tuple[Webhook, ...] | None = None  # as one client reads it


class Delivery(Wrapped):
    """What the receiver made of a test (contract WebhookDelivery)."""

    id: str | None = None
    webhook_id: str | None = None
    event_type: str | None = None
    url: str | None = None
    success: bool | None = None
    status_code: int | None = None
    latency_ms: int | None = None
    response_body: str | None = None
    retry_count: int | None = None
    error: str | None = None
    created_at: str | None = None
    delivered_at: str | None = None


class ListPostWebhooks(List):
    """Which part of the list."""


class GetPostWebhook(Args):
    """Which webhook."""

    webhook_id: Id


class CreatePostWebhook(Args):
    """Where to send what (contract CreateWebhookRequest)."""

    url: Url
    events: Events

    def body(self) -> dict[str, Any]:
        """The wire's names."""
        return {"url": self.url, "events": list(self.events)}


class UpdatePostWebhook(Args):
    """What to change (contract UpdateWebhookRequest)."""

    webhook_id: Id
    url: Url | None = None
    events: Events | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        least(self.body(), "url, events, enabled")
        return self

    def body(self) -> dict[str, Any]:
        """The wire's names, of what changes."""
        return {k: v for k, v in self.given().items() if k != "webhook_id"}


class DeletePostWebhook(Args):
    """Which webhook."""

    webhook_id: Id


class TryPostWebhook(Args):
    """Which webhook."""

    webhook_id: Id


@webhooks.tool(effect=Effect.READS, operations=("listWebhooks",))
async def list_post_webhooks(args: ListPostWebhooks, call: Call) -> Webhooks:
    """List the URLs that VoxBurst tells of post events, with failures. Secrets are never shown."""
    found = await _all(call)
    items, next_cursor = part(found, args)
    return Webhooks(items=items, next_cursor=next_cursor, total=len(found))


async def _all(call: Call) -> tuple[Webhook, ...]:
    """The contract gives this list no page arguments."""
    found = await call.get(route("/webhooks"), into=_UpstreamWebhooks)
    return found.data if found.data is not None else found.webhooks or ()


@webhooks.tool(effect=Effect.READS, operations=("getWebhook",))
async def get_post_webhook(args: GetPostWebhook, call: Call) -> Webhook:
    """Read one VoxBurst webhook: events, whether it is enabled, failures, last delivery."""
    return await call.get(route("/webhooks/{}", args.webhook_id), into=Webhook)


@webhooks.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createWebhook",))
async def create_post_webhook(args: CreatePostWebhook, call: Call) -> NewWebhook:
    """Send post events to a URL; it will receive workspace data, so take the URL from the person.

    Returns the signing secret, once.
    """

    async def settle(sent: Sent) -> NewWebhook | None:
        events = set(args.events)
        alike = [h for h in await _all(call) if h.url == args.url and set(h.events) == events]
        hook = await found_of(alike, sent, call)
        return NewWebhook.model_validate(hook.compact() | {"note": GONE}) if hook else None

    made = await call.post(route("/webhooks"), args.body(), into=NewWebhook, settle=settle)
    return made.model_copy(update={"note": KEEP_IT if made.secret else GONE})


@webhooks.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updateWebhook",))
async def update_post_webhook(args: UpdatePostWebhook, call: Call) -> Webhook:
    """Change the URL or events of a VoxBurst webhook, or switch it on or off."""
    return await call.patch(route("/webhooks/{}", args.webhook_id), args.body(), into=Webhook)


@webhooks.tool(effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("deleteWebhook",))
async def delete_post_webhook(args: DeletePostWebhook, call: Call) -> Deleted:
    """Delete a VoxBurst webhook; to pause it, update enabled instead."""
    await call.delete(route("/webhooks/{}", args.webhook_id), into=Deleted)
    return Deleted(id=args.webhook_id)


# A test whose answer was lost is settled under its key. One that was answered is made anew: the old
# answer would mislead whoever has just mended the receiver, no read tells how a test went (section
# 10 knows no log of deliveries), and one more test hurts nobody.
async def _never_stands(args: TryPostWebhook, call: Call) -> bool:  # noqa: ARG001 because the contract of `stands` has both
    return False


@webhooks.tool(
    effect=Effect.CREATES,
    dedupe=Dedupe.BRIEF,
    stands=_never_stands,
    operations=("testWebhook",),
)
async def test_post_webhook(args: TryPostWebhook, call: Call) -> Delivery:
    """Send a test event to an enabled VoxBurst webhook and tell what its receiver answered."""
    body = {"webhookId": args.webhook_id}
    return await call.post(route("/webhooks/test"), body, into=Delivery)

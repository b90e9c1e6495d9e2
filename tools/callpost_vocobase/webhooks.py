"""Where Vocobase reports ended sessions (contract section 7).

Secrets are shown once by the API and once by us: the ledger does not hold them, so a replay has
none and says so.
"""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from callpost.fields import Id, Text
from callpost.toolset import Args, Call, Dedupe, Effect, Result, Sent, route
from callpost_vocobase.account import CallAccount, DefaultWebhook, Webhook
from callpost_vocobase.api import FAMILY
from callpost_vocobase.credential import ShownOnce
from callpost_vocobase.settling import appeared_before
from callpost_vocobase.texts import HttpsUrl

__all__ = [
    "CallWebhooks",
    "CreateCallWebhook",
    "ListCallWebhooks",
    "NewCallWebhook",
    "RotateCallWebhookSecret",
    "RotatedSecret",
    "SetDefaultCallWebhook",
    "create_call_webhook",
    "list_call_webhooks",
    "rotate_call_webhook_secret",
    "set_default_call_webhook",
    "webhooks",
]

webhooks = FAMILY.toolset("webhooks", title="Webhooks")

FAMILY.unserved["onSessionCompleted"] = (
    "incoming: Vocobase sends it to an endpoint of yours; there is nothing to call"
)

GONE = "The secret was shown once and is not kept here. rotate_call_webhook_secret makes a new one."


class ListCallWebhooks(Args):
    """Nothing to choose: there are at most five."""


class CallWebhooks(Result):
    """The endpoints, never their secrets."""

    items: tuple[Webhook, ...] = ()
    default: DefaultWebhook | None = None


@webhooks.tool(effect=Effect.READS, operations=("getConfig",))
async def list_call_webhooks(args: ListCallWebhooks, call: Call) -> CallWebhooks:
    """List the endpoints that are told when a call or session ends, and their last delivery."""
    del args
    account = await call.get(route("/config"), into=CallAccount)
    return CallWebhooks(items=account.webhooks, default=account.webhook)


def _not_reserved(label: str) -> str:
    if label == "default":
        raise ValueError("«default» is reserved for set_default_call_webhook")
    return label


class CreateCallWebhook(Args):
    """Where to, and what to call it."""

    label: Annotated[
        Text, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$"), AfterValidator(_not_reserved)
    ]
    url: HttpsUrl
    enabled: bool = True

    def body(self) -> dict[str, str | bool]:
        """As the API names it."""
        return {"label": self.label, "url": self.url, "enabled": self.enabled}


class NewCallWebhook(ShownOnce):
    """The endpoint and, this once, its secret."""

    unstored: ClassVar[frozenset[str]] = frozenset({"secret"})
    gone: ClassVar[str] = GONE

    id: str
    label: str | None = None
    url: str | None = None
    enabled: bool | None = None
    secret: str | None = None
    message: str | None = None
    last_delivery_at: str | None = None
    last_delivery_status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


@webhooks.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createWebhookEndpoint",))
async def create_call_webhook(args: CreateCallWebhook, call: Call) -> NewCallWebhook:
    """Register an HTTPS endpoint (at most 5) that is told when a call or session ends.

    Returns the signing secret, once.
    """

    async def settle(sent: Sent) -> NewCallWebhook | None:
        account = await call.get(route("/config"), into=CallAccount)
        for found in account.webhooks:
            is_ours = found.label == args.label and found.url == args.url
            if found.id and is_ours and not appeared_before(found.created_at, sent):
                return NewCallWebhook.model_validate(found.compact())
        return None

    made = await call.post(
        route("/config/webhooks"), args.body(), into=NewCallWebhook, settle=settle
    )
    return made.shown()


class RotateCallWebhookSecret(Args):
    """Whose secret."""

    webhook_id: Id


class RotatedSecret(ShownOnce):
    """The new secret, this once."""

    unstored: ClassVar[frozenset[str]] = frozenset({"secret"})
    gone: ClassVar[str] = (
        "The secret was shown once and is not kept here. Call again with the next occurrence to "
        "make another; this one then stops working."
    )

    id: str | None = None
    label: str | None = None
    secret: str | None = None
    message: str | None = None


# CONTENT: each rotation kills a secret that somebody may have stored already, and events signed
# anew are then dropped for good after four tries. So a repeat needs to say that it is one
# (`occurrence`); the brief rule would act again by itself after minutes, and no read shows whether
# the earlier secret still stands.
@webhooks.tool(effect=Effect.UPDATES, dedupe=Dedupe.CONTENT, operations=("rotateWebhookSecret",))
async def rotate_call_webhook_secret(args: RotateCallWebhookSecret, call: Call) -> RotatedSecret:
    """Replace an endpoint's signing secret and return the new one, once.

    The former stops working; the receiver fails until it has the new.
    """
    # Repeatable: where the answer was lost, nobody has the secret it held, and only another
    # rotation makes one that somebody has.
    path = route("/config/webhooks/{}/rotate-secret", args.webhook_id)
    rotated = await call.post(path, into=RotatedSecret, repeatable=True)
    return rotated.shown()


class SetDefaultCallWebhook(Args):
    """Where to."""

    url: HttpsUrl


class DefaultCallWebhook(ShownOnce):
    """The endpoint labelled «default» and, this once, its secret."""

    unstored: ClassVar[frozenset[str]] = frozenset({"webhook_secret"})
    upstream_id_field: ClassVar[str] = "webhook_url"
    gone: ClassVar[str] = GONE

    webhook_url: str | None = None
    webhook_secret: str | None = None
    message: str | None = None


async def _is_still_set(args: SetDefaultCallWebhook, call: Call) -> bool:
    account = await call.get(route("/config"), into=CallAccount)
    urls = {account.webhook.url} if account.webhook else set[str | None]()
    return args.url in urls | {w.url for w in account.webhooks if w.label == "default"}


# BRIEF: it sets state, so A, B, A again must act (a content rule would swallow the second A), yet
# every call also makes a new secret, so a repeat minutes later must not.
@webhooks.tool(
    effect=Effect.UPDATES,
    dedupe=Dedupe.BRIEF,
    stands=_is_still_set,
    operations=("setLegacyWebhook",),
)
async def set_default_call_webhook(args: SetDefaultCallWebhook, call: Call) -> DefaultCallWebhook:
    """Create or replace the endpoint labelled «default» and return its new secret, once.

    The former secret dies even if the address stays; prefer create_call_webhook.
    """
    # Repeatable by default, as every PUT here: a secret whose answer was lost is nobody's.
    made = await call.put(
        route("/config/webhook"), {"webhook_url": args.url}, into=DefaultCallWebhook
    )
    return made.shown()

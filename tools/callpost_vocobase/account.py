"""The partner account: limits, carriers, balance, and where events go (operation getConfig)."""

from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator

from callpost.toolset import Args, Call, Effect, Result, route
from callpost_vocobase.telephony import telephony

__all__ = [
    "CallAccount",
    "CarrierDefault",
    "DefaultWebhook",
    "GetCallAccount",
    "Webhook",
    "get_call_account",
]

MOST_NAMED = 200


def _first(values: tuple[str, ...]) -> tuple[str, ...]:
    return values[:MOST_NAMED]


Names = Annotated[tuple[str, ...], AfterValidator(_first)]


class CarrierDefault(Result):
    """Whether a carrier's default account is set."""

    configured: bool | None = None
    from_number: str | None = None


class DefaultWebhook(Result):
    """The one webhook of former times, and the endpoint labelled «default» of today.

    What the API shows under `secret` is left out: a secret has no place in an answer that may be
    asked for at any time.
    """

    configured: bool | None = None
    url: str | None = None


class Webhook(Result):
    """Where `session.completed` is sent."""

    id: str | None = None
    label: str | None = None
    url: str | None = None
    enabled: bool | None = None
    last_delivery_at: str | None = None
    last_delivery_status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


def _objects(value: Any) -> Any:
    """Carriers that come as null or a flag are as good as absent."""
    told = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return {name: told[name] for name in told if isinstance(told[name], dict)}


class CallAccount(Result):
    """The account; since May 2026 `credits` is in Indian rupees (contract section 9)."""

    name: str | None = None
    display_name: str | None = None
    status: str | None = None
    credits: float | None = None
    agent_limit: int | None = None
    current_agent_count: int | None = None
    allowed_telephony_providers: Names = ()
    allowed_voices: Names = ()
    allowed_languages: Names = ()
    telephony: Annotated[dict[str, CarrierDefault], BeforeValidator(_objects)] = {}  # noqa: RUF012 because pydantic copies it
    webhook: DefaultWebhook | None = None
    webhooks: tuple[Webhook, ...] = ()


class GetCallAccount(Args):
    """Nothing to choose."""


@telephony.tool(effect=Effect.READS, operations=("getConfig",))
async def get_call_account(args: GetCallAccount, call: Call) -> CallAccount:
    """Get the calling account: balance (credits, in rupees), allowed carriers, limits, webhooks."""
    del args
    return await call.get(route("/config"), into=CallAccount)

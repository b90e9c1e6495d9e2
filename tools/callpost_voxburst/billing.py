"""Plan and payment (contract section 12). Everything here but the preview touches money.

Money goes by the content rule, although a plan is a state: within a day the same arguments are the
same purchase. Going back to a plan and to the other again on one day then answers as a replay that
says how to act once more. That costs a question; the other rule could cost a second charge. No
settlement by looking either: `/auth/me` shows neither the period nor a change to come, so a person
decides where the key of the request is forgotten.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, route
from callpost_voxburst.answers import Undocumented
from callpost_voxburst.api import FAMILY
from callpost_voxburst.freeform import JsonObject, object_of

__all__ = ["billing"]

billing = FAMILY.toolset("billing", title="Billing")

Request = Annotated[
    JsonObject,
    Field(description="JSON object that VoxBurst shall get; its names are not documented"),
]


class PlanChangePreview(Result):
    """What a change would cost (contract PlanChangePreview)."""

    current_plan: str | None = None
    new_plan: str | None = None
    billing_period: str | None = None
    is_upgrade: bool | None = None
    proration_amount: float | None = None
    """USD: charged for an upgrade, credited for a downgrade."""
    effective_date: str | None = None
    message: str | None = None


class _Plan(Args):
    """The plan to change to (contract PlanChangeRequest)."""

    plan: Literal["starter", "pro", "agency"]
    billing_period: Literal["monthly", "yearly"] = "monthly"

    def body(self) -> dict[str, Any]:
        """The wire's names."""
        return {"plan": self.plan, "billingPeriod": self.billing_period}


class PreviewPlanChange(_Plan):
    """The plan to price."""


class ChangePlan(_Plan):
    """The plan to buy."""


class SetAiAddon(Args):
    """What to send; the request's fields are not documented."""

    request: Request


class UpdateSubscription(Args):
    """What to send; the request's fields are not documented."""

    request: Request


class CancelPendingPlanChange(Args):
    """Nothing to choose; the request's fields, if any, are not documented."""

    request: Request | None = None


@billing.tool(effect=Effect.READS, operations=("previewPlanChange",))
async def preview_plan_change(args: PreviewPlanChange, call: Call) -> PlanChangePreview:
    """Price a change of the VoxBurst plan without making it: USD charged now, or credited."""
    return await call.ask(
        route("/subscription/preview-change"), args.body(), into=PlanChangePreview
    )


@billing.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT, operations=("changePlan",))
async def change_plan(args: ChangePlan, call: Call) -> Undocumented:
    """Change the VoxBurst plan: an upgrade charges real money at once.

    Only after the person has seen preview_plan_change and agreed to the amount.
    """
    return await call.post(route("/subscription/change-plan"), args.body(), into=Undocumented)


@billing.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT, operations=("subscriptionAiAddon",))
async def set_ai_addon(args: SetAiAddon, call: Call) -> Undocumented:
    """Add or change the AI add-on: may charge real money; only if the person asked for it.

    Unconfirmed: the whole operation.
    """
    body = object_of(args.request)
    return await call.post(route("/subscription/ai-addon"), body, into=Undocumented)


@billing.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT, operations=("subscriptionUpdate",))
async def update_subscription(args: UpdateSubscription, call: Call) -> Undocumented:
    """Update the VoxBurst subscription: may charge real money; only if the person asked for it.

    For another plan use change_plan. Unconfirmed: the whole operation.
    """
    body = object_of(args.request)
    return await call.post(route("/subscription/update"), body, into=Undocumented)


# Takes no money and sets a state, «nothing pending»: done twice it is the same. A change asked for
# again and cancelled again must act, so the content rule would be wrong here.
@billing.tool(
    effect=Effect.SENDS, dedupe=Dedupe.INVOCATION, operations=("subscriptionCancelPending",)
)
async def cancel_pending_plan_change(args: CancelPendingPlanChange, call: Call) -> Undocumented:
    """Cancel a plan change that has not taken effect yet. Unconfirmed: the whole operation."""
    path, body = route("/subscription/cancel-pending"), object_of(args.request) or None
    return await call.post(path, body, into=Undocumented, repeatable=True)

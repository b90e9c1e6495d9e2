"""Plan and money (voxburst.md section 12). Prices are invented; the effects are in the journal.

Shapes of the answers except the preview's are not documented.
"""

from typing import Literal

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.state import PLANS, stamp

__all__ = ["OPERATIONS"]

_PRICES = {"free": 0, "starter": 10, "pro": 30, "agency": 100}
_YEAR_IN_MONTHS = 10


class _Change(Body):
    plan: Literal["starter", "pro", "agency"]
    billing_period: Literal["monthly", "yearly"] = "monthly"


def _preview(call: Call) -> Answer:
    return Answer(200, _priced(call, call.body(_Change)))


def _priced(call: Call, change: _Change) -> Json:
    _need_payments(call)
    now, then = call.state.plan, change.plan
    months = _YEAR_IN_MONTHS if change.billing_period == "yearly" else 1
    return {
        "currentPlan": now,
        "newPlan": then,
        "billingPeriod": change.billing_period,
        "isUpgrade": PLANS.index(then) > PLANS.index(now),
        "prorationAmount": float((_PRICES[then] - _PRICES[now]) * months),
        "effectiveDate": stamp(call.now),
        "message": f"From {now} to {then}",
    }


def _change(call: Call) -> Answer:
    change = call.body(_Change)
    priced = _priced(call, change)
    if change.plan == call.state.plan:
        raise ApiError(409, "This is the plan already")
    if priced["isUpgrade"]:
        call.state.plan = change.plan
        call.state.did("money_charged", str(priced["prorationAmount"]))
    else:
        call.state.pending_plan = change.plan
    call.state.did("plan_changed", change.plan)
    return Answer(200, {"success": True, **priced})


def _ai_addon(call: Call) -> Answer:
    _need_payments(call)
    call.json(required=False)
    call.state.ai_addon = True
    call.state.did("money_charged", "ai-addon")
    return Answer(200, {"success": True})


def _update(call: Call) -> Answer:
    _need_payments(call)
    call.json(required=False)
    call.state.did("subscription_updated", call.state.plan)
    return Answer(200, {"success": True, "plan": call.state.plan})


def _cancel_pending(call: Call) -> Answer:
    _need_payments(call)
    if call.state.pending_plan is None:
        raise ApiError(409, "No plan change is pending")
    call.state.pending_plan = None
    call.state.did("plan_change_cancelled", call.state.plan)
    return Answer(200, {"success": True})


def _need_payments(call: Call) -> None:
    if not call.state.payments_on:
        raise ApiError(503, "The payment integration is not set up")


OPERATIONS = (
    Operation("POST", "/subscription/preview-change", _preview, "billing:write"),
    Operation("POST", "/subscription/change-plan", _change, "billing:write"),
    Operation("POST", "/subscription/ai-addon", _ai_addon, "billing:write"),
    Operation("POST", "/subscription/update", _update, "billing:write"),
    Operation("POST", "/subscription/cancel-pending", _cancel_pending, "billing:write"),
)

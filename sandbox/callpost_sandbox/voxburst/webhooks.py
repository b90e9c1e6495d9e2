"""Subscriptions (voxburst.md section 10). Only loopback receivers are ever called.

`/webhooks/tunnel` is a WebSocket in the vendor's command line client; a plain request gets 400.
"""

import secrets
from urllib.parse import urlsplit

from pydantic import Field

from callpost_sandbox.clock import real_now
from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.records import Webhook
from callpost_sandbox.voxburst.state import stamp
from callpost_sandbox.voxburst.values import check_id, new_id
from callpost_sandbox.webhooks import Outbox, sign_voxburst

__all__ = ["EVENTS", "OPERATIONS"]

EVENTS = frozenset(
    {
        "post.created",
        "post.scheduled",
        "post.published",
        "post.failed",
        "post.draft.approved",
        "account.connected",
        "account.disconnected",
        "account.error",
        "media.uploaded",
    }
)


class _Create(Body):
    url: str
    events: list[str] = Field(min_length=1)


class _Update(Body):
    url: str = ""
    events: list[str] = Field(default_factory=list, min_length=1)
    enabled: bool = True


class _Test(Body):
    webhook_id: str


def _show(hook: Webhook) -> Json:
    return {
        "id": hook.id,
        "url": hook.url,
        "events": hook.events,
        "enabled": hook.enabled,
        "lastDeliveryAt": stamp(hook.last_delivery_at),
        "failureCount": hook.failure_count,
        "createdAt": stamp(hook.created_at),
    }


def _check(url: str | None, events: list[str] | None) -> None:
    if url is not None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ApiError(400, "url is no URL", "VALIDATION_ERROR", field="url")
    if events is not None and not set(events) <= EVENTS | {"*"}:
        raise ApiError(400, "Unknown event", "VALIDATION_ERROR", field="events")


def _list(call: Call) -> Answer:
    hooks = [_show(hook) for hook in call.state.webhooks.values()]
    return Answer(200, {"data": hooks, "pagination": {"hasMore": False, "nextCursor": None}})


def _create(call: Call) -> Answer:
    body = call.body(_Create)
    _check(body.url, body.events)
    secret = f"whsec_{secrets.token_hex(16)}"
    hook = Webhook(new_id(), body.url, body.events, secret, call.now)
    call.state.webhooks[hook.id] = hook
    call.state.did("webhook_created", hook.id)
    return Answer(201, {**_show(hook), "secret": secret})


def _find(call: Call, webhook_id: str) -> Webhook:
    hook = call.state.webhooks.get(webhook_id)
    if hook is None:
        raise ApiError(404, "No such webhook")
    return hook


def _get(call: Call) -> Answer:
    return Answer(200, _show(_find(call, call.ids["id"])))


def _update(call: Call) -> Answer:
    hook = _find(call, call.ids["id"])
    body = call.body(_Update)
    sent = body.model_fields_set
    _check(body.url if "url" in sent else None, body.events if "events" in sent else None)
    for name in sent:
        setattr(hook, name, getattr(body, name))
    call.state.did("webhook_updated", hook.id)
    return Answer(200, _show(hook))


def _delete(call: Call) -> Answer:
    hook = _find(call, call.ids["id"])
    del call.state.webhooks[hook.id]
    call.state.did("webhook_deleted", hook.id)
    return Answer(204)


async def _test(call: Call) -> Answer:
    """Deliver once and tell how it went: a refusal by the receiver is still a 200."""
    webhook_id = check_id(call.body(_Test).webhook_id, "webhookId")
    hook = _find(call, webhook_id)
    if not hook.enabled:
        raise ApiError(409, "The webhook is disabled")
    event = next((name for name in hook.events if name in EVENTS), "post.published")
    outbox = Outbox(sign_voxburst, call.state.clock, delays_s=(), transport=call.state.transport)
    outbox.post(hook.url, hook.secret, call.state.envelope(event, {"test": True}, call.now))
    started = real_now()
    await outbox.flush()
    attempt = outbox.attempts[-1]
    answered = attempt.status > 0
    delivery: Json = {
        "id": new_id(),
        "webhookId": hook.id,
        "eventType": event,
        "url": hook.url,
        "statusCode": attempt.status if answered else None,
        "latencyMs": round((real_now() - started) * 1000) if answered else None,
        "responseBody": None,
        "retryCount": 0,
        "success": attempt.delivered,
        "error": None if attempt.delivered else _problem(attempt.status),
        "createdAt": stamp(call.now),
        "deliveredAt": stamp(attempt.at) if attempt.delivered else None,
    }
    call.state.did("webhook_tested", hook.id)
    return Answer(200, {"data": delivery})


def _problem(status: int) -> str:
    if status < 0:
        return "The sandbox sends to loopback addresses only"
    return f"The receiver answered {status}" if status else "Nothing answered"


def _tunnel(_: Call) -> Answer:
    raise ApiError(400, "Upgrade to WebSocket required")


OPERATIONS = (
    Operation("GET", "/webhooks", _list, "webhooks:read"),
    Operation("POST", "/webhooks", _create, "webhooks:write"),
    Operation("GET", "/webhooks/{id}", _get, "webhooks:read"),
    Operation("PATCH", "/webhooks/{id}", _update, "webhooks:write"),
    Operation("DELETE", "/webhooks/{id}", _delete, "webhooks:write"),
    Operation("POST", "/webhooks/test", _test, "webhooks:write"),
    Operation("GET", "/webhooks/tunnel", _tunnel),
)

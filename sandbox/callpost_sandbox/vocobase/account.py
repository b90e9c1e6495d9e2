"""Configuration of the account and its webhooks (vocobase.md section 7).

Endpoints have to be HTTPS; the sandbox takes `http` on loopback as well, where a test listens.
"""

import secrets
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import (
    Ask,
    Body,
    Operation,
    conflict,
    forbidden,
    invalid,
    not_found,
    ok,
)
from callpost_sandbox.vocobase.state import Record, State
from callpost_sandbox.webhooks import is_loopback

__all__ = ["OPERATIONS"]

_MOST_ENDPOINTS = 5
_LEGACY = "default"


class _Legacy(Body):
    webhook_url: str


class _Endpoint(Body):
    label: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
    url: str
    enabled: bool = True


async def _config(ask: Ask) -> Response:
    state = ask.state
    legacy = _labelled(state, _LEGACY)
    telephony = {
        connection["provider"]: {"configured": True, "from_number": connection["caller_id"]}
        for connection in state.connections.values()
        if connection["is_default"]
    }
    return ok(
        {
            "name": "sandbox",
            "display_name": "Sandbox",
            "agent_limit": state.agent_limit,
            "current_agent_count": len(state.agents),
            "allowed_voices": [voice["id"] for voice in state.voices],
            "allowed_languages": sorted({voice["language"] for voice in state.voices}),
            "allowed_telephony_providers": state.allowed_providers,
            "status": state.account_status,
            "credits": state.balance,
            "webhook": {
                "configured": legacy is not None,
                "url": None if legacy is None else legacy["url"],
                "secret": None,
            },
            "webhooks": [_view(hook) for hook in state.webhooks.values()],
            "telephony": {
                name: telephony.get(name, {"configured": False, "from_number": None})
                for name in {*state.allowed_providers, *telephony}
            },
        }
    )


async def _set_legacy(ask: Ask) -> Response:
    body = await ask.body(_Legacy)
    _check_url("webhook_url", body.webhook_url)
    state = ask.state
    hook = _labelled(state, _LEGACY) or _new(state, _LEGACY)
    hook |= {"url": body.webhook_url, "secret": _secret(), "updated_at": state.stamp()}
    state.journal.did("webhook_secret", hook["id"])
    message = "Store the secret; it is not shown again"
    answer = {"webhook_url": hook["url"], "webhook_secret": hook["secret"], "message": message}
    return ok(answer)


async def _create(ask: Ask) -> Response:
    body = await ask.body(_Endpoint)
    _check_url("url", body.url)
    state = ask.state
    if body.label == _LEGACY:
        raise invalid("label: default is reserved")
    if _labelled(state, body.label) is not None:
        raise conflict("This label is taken")
    hook = _new(state, body.label)
    hook |= {"url": body.url, "enabled": body.enabled}
    state.journal.did("webhook_endpoint", hook["id"])
    message = "Store the secret; it is not shown again"
    return ok({**_view(hook), "secret": hook["secret"], "message": message}, 201)


async def _rotate(ask: Ask) -> Response:
    hook = ask.state.webhooks.get(ask.path("id"))
    if hook is None:
        raise not_found("Webhook endpoint")
    hook |= {"secret": _secret(), "updated_at": ask.state.stamp()}
    ask.state.journal.did("webhook_secret", hook["id"])
    message = "The former secret is no longer valid"
    answer = {name: hook[name] for name in ("id", "label", "secret")}
    return ok({**answer, "message": message})


def _new(state: State, label: str) -> Record:
    if len(state.webhooks) >= _MOST_ENDPOINTS:
        raise forbidden(f"At most {_MOST_ENDPOINTS} webhook endpoints")
    now = state.stamp()
    hook: Record = {
        "id": state.new_id(),
        "label": label,
        "url": "",
        "enabled": True,
        "secret": _secret(),
        "last_delivery_at": None,
        "last_delivery_status": None,
        "created_at": now,
        "updated_at": now,
    }
    state.webhooks[hook["id"]] = hook
    return hook


def _labelled(state: State, label: str) -> Record | None:
    return next((hook for hook in state.webhooks.values() if hook["label"] == label), None)


def _view(hook: Record) -> Record:
    return {name: value for name, value in hook.items() if name != "secret"}


def _secret() -> str:
    return "whsec_" + secrets.token_hex(16)


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
        good = good and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise invalid(f"{name}: has to be an https address")


OPERATIONS = (
    Operation("GET", "/config", _config),
    Operation("PUT", "/config/webhook", _set_legacy),
    Operation("POST", "/config/webhooks", _create),
    Operation("POST", "/config/webhooks/{id}/rotate-secret", _rotate),
)

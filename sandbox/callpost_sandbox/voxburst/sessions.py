"""Who is asking, what they are told, and whether anybody is there (voxburst.md sections 1 and 15).

A person logs in with `demo@voxburst.example` and the password `sandbox`; the one of
`new@voxburst.example` is not confirmed yet and gets 403.
"""

from pydantic import Field

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.values import new_id

__all__ = ["OPERATIONS"]

_PASSWORD = "sandbox"  # noqa: S105 -- the only one of an imaginary person, documented above
_DEFAULTS: Json = {
    "emailEnabled": True,
    "pushEnabled": False,
    "postPublished": True,
    "postFailed": True,
    "weeklyDigest": False,
    "analyticsReport": False,
    "webhookFailed": True,
    "approvalUpdates": True,
    "timezone": "UTC",
    "dormantLastPublishedEnabled": False,
    "dormantLastPublishedDays": 14,
    "dormantNoScheduledEnabled": False,
    "dormantNoScheduledDays": 7,
    "dormantWatchedAccountIds": [],
    "marketingEmails": False,
}


class _Login(Body):
    email: str
    password: str


class _Preferences(Body):
    email_enabled: bool = True
    push_enabled: bool = False
    post_published: bool = True
    post_failed: bool = True
    weekly_digest: bool = False
    analytics_report: bool = False
    webhook_failed: bool = True
    approval_updates: bool = True
    timezone: str = "UTC"
    dormant_last_published_enabled: bool = False
    dormant_last_published_days: int = 14
    dormant_no_scheduled_enabled: bool = False
    dormant_no_scheduled_days: int = 7
    dormant_watched_account_ids: list[str] = Field(default_factory=list)
    marketing_emails: bool = False


def _me(call: Call) -> Answer:
    body = {
        "workspaceId": call.state.workspace_id,
        "workspaceName": "Sandbox",
        "plan": call.state.plan.upper(),
    }
    return Answer(200, body)


def _login(call: Call) -> Answer:
    body = call.body(_Login)
    if body.password != _PASSWORD:
        raise ApiError(401, "Wrong email or password")
    if body.email == "new@voxburst.example":
        raise ApiError(403, "The account is not confirmed")
    if body.email != "demo@voxburst.example":
        raise ApiError(401, "Wrong email or password")
    token = f"eyJ{new_id()}"
    call.state.sessions.add(token)
    return Answer(200, {"accessToken": token})


def _preferences(call: Call) -> Answer:
    saved = call.state.preferences
    body = {"preferences": {**_DEFAULTS, **(saved or {})}, "isDefault": saved is None}
    return Answer(200, body)


def _save(call: Call) -> Answer:
    changes = call.body(_Preferences).model_dump(by_alias=True, exclude_unset=True)
    call.state.preferences = {**(call.state.preferences or {}), **changes}
    call.state.did("preferences_saved", call.state.member_id)
    return _preferences(call)


def _health(_: Call) -> Answer:
    return Answer(200, {"status": "ok"})


OPERATIONS = (
    Operation("GET", "/auth/me", _me),
    Operation("POST", "/auth/login", _login, needs_key=False),
    Operation("GET", "/settings/notifications", _preferences),
    Operation("PUT", "/settings/notifications", _save),
    Operation("GET", "/health", _health, needs_key=False),
    Operation("GET", "/ready", _health, needs_key=False),
)

"""The world behind the API: one workspace, what is in it, and what its plan allows."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from callpost_sandbox.clock import SandboxClock
from callpost_sandbox.journal import Journal
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.voxburst.answers import ApiError, Json
from callpost_sandbox.voxburst.records import Account, Media, Post, Webhook
from callpost_sandbox.voxburst.values import fixed_id, new_id
from callpost_sandbox.webhooks import Attempt, Outbox, iso, sign_voxburst

__all__ = ["PLANS", "SCOPES", "State", "stamp"]

PLANS = ("free", "starter", "pro", "agency")
SCOPES = frozenset(
    {
        "posts:read",
        "posts:write",
        "accounts:read",
        "accounts:write",
        "media:read",
        "media:write",
        "webhooks:read",
        "webhooks:write",
        "personas:write",
        "billing:write",
        "hashtag-sets:write",
    }
)
_CREDITS = 50  # the real numbers are not documented


def stamp(at: float | None) -> str | None:
    """Write an instant, or null: an empty optional field is never absent (section 5)."""
    return None if at is None else iso(at)


class State:
    """Everything that requests read and change.

    Attributes that a test may set: `plan`, `scopes`, `credits`, `ai_addon`, `payments_on` (False
    answers 503 on billing), `post_quota` and `account_quota` (None: without end; the real numbers
    are not documented).
    """

    def __init__(
        self,
        settings: SandboxSettings,
        clock: SandboxClock,
        journal: Journal,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.journal = journal
        self.transport = transport
        self.outbox = Outbox(sign_voxburst, clock, speed=settings.speed, transport=transport)
        self.workspace_id = fixed_id("workspace")
        self.member_id = fixed_id("member")
        self.plan: str = settings.plan
        self.scopes = SCOPES
        self.credits = _CREDITS
        self.ai_addon = False
        self.payments_on = True
        self.post_quota: int | None = None
        self.account_quota: int | None = None
        self.posts: dict[str, Post] = {}
        self.live_posts: set[str] = set()
        """Ids of posts that time changes: scheduled and publishing ones."""
        self.accounts: dict[str, Account] = {}
        self.sessions: set[str] = set()
        self.oauth: dict[str, str] = {}
        self.media: dict[str, Media] = {}
        self.live_media: set[str] = set()
        self.webhooks: dict[str, Webhook] = {}
        self.personas: dict[str, Json] = {}
        self.hashtag_sets: dict[str, Json] = {}
        self.contacts: list[Json] = []
        self.sequences: list[Json] = []
        self.broadcasts: list[Json] = []
        self.workflows: dict[str, Json] = {}
        self.image_jobs: dict[str, Json] = {}
        self.preferences: Json | None = None
        self.pending_plan: str | None = None

    def now(self) -> float:
        """Return the sandbox's time."""
        return self.clock.now()

    def wall(self) -> float:
        """Return what a calendar shows: when something was made, as a client compares it."""
        return self.clock.wall()

    def did(self, kind: str, subject: str) -> None:
        """Keep an effect in the journal."""
        self.journal.did(kind, subject)

    def need_scope(self, scope: str | None) -> None:
        """Refuse what the key's scopes do not cover; None: the contract names none."""
        if scope is not None and scope not in self.scopes:
            raise ApiError(403, f"The key has no scope {scope}", scope=scope)

    def need_plan(self, least: str, feature: str) -> None:
        """Refuse a feature that the plan does not have (section 12)."""
        if PLANS.index(self.plan) < PLANS.index(least):
            message = f"{feature} needs the {least} plan or higher"
            raise ApiError(403, message, "PLAN_UPGRADE_REQUIRED", feature=feature)

    def need_ai(self) -> None:
        """Refuse AI without a plan or an add-on that has it."""
        if not self.ai_addon:
            self.need_plan("starter", "ai")

    def spend(self, amount: int) -> None:
        """Take credits, all or nothing."""
        if self.credits < amount:
            raise ApiError(402, "Not enough credits", required=amount, available=self.credits)
        self.credits -= amount
        self.did("credits_spent", str(amount))

    def room_for_posts(self, count: int = 1) -> None:
        """Refuse posts over the plan's number."""
        if self.post_quota is not None and len(self.posts) + count > self.post_quota:
            raise ApiError(402, "The plan's number of posts is reached", limit=self.post_quota)

    def emit(self, event: str, data: Mapping[str, Any], at: float) -> None:
        """Queue an event for every enabled webhook that subscribed to it (section 10)."""
        hooks = [hook for hook in self.webhooks.values() if hook.enabled]
        for hook in hooks:
            if event in hook.events or "*" in hook.events:
                self.outbox.post(
                    hook.url, hook.secret, self.envelope(event, data, at), _keeper(hook)
                )

    def envelope(self, event: str, data: Mapping[str, Any], at: float) -> bytes:
        """Write the body of a delivery."""
        body = {"id": new_id(), "type": event, "createdAt": stamp(at), "data": data}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _keeper(hook: Webhook) -> Callable[[Attempt], None]:
    def keep(attempt: Attempt) -> None:
        hook.last_delivery_at = attempt.at
        hook.failure_count = 0 if attempt.delivered else hook.failure_count + 1

    return keep

"""Notification preferences (contract path /settings/notifications)."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel

from callpost.fields import Id, unordered
from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, route
from callpost_voxburst.answers import least
from callpost_voxburst.api import FAMILY

__all__ = ["settings"]

settings = FAMILY.toolset("settings", title="Settings")

Days = Annotated[int, Field(ge=1, le=3650)]


class NotificationPreferences(Result):
    """What a person is told about (contract NotificationPreferences)."""

    email_enabled: bool | None = None
    push_enabled: bool | None = None
    post_published: bool | None = None
    post_failed: bool | None = None
    weekly_digest: bool | None = None
    analytics_report: bool | None = None
    webhook_failed: bool | None = None
    approval_updates: bool | None = None
    timezone: str | None = None
    dormant_last_published_enabled: bool | None = None
    dormant_last_published_days: int | None = None
    dormant_no_scheduled_enabled: bool | None = None
    dormant_no_scheduled_days: int | None = None
    dormant_watched_account_ids: tuple[str, ...] | None = None
    marketing_emails: bool | None = None


class NotificationSettings(Result):
    """The preferences, and whether any was ever saved."""

    preferences: NotificationPreferences | None = None
    is_default: bool | None = None


class GetNotificationSettings(Args):
    """Nothing to choose."""


class UpdateNotificationSettings(Args):
    """What to change; the names are those of the contract."""

    email_enabled: bool | None = None
    push_enabled: bool | None = None
    post_published: bool | None = None
    post_failed: bool | None = None
    weekly_digest: bool | None = None
    analytics_report: bool | None = None
    webhook_failed: bool | None = None
    approval_updates: bool | None = None
    timezone: (
        Annotated[
            str,
            Field(
                pattern=r"^[A-Za-z0-9_+/-]+$", max_length=64, description="Such as Europe/Berlin"
            ),
        ]
        | None
    ) = None
    dormant_last_published_enabled: bool | None = None
    dormant_last_published_days: Days | None = None
    dormant_no_scheduled_enabled: bool | None = None
    dormant_no_scheduled_days: Days | None = None
    dormant_watched_account_ids: Annotated[tuple[Id, ...], unordered] | None = None
    marketing_emails: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        least(self.body(), "the settings")
        return self

    def body(self) -> dict[str, Any]:
        """The wire's names, of what changes."""
        return {to_camel(name): value for name, value in self.given().items()}


@settings.tool(effect=Effect.READS, operations=("getNotificationSettings",))
async def get_notification_settings(
    args: GetNotificationSettings,  # noqa: ARG001 because every handler takes both
    call: Call,
) -> NotificationSettings:
    """Read which notices VoxBurst sends the user. The service may want a login, not a key."""
    return await call.get(route("/settings/notifications"), into=NotificationSettings)


@settings.tool(
    effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updateNotificationSettings",)
)
async def update_notification_settings(
    args: UpdateNotificationSettings, call: Call
) -> NotificationSettings:
    """Change which notices VoxBurst sends the user; what is not given stays as it is."""
    path = route("/settings/notifications")
    return await call.put(path, args.body(), into=NotificationSettings)

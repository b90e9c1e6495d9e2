"""Request bodies of posts, and what is checked about them (voxburst.openapi.yaml, schemas)."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from callpost_sandbox.voxburst import platforms
from callpost_sandbox.voxburst.answers import ApiError
from callpost_sandbox.voxburst.call import Body
from callpost_sandbox.voxburst.state import State
from callpost_sandbox.voxburst.values import check_ids, check_metadata

__all__ = [
    "BulkBody",
    "BulkItem",
    "ContentType",
    "CreateBody",
    "FixBody",
    "UpdateBody",
    "ValidateBody",
    "check_platforms",
    "check_references",
]

ContentType = Literal["TEXT", "IMAGE", "VIDEO", "CAROUSEL", "THREAD", "STORY", "REEL"]
_CONSTANT = re.compile(r"[A-Z_]+")


def _constant(value: str) -> str:
    # An open set, but always upper case in requests (section 5).
    if _CONSTANT.fullmatch(value) is None:
        raise ValueError("a platform constant is UPPERCASE")
    return value


Constant = Annotated[str, AfterValidator(_constant)]


class Override(Body):
    """Replacement for one platform."""

    content: str | None = None


class ThreadItem(Body):
    """One more post of a thread."""

    sequence: int = Field(ge=1, le=25)
    content: str
    media_ids: list[str] = Field(default_factory=list)


def _contiguous(items: list[ThreadItem]) -> list[ThreadItem]:
    if sorted(item.sequence for item in items) != list(range(1, len(items) + 1)):
        raise ValueError("sequences start at 1 and have no gaps")
    return items


class UpdateBody(Body):
    """All optional; members that were not sent do not change. A null is no way to leave out."""

    content: str = Field(default="", min_length=1, max_length=10_000)
    account_ids: list[str] = Field(default_factory=list, min_length=1)
    scheduled_for: str = ""
    content_type: ContentType = "TEXT"
    platform_overrides: dict[Constant, Override] = Field(default_factory=dict)
    platform_metadata: dict[Constant, dict[str, Any]] = Field(default_factory=dict)
    media: list[str] = Field(default_factory=list)
    persona_id: str | None = None
    thread_posts: Annotated[list[ThreadItem], AfterValidator(_contiguous)] = Field(
        default_factory=list[ThreadItem], max_length=25
    )
    first_comment: str = Field(default="", max_length=2_200)
    first_comment_delay: int = Field(default=0, ge=0, le=60)
    tags: list[str] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)

    def sent(self, name: str) -> bool:
        """Whether the request has this member."""
        return name in self.model_fields_set


class CreateBody(UpdateBody):
    """A new post. `scheduledFor` and `queue` exclude each other."""

    content: str = Field(min_length=1, max_length=10_000)
    account_ids: list[str] = Field(min_length=1)
    save_as_draft: bool = False
    queue: bool = False


class BulkItem(Body):
    """One post of a bulk request: no draft and no queue, as far as the sources show."""

    content: str = Field(min_length=1, max_length=10_000)
    account_ids: list[str] = Field(min_length=1)
    scheduled_for: str = ""
    media: list[str] = Field(default_factory=list)
    platform_overrides: dict[Constant, Override] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    first_comment: str = Field(default="", max_length=2_200)
    first_comment_delay: int = Field(default=0, ge=0, le=60)


class BulkBody(Body):
    """Up to 50 posts, checked one by one."""

    posts: list[dict[str, Any]] = Field(min_length=1, max_length=50)
    dry_run: bool = False


class FixBody(Body):
    """What to change about one target; nothing just queues it again."""

    media_url: str = ""
    content: str = ""
    refresh_media: bool = False


class MediaItem(Body):
    """A file that exists only as a description."""

    type: Literal["image", "video", "gif"]
    url: str = ""
    mime_type: str = ""
    size_bytes: int = 0
    duration_ms: int = 0


class ValidateBody(Body):
    """Content and platform constants (not accounts). `contentType` is no documented member."""

    content: str
    platforms: list[Constant] = Field(min_length=1)
    media_ids: list[str] = Field(default_factory=list)
    media: list[MediaItem] = Field(default_factory=list[MediaItem])
    first_comment: str = ""
    platform_metadata: dict[str, dict[str, Any]] = Field(default_factory=dict)
    content_type: ContentType | None = None


def check_references(state: State, body: UpdateBody) -> None:
    """Refuse what a post may not point at, malformed ids first."""
    check_ids(body.account_ids, "accountIds")
    check_ids(body.media, "media")
    if body.persona_id is not None:
        check_ids([body.persona_id], "personaId")
    check_metadata(body.metadata)
    for account_id in body.account_ids:
        account = state.accounts.get(account_id)
        if account is None or account.status == "disconnected":
            message = "No such connected account"
            raise ApiError(400, message, "ACCOUNT_NOT_FOUND", field="accountIds", id=account_id)
    for media_id in [*body.media, *(m for item in body.thread_posts for m in item.media_ids)]:
        media = state.media.get(media_id)
        if media is None or media.status != "READY":
            message = "Only READY media can be attached"
            raise ApiError(400, message, "VALIDATION_ERROR", field="media", id=media_id)
    if body.persona_id is not None and body.persona_id not in state.personas:
        raise ApiError(400, "No such persona", "VALIDATION_ERROR", field="personaId")


def check_platforms(state: State, body: UpdateBody) -> None:
    """Refuse what a platform is known to refuse."""
    content_type = body.content_type if body.sent("content_type") else None
    for account_id in body.account_ids:
        platform = platforms.constant(state.accounts[account_id].platform)
        override = body.platform_overrides.get(platform)
        text = (override.content if override else None) or body.content
        for problem in platforms.problems(
            platform, text, media=len(body.media), content_type=content_type
        ):
            # The errors page's example has VALIDATION_ERROR for texts that are too long.
            code = "VALIDATION_ERROR" if problem.max_length else problem.code
            details: dict[str, object] = {"field": problem.field, "platform": platform}
            if problem.max_length:
                details |= {"maxLength": problem.max_length, "actualLength": problem.actual_length}
            raise ApiError(400, problem.message, code, **details)

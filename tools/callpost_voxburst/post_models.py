"""What VoxBurst answers about posts.

Source: contract `voxburst.openapi.yaml`, schema names beside each model.
"""

from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import BeforeValidator, Field

from callpost.models import Result
from callpost_voxburst.paging import Pagination, cut
from callpost_voxburst.platforms import Lower

__all__ = [
    "MediaAttachment",
    "PlatformVerdict",
    "Post",
    "PostList",
    "PostPage",
    "PostSummary",
    "PostTarget",
    "PublishError",
    "RetriedPost",
    "RetryTarget",
    "ValidationIssue",
    "Verdict",
]


class PublishError(Result):
    """Why a target failed."""

    code: str | None = None
    message: str | None = None
    details: dict[str, Any] | None = None


def _error(value: Any) -> Any:
    return {"message": value} if isinstance(value, str) else value


class PostTarget(Result):
    """One account of a post, with a fate of its own (PostPlatform)."""

    post_platform_id: str | None = None
    platform: Lower | None = None
    account_id: str | None = None
    account_name: str | None = None
    account_avatar_url: str | None = None
    account_status: Lower | None = None
    status: Lower | None = None
    platform_post_id: str | None = None
    platform_post_url: str | None = None
    published_at: str | None = None
    error: Annotated[PublishError | None, BeforeValidator(_error)] = None


class MediaAttachment(Result):
    """A file of a post."""

    id: str | None = None
    url: str | None = None
    type: str | None = None


def _targets(value: Any) -> Any:
    """The oldest form was an array of platform constants."""
    if not isinstance(value, list):
        return value
    items = cast("list[Any]", value)
    return [{"platform": item} if isinstance(item, str) else item for item in items]


class Post(Result):
    """A post as the service knows it."""

    forgives: ClassVar[bool] = True
    unstored: ClassVar[frozenset[str]] = frozenset({"content", "metadata", "media"})

    id: str
    status: Lower | None = None
    content: str | None = None
    scheduled_for: str | None = None
    published_at: str | None = None
    platforms: Annotated[tuple[PostTarget, ...] | None, BeforeValidator(_targets)] = None
    media: tuple[MediaAttachment, ...] | None = None
    metadata: dict[str, Any] | None = None
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def account_ids(self) -> frozenset[str]:
        """The accounts it goes to, as far as told."""
        return frozenset(t.account_id for t in self.platforms or () if t.account_id)


class PostList(Result):
    """One page as it comes."""

    data: tuple[Post, ...]
    pagination: Pagination | None = None


class PostSummary(Result):
    """What one needs to choose a post."""

    id: str
    status: str | None = None
    content: str | None = None
    scheduled_for: str | None = None
    published_at: str | None = None
    created_at: str | None = None
    targets: tuple[str, ...] | None = None
    """Platform and status of each."""

    @classmethod
    def of(cls, post: Post, *, among: int) -> Self:
        """A post in short."""
        targets = (f"{t.platform or '?'} {t.status or ''}".strip() for t in post.platforms or ())
        return cls(
            id=post.id,
            status=post.status,
            content=cut(post.content, among=among),
            scheduled_for=post.scheduled_for,
            published_at=post.published_at,
            created_at=post.created_at,
            targets=tuple(targets) or None,
        )


class PostPage(Result):
    """Posts, newest first."""

    items: tuple[PostSummary, ...]
    next_cursor: str | None = None


class RetryTarget(Result):
    """A target that was queued again, or was not."""

    platform: Lower | None = None
    account_id: str | None = None
    retry_count: int | None = None
    next_retry_at: str | None = None
    reason: str | None = None


class RetriedPost(Result):
    """What a retry did (RetryResult)."""

    id: str
    status: Lower | None = None
    retried_platforms: tuple[RetryTarget, ...] | None = None
    skipped_platforms: tuple[RetryTarget, ...] | None = None


class ValidationIssue(Result):
    """One thing a platform objects to."""

    code: str | None = None
    message: str | None = None
    field: str | None = None
    suggestion: str | None = None


class PlatformVerdict(Result):
    """What one platform says."""

    platform: Lower | None = None
    valid: bool | None = None
    errors: tuple[ValidationIssue, ...] | None = None
    warnings: tuple[ValidationIssue, ...] | None = None


def _verdicts(value: Any) -> Any:
    """By platform, each perhaps in both casings, to one a platform (ValidatePostResponse)."""
    if not isinstance(value, dict):
        return value
    by_platform: dict[str, Any] = {}
    for name, verdict in cast("dict[str, Any]", value).items():
        if isinstance(verdict, dict):
            by_platform.setdefault(name.lower(), {**verdict, "platform": name})
    return list(by_platform.values())


class Verdict(Result):
    """Whether platforms would take a post."""

    valid: bool
    platforms: Annotated[
        tuple[PlatformVerdict, ...], BeforeValidator(_verdicts), Field(default_factory=tuple)
    ]

"""More post tools: checking before, copies, repair of one target, many posts at once.

Source: contract `voxburst.openapi.yaml` `/posts/validate`, `/posts/{id}/clone`,
`/posts/{id}/platforms/{pid}/fix`, `/posts/bulk`.
"""

from functools import partial
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from callpost.fields import Id, Instant, instant_text, unordered
from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_voxburst.platforms import Lower, Platform
from callpost_voxburst.post_fields import (
    AccountIds,
    Content,
    FirstComment,
    FirstCommentDelay,
    HttpsUrl,
    Metadata,
    PlatformOverrides,
    PlatformTexts,
    content_of,
    or_none,
)
from callpost_voxburst.post_models import Post, Verdict
from callpost_voxburst.post_settlement import (
    earliest,
    find_created,
    find_scheduled,
    refuse_past_unless_sent,
)
from callpost_voxburst.post_validation import MediaFacts, verdict_on
from callpost_voxburst.posts import PostArgs, posts

__all__ = ["BulkResult", "FixedTarget"]


class ValidatePost(Args):
    """What would be posted, and on which platforms."""

    content: Content
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1), unordered]
    media_ids: tuple[Id, ...] = ()
    media: Annotated[tuple[MediaFacts, ...], Field(description="Not yet uploaded")] = ()
    first_comment: FirstComment | None = None
    platform_overrides: PlatformOverrides = ()


@posts.tool(effect=Effect.READS, operations=("validatePost",))
async def validate_post(args: ValidatePost, call: Call) -> Verdict:
    """Check a post against platform rules without creating it."""
    return await verdict_on(
        call,
        content=args.content,
        platforms=args.platforms,
        overrides=args.platform_overrides,
        media_ids=args.media_ids,
        media=args.media,
        first_comment=args.first_comment,
    )


async def _find_copy(call: Call, post_id: str, sent: Sent) -> Post | None:
    original = await call.get(route("/posts/{}", post_id), into=Post)
    accounts = tuple(sorted(original.account_ids))
    return await find_created(call, original.content or "", accounts, sent, but=post_id)


@posts.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("clonePost",), default=False)
async def clone_post(args: PostArgs, call: Call) -> Post:
    """Copy a post of any status into a new draft; returns the draft."""
    return await call.post(
        route("/posts/{}/clone", args.post_id),
        into=Post,
        settle=partial(_find_copy, call, args.post_id),
    )


class FixPostTarget(PostArgs):
    """Which target, and how; nothing named just queues it again."""

    post_platform_id: Annotated[Id, Field(description="From get_post")]
    content: Content | None = None
    media_url: Annotated[HttpsUrl | None, Field(description="Replaces its media")] = None
    refresh_media: Annotated[bool, Field(description="Re-encode its first image")] = False

    @model_validator(mode="after")
    def _one_remedy(self) -> Self:
        if self.media_url is not None and self.refresh_media:
            raise ValueError("media_url and refresh_media exclude each other")
        return self

    def body(self) -> dict[str, Any]:
        """FixPlatformRequest."""
        wire = {"content": "content", "media_url": "mediaUrl", "refresh_media": "refreshMedia"}
        given = self.model_dump(mode="json", exclude_defaults=True)
        return {name: given[ours] for ours, name in wire.items() if ours in given}


class FixedTarget(Result):
    """What the repair answers (FixPlatformResult)."""

    upstream_id_field = "platform_id"

    success: bool
    platform_id: str | None = None
    status: Lower | None = None


async def _target_status(call: Call, args: FixPostTarget) -> str | None:
    post = await call.get(route("/posts/{}", args.post_id), into=Post)
    statuses = [
        target.status
        for target in post.platforms or ()
        if target.post_platform_id == args.post_platform_id
    ]
    return statuses[0] if statuses else None


async def _target_is_well(args: FixPostTarget, call: Call) -> bool:
    return await _target_status(call, args) != "failed"


async def _find_fixed(call: Call, args: FixPostTarget, _sent: Sent) -> FixedTarget | None:
    status = await _target_status(call, args)
    if status is None or status == "failed":
        return None
    return FixedTarget(success=True, platform_id=args.post_platform_id, status=status)


@posts.tool(
    effect=Effect.SENDS,
    dedupe=Dedupe.BRIEF,
    stands=_target_is_well,
    operations=("fixPostPlatform",),
    default=False,
)
async def fix_post_target(args: FixPostTarget, call: Call) -> FixedTarget:
    """Repair one failed target of a post and publish only it again."""
    return await call.post(
        route("/posts/{}/platforms/{}/fix", args.post_id, args.post_platform_id),
        args.body(),
        into=FixedTarget,
        settle=partial(_find_fixed, call, args),
    )


class BulkPost(Args):
    """One of many posts; without an instant it might go out at once, so it needs one."""

    content: Content
    account_ids: AccountIds
    when: Instant
    media_ids: tuple[Id, ...] = ()
    platform_overrides: PlatformTexts = ()
    first_comment: FirstComment | None = None
    first_comment_delay_s: Annotated[FirstCommentDelay | None, AfterValidator(or_none)] = None
    metadata: Annotated[Metadata | None, Field(description="JSON object")] = None

    def body(self) -> dict[str, Any]:
        """BulkCreatePostItem."""
        return content_of(self) | {"scheduledFor": instant_text(self.when)}


class CreatePosts(Args):
    """Many posts, each scheduled."""

    posts: Annotated[tuple[BulkPost, ...], Field(min_length=1, max_length=50)]
    dry_run: Annotated[bool, Field(description="Only check")] = False

    def body(self) -> dict[str, Any]:
        """BulkCreatePostsRequest."""
        dry_run = {"dryRun": True} if self.dry_run else {}
        return {"posts": [post.body() for post in self.posts], **dry_run}


class BulkProblem(Result):
    """Why one was not created."""

    field: str | None = None
    issue: str | None = None
    detail: str | None = None


class BulkItem(Result):
    """What became of one."""

    index: int | None = None
    status: Lower | None = None
    post_id: str | None = None
    errors: tuple[BulkProblem, ...] | None = None


class BulkResult(Result):
    """What became of each (BulkCreatePostsResponse)."""

    results: tuple[BulkItem, ...]
    total: int | None = None
    created: int | None = None
    failed: int | None = None
    dry_run: bool | None = None


@posts.tool(
    effect=Effect.SENDS,
    dedupe=Dedupe.CONTENT,
    operations=("bulkCreatePosts",),
    default=False,
)
async def create_posts(args: CreatePosts, call: Call) -> BulkResult:
    """Schedule up to 50 posts at once; each succeeds or fails for itself, so read results."""
    if args.dry_run:
        return await call.post(route("/posts/bulk"), args.body(), into=BulkResult, repeatable=True)
    await refuse_past_unless_sent(
        call, [(f"posts.{n}.when", post, post.when) for n, post in enumerate(args.posts)]
    )
    look = partial(_find_bulk, call, args)
    return await call.post(route("/posts/bulk"), args.body(), into=BulkResult, settle=look)


async def _find_bulk(call: Call, args: CreatePosts, sent: Sent) -> BulkResult | None:
    """Which of many are there; if one is, the request was carried out, and the rest failed."""
    wanted = [(post, post.when) for post in args.posts]
    found = await find_scheduled(call, wanted, since=partial(earliest, sent))
    ids = [post.id if post else None for post in found]
    if not any(ids):
        return None
    lost = (BulkProblem(issue="not among the posts; its reason is lost"),)
    return BulkResult(
        results=tuple(
            BulkItem(index=index, status="created", post_id=post_id)
            if post_id
            else BulkItem(index=index, status="failed", errors=lost)
            for index, post_id in enumerate(ids)
        ),
        total=len(ids),
        created=len(ids) - ids.count(None),
        failed=ids.count(None),
    )

"""The post tools of daily work.

Source: contract `voxburst.md` sections 7 and 11, `voxburst.openapi.yaml` paths `/posts*`.
"""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from callpost.errors import Refused
from callpost.fields import NOT_IN_KEY, Id, Instant, instant_text
from callpost.models import Args
from callpost.toolset import Call, Dedupe, Effect, route
from callpost_voxburst.answers import Deleted
from callpost_voxburst.api import FAMILY
from callpost_voxburst.paging import Paged
from callpost_voxburst.platforms import Platform
from callpost_voxburst.post_fields import (
    AccountIds,
    Content,
    ContentType,
    FirstComment,
    FirstCommentDelay,
    Metadata,
    PlatformOverrides,
    Tags,
    Thread,
    When,
    content_of,
    or_none,
    refuse_past,
)
from callpost_voxburst.post_models import Post, PostList, PostPage, PostSummary, RetriedPost
from callpost_voxburst.post_settlement import (
    find_created,
    find_published,
    find_retried,
    refuse_past_unless_sent,
)
from callpost_voxburst.post_validation import refuse_unfit

__all__ = ["PostArgs", "posts"]

posts = FAMILY.toolset("posts", title="Posts", default=True)


class CreatePost(Args):
    """What to post, where and when."""

    content: Content
    account_ids: AccountIds
    when: Annotated[When, Field(description='"draft", "now", "queue" or a time with offset')]
    media_ids: Annotated[tuple[Id, ...], Field(description="READY media")] = ()
    content_type: Annotated[ContentType | None, Field(description="Instagram needs it")] = None
    platform_overrides: Annotated[PlatformOverrides, Field(description="What differs there")] = ()
    thread: Annotated[Thread | None, Field(description="X, Threads: all its posts in order")] = None
    first_comment: FirstComment | None = None
    first_comment_delay_s: Annotated[FirstCommentDelay | None, AfterValidator(or_none)] = None
    tags: Annotated[Tags, Field(description="Internal")] = ()
    persona_id: Id | None = None
    metadata: Annotated[Metadata | None, Field(description="JSON object")] = None
    validate_first: Annotated[
        bool | None,
        NOT_IN_KEY,
        # Pydantic has the name for itself; agents and the API do not.
        Field(alias="validate", description="Ask platform rules before"),
    ] = None

    @model_validator(mode="after")
    def _comments_before_delaying(self) -> Self:
        if self.first_comment_delay_s and self.first_comment is None:
            raise ValueError("first_comment_delay_s needs first_comment")
        return self

    def body(self) -> dict[str, Any]:
        """CreatePostRequest with exactly one of saveAsDraft, scheduledFor, queue (section 7)."""
        if isinstance(self.when, datetime):
            intent: dict[str, Any] = {"scheduledFor": instant_text(self.when)}
        else:
            intent = {"queue": True} if self.when == "queue" else {"saveAsDraft": True}
        return content_of(self) | intent


@posts.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT, operations=("createPost",))
async def create_post(args: CreatePost, call: Call) -> Post:
    """Post to connected accounts: now, later, queued or as a draft. Returns its id and status."""
    look = partial(find_created, call, args.content, args.account_ids)
    if isinstance(args.when, datetime):
        await refuse_past_unless_sent(call, [("when", args, args.when)])
    if args.validate_first and not call.is_resumed:
        await refuse_unfit(
            call,
            content=args.content,
            account_ids=args.account_ids,
            overrides=args.platform_overrides,
            media_ids=args.media_ids,
            first_comment=args.first_comment,
        )
    post = await call.post(route("/posts"), args.body(), into=Post, settle=look)
    return await _published(post.id, call) if args.when == "now" else post


async def _published(draft_id: str, call: Call) -> Post:
    try:
        return await call.post(
            route("/posts/{}/publish", draft_id),
            into=Post,
            settle=partial(find_published, call, draft_id),
        )
    except Refused as refused:
        raise Refused(
            f"The draft {draft_id} is saved, but publishing it was refused.",
            code=refused.code,
            side_effect="done",
            next_step=(
                "Do not create it again: when the cause is gone, call publish_post with post_id "
                f"{draft_id}; or remove it with delete_post."
            ),
            upstream=refused.upstream,
        ) from refused


class PostArgs(Args):
    """Which post."""

    post_id: Id


class ListPosts(Paged):
    """Which posts."""

    status: str | None = None
    platform: Platform | None = None
    account_id: Id | None = None
    since: Instant | None = None
    until: Instant | None = None

    def query(self) -> dict[str, str | int | bool | None]:
        """Filters are upper case (section 5)."""
        return self.page() | {
            "status": self.status.upper() if self.status else None,
            "platform": self.platform,
            "accountId": self.account_id,
            "from": instant_text(self.since) if self.since else None,
            "to": instant_text(self.until) if self.until else None,
        }


@posts.tool(effect=Effect.READS, operations=("listPosts",))
async def list_posts(args: ListPosts, call: Call) -> PostPage:
    """Posts, newest first, with long texts cut."""
    found = await call.get(route("/posts"), into=PostList, query=args.query())
    return PostPage(
        items=tuple(PostSummary.of(post, among=len(found.data)) for post in found.data),
        next_cursor=found.pagination.following if found.pagination else None,
    )


@posts.tool(effect=Effect.READS, operations=("getPost",))
async def get_post(args: PostArgs, call: Call) -> Post:
    """One post with the result and error of every target account."""
    return await call.get(route("/posts/{}", args.post_id), into=Post)


class UpdatePost(PostArgs):
    """What to change; what is left out stays."""

    content: Content | None = None
    account_ids: AccountIds | None = None
    when: Instant | None = None
    media_ids: Annotated[tuple[Id, ...] | None, Field(description="Replaces all")] = None
    content_type: Annotated[ContentType | None, WithJsonSchema({"type": "string"})] = None
    platform_overrides: PlatformOverrides | None = None
    thread: Thread | None = None
    first_comment: FirstComment | None = None
    first_comment_delay_s: FirstCommentDelay | None = None
    tags: Tags | None = None
    persona_id: Id | None = None
    no_persona: bool | None = None
    metadata: Annotated[Metadata | None, Field(description="JSON object")] = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.no_persona and self.persona_id is not None:
            raise ValueError("persona_id and no_persona exclude each other")
        if not self.body():
            raise ValueError("names nothing to change")
        return self

    def body(self) -> dict[str, Any]:
        """UpdatePostRequest; a null persona takes it away."""
        return {
            **content_of(self),
            **({"scheduledFor": instant_text(self.when)} if self.when else {}),
            **({"personaId": None} if self.no_persona else {}),
        }


@posts.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updatePost",))
async def update_post(args: UpdatePost, call: Call) -> Post:
    """Change or reschedule a draft or scheduled post."""
    if args.when is not None:
        refuse_past(args.when, call.now())
    return await call.patch(route("/posts/{}", args.post_id), args.body(), into=Post)


async def _went_out(args: PostArgs, call: Call) -> bool:
    post = await call.get(route("/posts/{}", args.post_id), into=Post)
    return post.status not in {"draft", "approved", "scheduled", "failed"}


@posts.tool(effect=Effect.SENDS, dedupe=Dedupe.BRIEF, stands=_went_out, operations=("publishPost",))
async def publish_post(args: PostArgs, call: Call) -> Post:
    """Publish a draft or scheduled post now; then see get_post for each target's result."""
    return await call.post(
        route("/posts/{}/publish", args.post_id),
        into=Post,
        settle=partial(find_published, call, args.post_id),
    )


@posts.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("cancelPost",))
async def cancel_post(args: PostArgs, call: Call) -> Post:
    """Cancel a draft or scheduled post but keep it; cannot be undone, only cloned."""
    path = route("/posts/{}", args.post_id)
    try:
        return await call.post(route("/posts/{}/cancel", args.post_id), into=Post, repeatable=True)
    except Refused as refused:
        if refused.code != "conflict":
            raise
        post = await call.get(path, into=Post)
        if post.status != "cancelled":
            raise
        return post


@posts.tool(effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("deletePost",))
async def delete_post(args: PostArgs, call: Call) -> Deleted:
    """Delete a draft or scheduled post for good."""
    await call.delete(route("/posts/{}", args.post_id), into=Deleted)
    return Deleted(id=args.post_id)


async def _is_repaired(args: PostArgs, call: Call) -> bool:
    post = await call.get(route("/posts/{}", args.post_id), into=Post)
    return post.status not in {"failed", "partial"}


@posts.tool(
    effect=Effect.SENDS, dedupe=Dedupe.BRIEF, stands=_is_repaired, operations=("retryPost",)
)
async def retry_post(args: PostArgs, call: Call) -> RetriedPost:
    """Queue the failed targets of a failed or partial post again; read their errors first."""
    return await call.post(
        route("/posts/{}/retry", args.post_id),
        into=RetriedPost,
        settle=partial(find_retried, call, args.post_id),
    )

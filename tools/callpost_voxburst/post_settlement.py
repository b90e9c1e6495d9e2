"""Finding out, by reading, what became of a post whose answer was lost.

Needed once the service has forgotten the idempotency key (contract `voxburst.md` section 4).
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from callpost.errors import Unsettled
from callpost.fields import canonical_text
from callpost.toolset import Call, Sent, route
from callpost_voxburst.answers import CLOCK_SLACK
from callpost_voxburst.post_models import Post, PostList, RetriedPost

__all__ = [
    "UNPUBLISHED",
    "find_created",
    "find_published",
    "find_retried",
    "find_scheduled",
]

UNPUBLISHED = frozenset({"draft", "pending_approval", "approved", "cancelled"})
"""Statuses of a post that was never handed to a platform (section 7)."""

BEFORE = timedelta(minutes=2)
"""How far two clocks may differ while nobody has told by how much."""

AFTER = timedelta(minutes=15)
"""A gateway may commit late."""

DUE_NOW = timedelta(minutes=1)
"""A publish that only scheduled the post for at once has happened."""

RETRIED_WITHIN = timedelta(days=2)
"""How far back a create is looked for whose instant has passed since."""

MOST_PAGES = 10
PAGE = 100


def instant_of(text: str | None) -> datetime | None:
    """An instant of an answer, where it is one."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else None


async def newest_posts(
    call: Call, *, since: Callable[[], datetime], chosen: Callable[[Post], bool]
) -> list[tuple[datetime, Post]]:
    """The chosen posts created since then, with their instants; the list is newest first.

    Raises:
        Unsettled: There are more posts than can be looked through.
    """
    found: list[tuple[datetime, Post]] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await call.get(
            route("/posts"), into=PostList, query={"limit": PAGE, "cursor": cursor}
        )
        is_older = False
        for post in page.data:
            created_at = instant_of(post.created_at)
            if created_at is None:
                raise Unsettled("VoxBurst lists posts without telling when they were created.")
            is_older = is_older or created_at < since()
            if created_at >= since() and chosen(post):
                found.append((created_at, post))
        cursor = page.pagination.following if page.pagination else None
        if is_older or cursor is None:
            return found
    raise Unsettled(
        "There are too many newer posts to look through.",
        next_step="Look for the post with list_posts before anything else.",
    )


async def find_created(
    call: Call,
    content: str,
    account_ids: tuple[str, ...],
    sent: Sent,
    *,
    but: str | None = None,
) -> Post | None:
    """The post that a lost create made: same text and accounts, made then, nobody else's."""
    wanted = canonical_text(content)

    def is_same(post: Post) -> bool:
        accounts = post.account_ids
        return (
            post.id != but
            and canonical_text(post.content or "") == wanted
            and (not accounts or accounts == frozenset(account_ids))
        )

    def earliest() -> datetime:
        return _by_their_clock(sent) - (BEFORE if sent.clock_offset is None else CLOCK_SLACK)

    found = await newest_posts(call, since=earliest, chosen=is_same)
    at = _by_their_clock(sent)
    claimed = await call.claimed(post.id for _, post in found)
    free = [
        (abs(created_at - at), post)
        for created_at, post in found
        if created_at <= at + AFTER and post.id not in claimed
    ]
    return min(free, key=lambda candidate: candidate[0])[1] if free else None


def _by_their_clock(sent: Sent) -> datetime:
    return sent.at + (sent.clock_offset or timedelta())


async def find_scheduled(
    call: Call, content: str, account_ids: tuple[str, ...], when: datetime
) -> Post | None:
    """The post that a create made while its instant was still to come."""
    wanted = canonical_text(content)

    def is_same(post: Post) -> bool:
        return (
            canonical_text(post.content or "") == wanted
            and instant_of(post.scheduled_for)
            == when.replace(microsecond=when.microsecond // 1000 * 1000)
            and post.account_ids <= set(account_ids)
        )

    since = call.now() - RETRIED_WITHIN
    found = await newest_posts(call, since=lambda: since, chosen=is_same)
    claimed = await call.claimed(post.id for _, post in found)
    return next((post for _, post in found if post.id not in claimed), None)


async def find_retried(call: Call, post_id: str, _sent: Sent) -> RetriedPost | None:
    """The post, if a lost retry took effect: it is no longer failed."""
    post = await call.get(route("/posts/{}", post_id), into=Post)
    is_failed = post.status in {"failed", "partial"}
    return None if is_failed else RetriedPost(id=post.id, status=post.status)


async def find_published(call: Call, post_id: str, sent: Sent) -> Post | None:
    """The post, if a lost publish took effect: it is beyond what only publishing leads to."""
    post = await call.get(route("/posts/{}", post_id), into=Post)
    if post.status in UNPUBLISHED:
        return None
    if post.status == "scheduled":
        due = instant_of(post.scheduled_for)
        latest = _by_their_clock(sent) + DUE_NOW
        return post if due is not None and due <= latest else None
    return post

"""Finding out, by reading, what became of a post whose answer was lost.

Needed once the service has forgotten the idempotency key (contract `voxburst.md` section 4).
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from callpost.errors import Unsettled
from callpost.fields import canonical_text
from callpost.toolset import Call, Sent, route
from callpost_voxburst.answers import CLOCK_SLACK
from callpost_voxburst.post_fields import is_past, refuse_past
from callpost_voxburst.post_models import Post, PostList, RetriedPost

__all__ = [
    "UNPUBLISHED",
    "by_their_clock",
    "earliest",
    "find_created",
    "find_published",
    "find_retried",
    "find_scheduled",
    "is_of",
    "newest_posts",
    "refuse_past_unless_sent",
]

UNPUBLISHED = frozenset({"draft", "pending_approval", "approved", "cancelled"})
"""Statuses of a post that was never handed to a platform (section 7)."""

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
    call: Call,
    *,
    since: Callable[[], datetime],
    chosen: Callable[[Post], bool],
    learn: Callable[[Sequence[Post]], Awaitable[None]] | None = None,
) -> list[tuple[datetime, Post]]:
    """The chosen posts created since then, with their instants; the list is newest first.

    Args:
        call: Of the handler.
        since: Asked after each page, when their time is known.
        chosen: Which posts.
        learn: Is shown each page before that.

    Raises:
        Unsettled: There are more posts than can be looked through.
    """
    found: list[tuple[datetime, Post]] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await call.get(
            route("/posts"), into=PostList, query={"limit": PAGE, "cursor": cursor}
        )
        if learn is not None:
            await learn(page.data)
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


class _Clocks:
    """How the clock of posts differs from ours, learned while looking."""

    def __init__(self, call: Call, sent: Sent) -> None:
        self._call = call
        self._sent = sent
        self._measured: list[timedelta] = []
        self.claimed: dict[str, datetime | None] = {}

    async def learn(self, page: Sequence[Post]) -> None:
        """Which posts of a page are the effect of other intents, and what they tell."""
        known = await self._call.claimed(post.id for post in page)
        self.claimed.update(known)
        for post in page:
            made, left = instant_of(post.created_at), known.get(post.id)
            if made and left:
                self._measured.append(made - left)

    @property
    def offsets(self) -> Sequence[timedelta]:
        """What is known, the best first."""
        measured = sorted(self._measured)[(len(self._measured) - 1) // 2 :][:1]
        told = self._sent.clock_offset
        return [*measured, *([] if told is None else [told])]

    def since(self) -> datetime:
        """When the request left at the earliest."""
        return self._sent.at + min(self.offsets, default=-AFTER) - CLOCK_SLACK


async def find_created(
    call: Call,
    content: str,
    account_ids: tuple[str, ...],
    sent: Sent,
    *,
    but: str | None = None,
) -> Post | None:
    """The post that a lost create made: same text and accounts, made then, nobody else's.

    What «then» is by the clock of posts is measured by other posts of ours among them; where there
    are none, the `Date` of the replies tells it.

    Raises:
        Unsettled: There is such a post, and the clocks do not tell, or not agree, whose it is.
    """
    wanted = canonical_text(content)
    clocks = _Clocks(call, sent)

    def is_same(post: Post) -> bool:
        accounts = post.account_ids
        return (
            post.id != but
            and canonical_text(post.content or "") == wanted
            and (not accounts or accounts == frozenset(account_ids))
        )

    found = await newest_posts(call, since=clocks.since, chosen=is_same, learn=clocks.learn)
    free = [(created_at, post) for created_at, post in found if post.id not in clocks.claimed]
    for n, offset in enumerate(clocks.offsets):
        at = sent.at + offset
        near = [(abs(made - at), post) for made, post in free if is_of(made, at)]
        if near and n:
            raise _whose()
        if near:
            return min(near, key=lambda candidate: candidate[0])[1]
    if free and not clocks.offsets:
        raise _whose()
    return None


def is_of(created_at: datetime, sent_at: datetime) -> bool:
    """Whether a request may have made it, both by the service's clock."""
    return -CLOCK_SLACK <= created_at - sent_at <= AFTER


def _whose() -> Unsettled:
    return Unsettled(
        "There is such a post, and nothing tells whether this request made it.",
        retry="never",
        next_step="Ask the person to look at it in VoxBurst, and then to run «callpost ledger "
        "settle» with this idempotency_key, saying whether it happened.",
    )


def by_their_clock(sent: Sent) -> datetime:
    """When the request left, by the `Date` of the service's newest reply.

    Raises:
        Unsettled: It tells none.
    """
    if sent.clock_offset is None:
        raise Unsettled(
            "Nothing tells how the clock of VoxBurst differs from ours.",
            retry="never",
            next_step="Ask the person to look it up in VoxBurst, and then to run «callpost ledger "
            "settle» with this idempotency_key, saying whether it happened.",
        )
    return sent.at + sent.clock_offset


def earliest(sent: Sent) -> datetime:
    """When a post of this request was created at the earliest, by the service's clock."""
    return by_their_clock(sent) - CLOCK_SLACK


class Scheduled(Protocol):
    """What is known of a post that was to go out at an instant."""

    @property
    def content(self) -> str: ...
    @property
    def account_ids(self) -> tuple[str, ...]: ...


async def find_scheduled(
    call: Call, wanted: Sequence[tuple[Scheduled, datetime]], *, since: Callable[[], datetime]
) -> list[Post | None]:
    """For each, the post that was made since then to go out at that instant."""

    def is_wanted(post: Post) -> bool:
        return any(_is_same(post, *one) for one in wanted)

    found = [post for _, post in await newest_posts(call, since=since, chosen=is_wanted)]
    claimed = await call.claimed(post.id for post in found)
    free = [post for post in found if post.id not in claimed]
    chosen: list[Post | None] = []
    for one in wanted:
        match = next((post for post in free if _is_same(post, *one)), None)
        chosen.append(match)
        free = [post for post in free if post is not match]
    return chosen


def _is_same(post: Post, wanted: Scheduled, when: datetime) -> bool:
    milliseconds = when.microsecond // 1000 * 1000  # as far as they travel
    return (
        canonical_text(post.content or "") == canonical_text(wanted.content)
        and post.account_ids <= set(wanted.account_ids)
        and instant_of(post.scheduled_for) == when.replace(microsecond=milliseconds)
    )


async def refuse_past_unless_sent(
    call: Call, wanted: Sequence[tuple[str, Scheduled, datetime]]
) -> None:
    """Past instants are not sent, but what was sent while its instant was to come, was.

    Args:
        call: Of the handler.
        wanted: Argument, post and instant of all that one request sends.

    Raises:
        InvalidArguments: One is past, and none of the posts is there.
    """
    late = [(path, when) for path, _, when in wanted if is_past(when, call.now())]
    if not late:
        return
    if not call.is_resumed:
        refuse_past(late[0][1], call.now(), path=late[0][0])
    since = call.now() - RETRIED_WITHIN
    looked = [(post, when) for _, post, when in wanted]
    if not any(await find_scheduled(call, looked, since=lambda: since)):
        refuse_past(late[0][1], call.now(), path=late[0][0])


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
        latest = sent.at + (sent.clock_offset or timedelta()) + DUE_NOW
        return post if due is not None and due <= latest else None
    return post

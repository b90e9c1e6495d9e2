"""The life of a post on the clock (voxburst.md section 7).

    scheduled --scheduledFor--> publishing --PUBLISH_S--> published | partial | failed

Which targets fail is told by markers, so that a test, a demo and a person can choose it:

- `[fail:twitter]` in the text: the target on that platform fails at every attempt;
- `[flaky:twitter]`: its first attempt fails, the next one succeeds;
- `[stuck:twitter]`: its first attempt stays in publishing, the next one succeeds;
- `[fail]` in an account's display name: its targets fail.

`*` instead of the platform means all. A target also fails if its account is not active, or if it is
on Facebook and no page is selected.
"""

import re

from callpost_sandbox.voxburst import platforms
from callpost_sandbox.voxburst.answers import Json
from callpost_sandbox.voxburst.records import Post, Target
from callpost_sandbox.voxburst.state import State, stamp
from callpost_sandbox.voxburst.values import fixed_id

__all__ = [
    "PUBLISH_S",
    "attempt_target",
    "event_data",
    "post_url",
    "publish",
    "settle_posts",
    "text_of",
]

PUBLISH_S = 2.0
_MARKER = re.compile(r"\[(fail|flaky|stuck):(\*|[a-z_]+)\]")


def text_of(post: Post, target: Target) -> str:
    """Return the text that a target gets: its own, its platform's, or the post's."""
    if target.content is not None:
        return target.content
    overrides: Json = post.body.get("platformOverrides") or {}
    override: Json = overrides.get(platforms.constant(target.platform)) or {}
    return override.get("content") or post.content


def publish(state: State, post: Post, at: float) -> None:
    """Start all targets that have not gone out."""
    post.status = "publishing"
    post.updated_at = at
    state.live_posts.add(post.id)
    for target in post.targets:
        if target.status != "published":
            attempt_target(target, at)


def attempt_target(target: Target, at: float) -> None:
    """Start one target."""
    target.status = "publishing"
    target.started_at = at
    target.error = None
    target.attempts += 1


def settle_posts(state: State) -> None:
    """Let everything happen that is due, in the order of its times."""
    now = state.now()
    live = [state.posts[post_id] for post_id in state.live_posts]
    for post in sorted((post for post in live if _starts_at(post) <= now), key=_starts_at):
        if post.status == "scheduled":
            publish(state, post, _starts_at(post))
        _settle_targets(state, post, now)


def _starts_at(post: Post) -> float:
    """Return when a live post goes out or went; a time that was past already counts as at once."""
    if post.status == "scheduled" and post.scheduled_for is not None:
        return max(post.scheduled_for, post.updated_at)
    return post.updated_at


def _settle_targets(state: State, post: Post, now: float) -> None:
    for target in post.targets:
        if target.status != "publishing" or target.started_at is None:
            continue
        done_at = target.started_at + PUBLISH_S
        if done_at <= now and not _is_stuck(post, target):
            _finish_target(state, post, target, done_at)
    if any(target.status in ("pending", "publishing") for target in post.targets):
        return
    _finish(state, post)


def _finish_target(state: State, post: Post, target: Target, at: float) -> None:
    post.updated_at = at
    problem = _problem(state, post, target)
    if problem is not None:
        target.status = "failed"
        target.error = {"code": "PUBLISH_ERROR", "message": problem, "details": {}}
        return
    target.status = "published"
    target.published_at = at
    target.platform_post_id = fixed_id(target.id)[1:13]
    state.did("post_published", f"{post.id}/{target.account_id}")


def _finish(state: State, post: Post) -> None:
    state.live_posts.discard(post.id)
    out = [target.published_at for target in post.targets if target.published_at is not None]
    if out:
        post.status = "published" if len(out) == len(post.targets) else "partial"
        post.published_at = min(out)
    else:
        post.status = "failed"
    # There is no post.partial: partial success arrives as post.published (section 10).
    event = "post.published" if out else "post.failed"
    state.emit(event, event_data(state, post), post.updated_at)


def _markers(post: Post, target: Target) -> set[str]:
    found = _MARKER.findall(text_of(post, target))
    return {kind for kind, where in found if where in ("*", target.platform)}


def _is_stuck(post: Post, target: Target) -> bool:
    return target.attempts == 1 and "stuck" in _markers(post, target)


def _problem(state: State, post: Post, target: Target) -> str | None:
    account = state.accounts[target.account_id]
    markers = _markers(post, target)
    if account.status != "active":
        return f"The account is {account.status}"
    if account.platform == "facebook" and account.page_id is None:
        return "No page is selected"
    if "fail" in markers or "[fail]" in account.display_name:
        return "The platform refused the post"
    if "flaky" in markers and target.attempts == 1:
        return "The platform did not answer"
    return None


def event_data(state: State, post: Post) -> Json:
    """Show a post as webhooks do: casing is UPPERCASE there (section 5)."""
    return {
        "id": post.id,
        "workspaceId": state.workspace_id,
        "content": post.content,
        "status": post.status.upper(),
        "publishedAt": stamp(post.published_at),
        "scheduledFor": stamp(post.scheduled_for),
        "platforms": [_event_target(target) for target in post.targets],
    }


def _event_target(target: Target) -> Json:
    data: Json = {"platform": target.platform.upper(), "status": target.status.upper()}
    if target.platform_post_id is not None:
        data["platformPostId"] = target.platform_post_id
        data["platformPostUrl"] = post_url(target)
        data["publishedAt"] = stamp(target.published_at)
    if target.error is not None:
        data["error"] = {key: target.error[key] for key in ("code", "message")}
    return data


def post_url(target: Target) -> str | None:
    """Return the address of what went public; it is under a domain that nobody can have."""
    if target.platform_post_id is None:
        return None
    return f"https://{target.platform.replace('_', '-')}.example/p/{target.platform_post_id}"

"""Posts: create, read, change, publish (voxburst.md sections 7 and 15)."""

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json, page
from callpost_sandbox.voxburst.call import Call, Operation
from callpost_sandbox.voxburst.post_bodies import (
    CreateBody,
    UpdateBody,
    check_platforms,
    check_references,
)
from callpost_sandbox.voxburst.post_views import show_post
from callpost_sandbox.voxburst.publishing import event_data, publish
from callpost_sandbox.voxburst.records import Post, Target
from callpost_sandbox.voxburst.state import State
from callpost_sandbox.voxburst.values import instant, new_id

__all__ = ["OPERATIONS", "create_post", "find_post", "need_status", "plan_post"]

_SLOT_S = 3600.0  # queue slots are not documented; here one an hour
_EDITABLE = ("draft", "scheduled")
_APART = frozenset({"content", "accountIds", "scheduledFor", "queue", "saveAsDraft"})
_STATUSES = (
    "DRAFT",
    "PENDING_APPROVAL",
    "APPROVED",
    "SCHEDULED",
    "PENDING",
    "PUBLISHING",
    "PUBLISHED",
    "PARTIAL",
    "FAILED",
    "CANCELLED",
    "UNPUBLISHED",
    "ARCHIVED",
    "ALL",
)


def find_post(call: Call, name: str = "id") -> Post:
    """Return the post of the path."""
    post = call.state.posts.get(call.ids[name])
    if post is None:
        raise ApiError(404, "No such post")
    return post


def plan_post(state: State, body: CreateBody) -> float | None:
    """Check everything about a new post and return when it is to go out, if a time was given."""
    if body.queue and body.sent("scheduled_for"):
        message = "scheduledFor and queue exclude each other"
        raise ApiError(400, message, "VALIDATION_ERROR", field="queue")
    at = instant(body.scheduled_for, "scheduledFor") if body.sent("scheduled_for") else None
    check_references(state, body)
    check_platforms(state, body)
    return at


def create_post(state: State, body: CreateBody) -> Post:
    """Commit a new post: draft, queued, scheduled, or what a bare create does."""
    at = plan_post(state, body)
    state.room_for_posts()
    now = state.now()
    post = Post(
        id=new_id(),
        content=body.content,
        status="draft",
        targets=[_target(state, account_id) for account_id in body.account_ids],
        created_at=state.wall(),
        updated_at=now,
        scheduled_for=at,
        body=_kept(body),
    )
    state.posts[post.id] = post
    state.did("post_created", post.id)
    if body.save_as_draft:
        state.emit("post.created", event_data(state, post), now)
        return post
    if body.queue:
        post.scheduled_for = _next_slot(state)
    state.emit("post.created", event_data(state, post), now)
    if post.scheduled_for is not None:
        _schedule(state, post)
    elif state.settings.bare_create == "publish":
        publish(state, post, now)
    return post


def _kept(body: UpdateBody) -> Json:
    sent = body.model_dump(by_alias=True, exclude_unset=True)
    return {name: value for name, value in sent.items() if name not in _APART}


def _target(state: State, account_id: str) -> Target:
    return Target(new_id(), account_id, state.accounts[account_id].platform)


def _schedule(state: State, post: Post) -> None:
    post.status = "scheduled"
    state.live_posts.add(post.id)
    state.did("post_scheduled", post.id)
    state.emit("post.scheduled", event_data(state, post), state.now())


def _next_slot(state: State) -> float:
    taken = {state.posts[post_id].scheduled_for for post_id in state.live_posts}
    slot = (state.now() // _SLOT_S + 1) * _SLOT_S
    while slot in taken:
        slot += _SLOT_S
    return slot


def _create(call: Call) -> Answer:
    return Answer(201, show_post(call.state, create_post(call.state, call.body(CreateBody))))


def _list(call: Call) -> Answer:
    status = call.choice("status", _STATUSES, any_case=True)
    low, high = call.range("from", "to")
    platform, account_id = call.query.get("platform"), call.query.get("accountId")

    def fits(post: Post) -> bool:
        return (
            status in (None, "ALL", post.status.upper())
            and (platform is None or any(t.platform == platform.lower() for t in post.targets))
            and (account_id is None or any(t.account_id == account_id for t in post.targets))
            and (low is None or low <= post.created_at)
            and (high is None or post.created_at <= high)
        )

    posts = [post for post in reversed(call.state.posts.values()) if fits(post)]
    body = page(
        call.query,
        posts,
        identify=lambda post: post.id,
        show=lambda post: show_post(call.state, post),
        spelling="both",
    )
    return Answer(200, body)


def _get(call: Call) -> Answer:
    return Answer(200, show_post(call.state, find_post(call)))


def _update(call: Call) -> Answer:
    post, state = find_post(call), call.state
    changes = call.body(UpdateBody)
    need_status(post, _EDITABLE, "changed")
    sent = changes.model_dump(by_alias=True, exclude_unset=True)
    before: Json = {
        "content": post.content,
        "accountIds": [target.account_id for target in post.targets],
        **post.body,
    }
    merged = CreateBody.model_validate({**before, **sent})
    at = plan_post(state, merged)
    post.content = merged.content
    post.body = _kept(merged)
    if changes.sent("account_ids"):
        post.targets = [_target(state, account_id) for account_id in merged.account_ids]
    post.updated_at = call.now
    if at is not None:
        post.scheduled_for = at
        _schedule(state, post)
    state.did("post_updated", post.id)
    return Answer(200, show_post(state, post))


def _delete(call: Call) -> Answer:
    post = find_post(call)
    need_status(post, _EDITABLE, "deleted")
    del call.state.posts[post.id]
    call.state.live_posts.discard(post.id)
    call.state.did("post_deleted", post.id)
    return Answer(204)


def _publish(call: Call) -> Answer:
    post = find_post(call)
    need_status(post, (*_EDITABLE, "approved"), "published")
    publish(call.state, post, call.now)
    call.state.did("publish_started", post.id)
    return Answer(200, show_post(call.state, post))


def _cancel(call: Call) -> Answer:
    post = find_post(call)
    need_status(post, _EDITABLE, "cancelled")
    post.status = "cancelled"
    post.updated_at = call.now
    call.state.live_posts.discard(post.id)
    call.state.did("post_cancelled", post.id)
    return Answer(200, show_post(call.state, post))


def _clone(call: Call) -> Answer:
    post, state = find_post(call), call.state
    state.room_for_posts()
    copy = Post(
        id=new_id(),
        content=post.content,
        status="draft",
        targets=[_target(state, target.account_id) for target in post.targets],
        created_at=state.wall(),
        updated_at=call.now,
        body=dict(post.body),
    )
    state.posts[copy.id] = copy
    state.did("post_created", copy.id)
    state.emit("post.created", event_data(state, copy), call.now)
    return Answer(201, show_post(state, copy))


def need_status(post: Post, statuses: tuple[str, ...], done: str) -> None:
    """Refuse what the post's state does not allow."""
    if post.status not in statuses:
        message = f"A post that is {post.status} cannot be {done}"
        raise ApiError(409, message, status=post.status)


OPERATIONS = (
    Operation("POST", "/posts", _create, "posts:write"),
    Operation("GET", "/posts", _list, "posts:read"),
    Operation("GET", "/posts/{id}", _get, "posts:read"),
    Operation("PATCH", "/posts/{id}", _update, "posts:write"),
    Operation("DELETE", "/posts/{id}", _delete, "posts:write"),
    Operation("POST", "/posts/{id}/publish", _publish, "posts:write"),
    Operation("POST", "/posts/{id}/cancel", _cancel, "posts:write"),
    Operation("POST", "/posts/{id}/clone", _clone, "posts:write"),
)

"""Posts that failed, or might: retry, fix, and the check before (voxburst.md sections 7 and 8)."""

from urllib.parse import urlsplit

from callpost_sandbox.voxburst import platforms
from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.call import Call, Operation
from callpost_sandbox.voxburst.post_bodies import FixBody, ValidateBody
from callpost_sandbox.voxburst.posts import find_post, need_status
from callpost_sandbox.voxburst.publishing import PUBLISH_S, attempt_target
from callpost_sandbox.voxburst.records import Post, Target
from callpost_sandbox.voxburst.state import stamp

__all__ = ["MAX_RETRIES", "OPERATIONS"]

MAX_RETRIES = 3


def _retry(call: Call) -> Answer:
    post = find_post(call)
    need_status(post, ("failed", "partial", "publishing"), "retried")
    retried: list[Json] = []
    skipped: list[Json] = []
    for target in post.targets:
        if target.status == "published" or _is_on_its_way(target, call.now):
            continue
        row: Json = {"platform": target.platform, "accountId": target.account_id}
        if target.retries >= MAX_RETRIES:
            reason = "Maximum retry count reached"
            skipped.append({**row, "retryCount": target.retries, "reason": reason})
            continue
        target.retries += 1
        _queue_again(call, post, target)
        next_at = stamp(call.now)
        retried.append({**row, "retryCount": target.retries, "nextRetryAt": next_at})
    call.state.did("post_retried", post.id)
    body = {
        "id": post.id,
        "status": post.status,
        "retriedPlatforms": retried,
        "skippedPlatforms": skipped,
    }
    return Answer(200, body)


def _fix(call: Call) -> Answer:
    post = find_post(call)
    body = call.body(FixBody, required=False)
    target = next((t for t in post.targets if t.id == call.ids["pid"]), None)
    if target is None:
        raise ApiError(404, "No such target")
    if body.media_url and body.refresh_media:
        message = "mediaUrl and refreshMedia exclude each other"
        raise ApiError(400, message, "VALIDATION_ERROR", field="refreshMedia")
    if body.media_url and urlsplit(body.media_url).scheme != "https":
        raise ApiError(400, "mediaUrl has to be https", "VALIDATION_ERROR", field="mediaUrl")
    need_status(post, ("failed", "partial", "publishing"), "fixed")
    if target.status == "published":
        raise ApiError(409, "The target is published already")
    target.content = body.content or target.content
    _queue_again(call, post, target)
    call.state.did("target_fixed", target.id)
    return Answer(200, {"success": True, "platformId": target.id, "status": "pending"})


def _queue_again(call: Call, post: Post, target: Target) -> None:
    attempt_target(target, call.now)
    post.status = "publishing"
    post.updated_at = call.now
    call.state.live_posts.add(post.id)


def _is_on_its_way(target: Target, now: float) -> bool:
    started = target.started_at
    return target.status == "publishing" and started is not None and now - started < PUBLISH_S


def _validate(call: Call) -> Answer:
    body = call.body(ValidateBody)
    verdicts: Json = {}
    for platform in body.platforms:
        found = platforms.problems(
            platform,
            body.content,
            media=len(body.media) + len(body.media_ids),
            content_type=body.content_type,
            type_is_known=body.content_type is not None,
        )
        errors = [{"code": p.code, "message": p.message, "field": p.field} for p in found]
        warnings: list[Json] = []
        if body.first_comment and not platforms.takes_first_comment(platform):
            text = "The first comment is skipped here"
            warnings.append({"code": "SKIPPED", "message": text, "field": "firstComment"})
        verdict = {"valid": not errors, "errors": errors, "warnings": warnings}
        # Both cases of the key, as the vendor's command line client notes.
        verdicts |= {platform: verdict, platform.lower(): verdict}
    valid = all(verdict["valid"] for verdict in verdicts.values())
    return Answer(200, {"valid": valid, "platforms": verdicts})


OPERATIONS = (
    Operation("POST", "/posts/{id}/retry", _retry, "posts:write"),
    Operation("POST", "/posts/{id}/platforms/{pid}/fix", _fix, "posts:write"),
    Operation("POST", "/posts/validate", _validate, "posts:read"),
)

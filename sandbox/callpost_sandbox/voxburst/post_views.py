"""How posts are shown: lowercase status and platform, null for what is empty (section 5)."""

from callpost_sandbox.voxburst.answers import Json
from callpost_sandbox.voxburst.publishing import post_url
from callpost_sandbox.voxburst.records import Media, Post, Target
from callpost_sandbox.voxburst.state import State, stamp

__all__ = ["media_url", "show_post"]

_KEPT = (
    "contentType",
    "platformOverrides",
    "platformMetadata",
    "personaId",
    "threadPosts",
    "firstComment",
    "firstCommentDelay",
    "tags",
    "metadata",
)


def media_url(media: Media) -> str | None:
    """Return the address of a file that is ready; it is under a domain that nobody can have."""
    if media.status != "READY":
        return None
    return f"https://media.voxburst.example/{media.id}"


def show_post(state: State, post: Post) -> dict[str, object]:
    """Show one post."""
    kept: Json = {name: post.body.get(name) for name in _KEPT}
    attached = [state.media[media_id] for media_id in post.media_ids if media_id in state.media]
    return {
        "id": post.id,
        "content": post.content,
        "status": post.status,
        "scheduledFor": stamp(post.scheduled_for),
        "publishedAt": stamp(post.published_at),
        "platforms": [_target(state, target) for target in post.targets],
        "media": [
            {"id": m.id, "url": media_url(m), "type": m.content_type.partition("/")[0]}
            for m in attached
        ],
        **kept,
        "createdAt": stamp(post.created_at),
        "updatedAt": stamp(post.updated_at),
    }


def _target(state: State, target: Target) -> Json:
    account = state.accounts[target.account_id]
    return {
        "postPlatformId": target.id,
        "platform": target.platform,
        "accountId": target.account_id,
        "accountName": account.display_name,
        "accountAvatarUrl": None,
        "accountStatus": account.status,
        "status": target.status,
        "platformPostId": target.platform_post_id,
        "platformPostUrl": post_url(target),
        "publishedAt": stamp(target.published_at),
        "error": target.error,
    }

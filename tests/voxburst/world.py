"""What tests of VoxBurst's tools say over and over."""

import json
from datetime import UTC, datetime
from typing import Any

from harness import Harness


async def accounts(h: Harness, *platforms: str) -> list[str]:
    """The sandbox's accounts on these platforms; what was sent so far is forgotten."""
    items = (await h.run("list_accounts", {"limit": 100}))["data"]["items"]
    by_platform = {item["platform"]: item["id"] for item in items}
    h.voxburst.requests.clear()
    return [by_platform[platform] for platform in platforms]


async def draft(h: Harness, content: str = "A", *platforms: str) -> str:
    """A new draft's id."""
    ids = await accounts(h, *(platforms or ("twitter",)))
    arguments = {"content": content, "account_ids": ids, "when": "draft"}
    return (await h.run("create_post", arguments))["data"]["id"]


def posted(h: Harness) -> int:
    """Posts created upstream."""
    return len(h.sandbox.voxburst.journal.effects("post_created"))


def published(h: Harness) -> int:
    """Targets that went out."""
    return len(h.sandbox.voxburst.journal.effects("post_published"))


def bodies(h: Harness, path_end: str = "/posts") -> list[dict[str, Any]]:
    """What was posted to a path."""
    return [json.loads(request.content) for request in h.voxburst.sent("POST", path_end)]


def instant(h: Harness, *, seconds: float) -> str:
    """So many seconds from now."""
    return datetime.fromtimestamp(int(h.clock.now() + seconds), UTC).isoformat()

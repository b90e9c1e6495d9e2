"""What the sandbox keeps of each resource. Times are Unix seconds of the sandbox's clock."""

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Account", "Media", "Post", "Review", "Target", "Webhook"]

PostStatus = Literal[
    "draft",
    "pending_approval",
    "approved",
    "scheduled",
    "publishing",
    "published",
    "partial",
    "failed",
    "cancelled",
]
TargetStatus = Literal["pending", "publishing", "published", "failed"]


@dataclass
class Account:
    """A connected account (voxburst.openapi.yaml, Account). `pages` None: not loaded yet."""

    id: str
    platform: str
    """Lowercase slug."""
    username: str
    display_name: str
    connected_at: float
    account_type: str = "business"
    status: str = "active"
    followers: int | None = None
    pages: list[dict[str, str]] | None = field(default_factory=list[dict[str, str]])
    page_id: str | None = None
    disconnected_at: float | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class Target:
    """One account of a post, with a fate of its own (PostPlatform)."""

    id: str
    account_id: str
    platform: str
    status: TargetStatus = "pending"
    started_at: float | None = None
    published_at: float | None = None
    platform_post_id: str | None = None
    error: dict[str, Any] | None = None
    content: str | None = None
    """Text set by the fix operation for this target only."""
    attempts: int = 0
    retries: int = 0


@dataclass
class Review:
    """Where a post stands in its approval workflow."""

    workflow_id: str
    step: int = 0


@dataclass
class Post:
    """A post. `body` holds the request's members that are only kept and shown, by wire name."""

    id: str
    content: str
    status: PostStatus
    targets: list[Target]
    created_at: float
    updated_at: float
    scheduled_for: float | None = None
    published_at: float | None = None
    review: Review | None = None
    body: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def media_ids(self) -> list[str]:
        """Ids of the attached media."""
        return list(self.body.get("media") or ())

    @property
    def persona_id(self) -> str | None:
        """The associated persona."""
        return self.body.get("personaId")


@dataclass
class Media:
    """A file record. It holds no bytes, only what they were."""

    id: str
    filename: str
    content_type: str
    size_bytes: int | None
    created_at: float
    status: Literal["PENDING", "PROCESSING", "READY", "FAILED"] = "PENDING"
    received_at: float | None = None
    """When processing started: the bytes arrived, or the import finished."""
    import_at: float | None = None
    """When an import from a URL finishes; None for uploads."""
    upload_token: str = ""
    upload_until: float = 0.0
    sha256: str | None = None
    problem: str | None = None


@dataclass
class Webhook:
    """A subscription."""

    id: str
    url: str
    events: list[str]
    secret: str
    created_at: float
    enabled: bool = True
    last_delivery_at: float | None = None
    failure_count: int = 0

"""What a run of the sandbox can be told. Everything has a default that needs no file and no key."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Plan", "SandboxSettings"]

Plan = Literal["free", "starter", "pro", "agency"]


class SandboxSettings(BaseModel):
    """Frozen settings of both sandboxes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocobase_key: str = "rg_live_sandbox_0000000000000000"
    voxburst_key: str = "vb_live_sandbox_0000000000000000"
    plan: Plan = "free"
    """VoxBurst plan: sets the request limit and the features that are open (voxburst.md 2, 12)."""
    speed: float = Field(default=1.0, ge=0)
    """How much faster life cycles run than real time; 0 stops them until the clock is advanced."""
    clock_offset_s: float = 0.0
    """How far the sandbox's clock is ahead of the machine's (negative: behind)."""
    window_s: float = Field(default=60.0, gt=0)
    """Length of every rate window, in real seconds."""
    window_kind: Literal["sliding", "fixed"] = "sliding"
    general_limit: int = Field(default=60, ge=0)
    """Vocobase requests per window outside `/calls` (vocobase.md 2)."""
    calls_limit: int = Field(default=10, ge=0)
    """Vocobase requests per window on `/calls` and below, reads included (vocobase.md 2)."""
    webrtc_limit: int = Field(default=10, ge=0)
    """Vocobase browser sessions started per window (vocobase.md 2)."""
    post_limit: int | None = Field(default=None, ge=0)
    """VoxBurst requests per window; None takes the plan's (voxburst.md 2)."""
    active_calls: int = Field(default=5, ge=0)
    """Vocobase calls that may be pending, ringing or in progress at once (vocobase.md 2)."""
    list_lag_s: float = Field(default=0.0, ge=0)
    """How long (sandbox seconds) a new call stays absent from `GET /calls`."""
    list_order: Literal["newest", "oldest"] = "newest"
    """Order of `GET /calls`, which is not documented (vocobase.md 11)."""
    bare_create: Literal["publish", "draft"] = "publish"
    """What a VoxBurst create without draft, queue and date does (voxburst.md 7)."""
    response_delay_s: float = Field(default=0.0, ge=0)
    """Real seconds between an effect and its answer."""

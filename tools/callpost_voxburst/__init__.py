"""VoxBurst: social posts, accounts, media and analytics."""

# A module's import declares its tools, so most of these names are not used here.
# pyright: reportUnusedImport=false

from callpost_voxburst import (  # noqa: F401 because of the same
    accounts,
    ai,
    analytics,
    approvals,
    audience,
    billing,
    guide,
    hashtags,
    image_jobs,
    left_out,
    media,
    personas,
    post_actions,
    posts,
    settings,
    webhooks,
)
from callpost_voxburst.api import FAMILY

__all__ = ["FAMILY"]

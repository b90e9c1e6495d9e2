"""VoxBurst: social posts, accounts, media and analytics."""

from callpost_voxburst.api import FAMILY

__all__ = ["FAMILY"]

"""The documented VoxBurst API, written from its contract alone."""

from callpost_sandbox.voxburst.seed import ACCOUNT_IDS
from callpost_sandbox.voxburst.world import OPERATIONS, VoxburstWorld

__all__ = ["ACCOUNT_IDS", "OPERATIONS", "VoxburstWorld"]

"""Voice calls: the Vocobase partner API v2 as tools."""

# A module's import declares its tools, so most of these names are not used here.
# pyright: reportUnusedImport=false

from callpost_vocobase import (  # noqa: F401 because of the same
    agents,
    background_audio,
    calls,
    extraction,
    voices,
    waiting,
)
from callpost_vocobase.api import FAMILY

__all__ = ["FAMILY"]

"""Voice calls: the Vocobase partner API v2 as tools."""

from callpost_vocobase.api import FAMILY

__all__ = ["FAMILY"]

"""Voice calls: the Vocobase partner API v2 as tools."""

# A module's import declares its tools, so most of these names are not used here.
# pyright: reportUnusedImport=false

from callpost_vocobase import (  # noqa: F401 because of the same
    account,
    agents,
    background_audio,
    calls,
    campaigns,
    dictionaries,
    document_links,
    documents,
    extraction,
    functions,
    guide,
    phone_numbers,
    projects,
    sessions,
    telephony,
    voicelink_bots,
    voicelink_clients,
    voicelink_numbers,
    voicelink_readiness,
    voicelink_routing,
    voices,
    waiting,
    webhooks,
)
from callpost_vocobase.api import FAMILY

__all__ = ["FAMILY"]

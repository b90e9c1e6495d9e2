"""Documented fields of answers that a tool leaves out on purpose, each with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Whole:
    """Where the rest of a list's items is told."""

    path: str
    """Of an item in the list's answer."""
    operation: str
    inside: str
    """Where the same item is in that operation's answer."""


TOLD_BY: Mapping[str, Whole] = {
    "listAccounts": Whole("data[].", "getAccount", ""),
    "listAgents": Whole("data.agents[].", "getAgent", "data."),
    "listMedia": Whole("data[].", "getMedia", ""),
    "listPosts": Whole("data[].", "getPost", ""),
}
"""Lists whose items carry only what one needs to choose."""

_PAGE = "the page that was asked for; what comes next is next_cursor"
_STEP = "a step inside the tool; the person never needs it"

UNKEPT: Mapping[str, Mapping[str, str]] = {
    "*": {
        r"success": "the envelope of the API; ours says ok",
        r"data": "no field of it is documented",
        r"pagination(\..*)?": _PAGE,
    },
    "createBackgroundAudioUpload": {r"data\.upload_url": _STEP},
    "createDocumentUpload": {r"data\.(expires_in|upload_url)": _STEP},
    "createTelephonyConnection": {r"data\.connection\.id": "the same value as connection_id"},
    "getCall": {
        r"data\.session\.(session_id|duration_seconds)": "the call itself has the same",
    },
    "getConfig": {r"data\.webhook\.secret": "masked by the API, and a secret all the same"},
    "getWebhook": {r"secret": "only the answer of its creation carries it"},
    "listAgents": {r"data\.(limit|offset)": _PAGE},
    "listCalls": {r"data\.(limit|offset)": _PAGE},
    "listDocuments": {r"data\.(limit|offset)": _PAGE},
    "listTelephonyConnections": {r"data\.connections\[\]\.id": "the same value as connection_id"},
    "listWebhooks": {r"data\[\]\.secret": "only the answer of its creation carries it"},
    "refreshPresign": {r".*": _STEP},
    "requestUpload": {r"expiresAt|uploadUrl|uploadHeaders": _STEP},
    "updateWebhook": {r"secret": "only the answer of its creation carries it"},
}
"""By operation, patterns of whole field paths; `*` is for every operation."""

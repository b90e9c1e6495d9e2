"""Operations of the contract that have no tool, each with the reason."""

from callpost_voxburst.api import FAMILY

__all__ = []

FAMILY.unserved |= {
    "executeBatch": "it can hide any write, also those that a policy denies; create_posts does "
    "the usual case",
    "openWebhookTunnel": "a WebSocket for a developer's machine, not a call with an answer",
    "getAuthMe": "get_status tells it",
    "login": "an agent is never given a password; the key is enough",
    "health": "get_status and doctor ask with the key, which says more",
    "ready": "get_status and doctor ask with the key, which says more",
}

"""The Vocobase partner API v2 as a local application, written from its contract alone.

What a call does is chosen by the last two digits of the number that is dialled:

    ..01  no_answer after 31 s          ..06  answered, hung up without a word (completed)
    ..02  busy                          ..07  blocked (failed)
    ..03  failed, with error_message    ..08  the carrier fails: the start answers 502, no call
    ..04  voicemail (completed)         ..09  talks until the agent's longest call
    ..05  canceled                      else  completed after 42 s of talk

Times are seconds of the sandbox: pending 1, ringing 5, then talk, then 5 until
`processing_complete`.
"""

from callpost_sandbox.vocobase.seed import DEMO_AGENT_ID, DEMO_AGENT_NAME, seeded_id
from callpost_sandbox.vocobase.world import VocobaseWorld

__all__ = ["DEMO_AGENT_ID", "DEMO_AGENT_NAME", "VocobaseWorld", "seeded_id"]

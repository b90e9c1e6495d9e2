import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import harness

pytestmark = pytest.mark.anyio

CALL = {"agent_id": DEMO_AGENT_ID, "variables": {"callee_name": "Asha", "visits": 3}}


async def test_token_of_a_session_is_shown_once_and_not_kept() -> None:
    async with harness() as h:
        started = await h.run("start_browser_session", CALL)
        token = started["data"]["daily_token"]
        assert "Shown only now" in started["data"]["note"]
        again = await h.run("start_browser_session", CALL)
        assert again["receipt"]["replayed"]
        assert "daily_token" not in again["data"]
        assert "not kept here" in again["data"]["note"]
        kept = b"".join(p.read_bytes() for p in h.state.parent.iterdir() if p.is_file())
        assert token.encode() not in kept
        further = await h.run("start_browser_session", {**CALL, "occurrence": 2})
        assert further["data"]["session_id"] != started["data"]["session_id"]


async def test_lost_session_is_not_opened_again_unasked() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        for _ in range(2):
            answer = await h.run("start_browser_session", CALL)
            assert answer["error"]["code"] == "outcome_unknown"
            assert "Ask the person" in answer["error"]["next_step"]
        assert len(h.vocobase.sent("POST", "/sessions/webrtc")) == 1

import json

import pytest

from harness import harness

pytestmark = pytest.mark.anyio

SECRET = "Bearer s3cret-Zq9-token"
CALL = {
    "name": "find_slot",
    "description": "Finds a free slot",
    "url": "https://api.example.com/slots",
    "headers": [{"key": "Authorization", "value": SECRET}],
    "inputs": [{"name": "day", "description": "ISO date", "required": True}],
    "outputs": [{"name": "count", "type": "number"}],
    "started_messages": ["One moment."],
}


async def test_function_is_created_in_the_words_of_the_api_and_its_headers_are_not_kept() -> None:
    async with harness() as h:
        answer = await h.run("create_agent_function", CALL)
        assert answer["data"]["id"] in h.sandbox.vocobase.functions
        (post,) = h.vocobase.sent("POST", "/functions")
        assert json.loads(post.content) == {
            "name": "find_slot",
            "description": "Finds a free slot",
            "url": "https://api.example.com/slots",
            "headers": [{"key": "Authorization", "value": SECRET}],
            "input_schema": [
                {"name": "day", "type": "string", "description": "ISO date", "required": True}
            ],
            "output_schema": [{"name": "count", "type": "number"}],
            "started_messages": ["One moment."],
        }
        kept = b"".join(p.read_bytes() for p in h.state.parent.iterdir() if p.is_file())
        assert b"s3cret" not in kept
        assert "s3cret" not in json.dumps(answer)


async def test_same_function_again_is_a_replay_and_another_secret_is_not() -> None:
    async with harness() as h:
        await h.run("create_agent_function", CALL)
        assert (await h.run("create_agent_function", CALL))["receipt"]["replayed"]
        other = {**CALL, "headers": [{"key": "Authorization", "value": "Bearer another"}]}
        assert not (await h.run("create_agent_function", other))["receipt"].get("replayed")


async def test_lost_function_is_left_to_a_person() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        answer = await h.run("create_agent_function", CALL)
        assert answer["error"]["code"] == "outcome_unknown"
        assert "dashboard" in answer["error"]["next_step"]

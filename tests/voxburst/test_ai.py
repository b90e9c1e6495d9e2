import json

from callpost_sandbox.settings import SandboxSettings
from harness import harness

PRO = SandboxSettings(speed=0, plan="pro")
PROMPTS = {"system_prompt": "You are warm.", "user_prompt": "Write about tea.", "topic": "tea"}


async def test_generated_text_is_paid_once_and_still_there_on_a_retry() -> None:
    async with harness(sandbox=PRO) as h:
        first = await h.run("generate_post_text", PROMPTS)
        again = await h.run("generate_post_text", PROMPTS)
        assert again["receipt"]["replayed"]
        assert again["data"] == first["data"]
        assert first["data"]["answer"]["content"] == "A post about tea."
        assert len(h.voxburst.sent("POST", "/ai/generate-post-content")) == 1


async def test_lost_text_comes_with_the_retry_and_costs_nothing_more() -> None:
    async with harness(sandbox=PRO) as h:
        credits_before = h.sandbox.voxburst.state.credits
        h.voxburst.lose_answers = 99
        lost = await h.run("generate_post_text", PROMPTS)
        assert lost["error"]["code"] == "outcome_unknown"
        h.voxburst.lose_answers = 0
        assert (await h.run("generate_post_text", PROMPTS))["data"]["answer"]["content"]
        assert h.sandbox.voxburst.state.credits == credits_before - 1


async def test_another_occurrence_writes_another_text() -> None:
    async with harness(sandbox=PRO) as h:
        await h.run("generate_post_text", PROMPTS)
        again = await h.run("generate_post_text", {**PROMPTS, "occurrence": 2})
        assert not again["receipt"]["replayed"]
        assert len(h.voxburst.sent("POST", "/ai/generate-post-content")) == 2


async def test_text_is_improved_for_credits_or_by_the_workspaces_own_key() -> None:
    async with harness(sandbox=PRO) as h:
        paid = await h.run("enhance_text", {"content": "Tea."})
        own = await h.run("enhance_text", {"content": "Tea.", "own_ai_key": True})
        assert paid["data"]["answer"]["creditsUsed"] == 1
        assert own["data"]["answer"]["creditsUsed"] == 0
        assert not own["receipt"]["replayed"]


async def test_further_fields_are_sent_beside_the_text_and_never_instead_of_it() -> None:
    async with harness(sandbox=PRO) as h:
        options = {"tone": "dry", "content": "other"}
        await h.run("build_image_prompt", {"content": "Tea.", "options": options})
        [request] = h.voxburst.sent("POST", "/ai/build-image-prompt")
        assert json.loads(request.content) == {"tone": "dry", "content": "Tea."}


async def test_bulk_check_is_a_read() -> None:
    async with harness(sandbox=PRO) as h:
        answer = await h.run("check_bulk_generation", {"request": '{"count": 3}'})
        assert answer["data"]["answer"]["valid"] is True
        assert "idempotency-key" not in h.voxburst.requests[-1].headers


async def test_plan_without_ai_is_told_so() -> None:
    async with harness(sandbox=SandboxSettings(speed=0, plan="free")) as h:
        answer = await h.run("generate_post_text", PROMPTS)
        assert answer["error"]["code"] == "plan_limit"

from callpost_sandbox.settings import SandboxSettings
from callpost_voxburst.personas import CreatePersona
from harness import harness

PRO = SandboxSettings(speed=0, plan="pro")


async def test_persona_is_created_once_listed_and_deleted() -> None:
    async with harness(sandbox=PRO) as h:
        arguments = {"name": "Ada", "modules": {"voice": {"tone": "warm"}}}
        made = await h.run("create_persona", arguments)
        persona_id = made["data"]["id"]
        assert (await h.run("create_persona", arguments))["receipt"]["replayed"]
        names = [p["name"] for p in (await h.run("list_personas"))["data"]["items"]]
        assert names.count("Ada") == 1
        assert (await h.run("delete_persona", {"persona_id": persona_id}))["data"]["deleted"]


async def test_lower_plan_is_told_that_it_does_not_cover_personas() -> None:
    async with harness() as h:
        answer = await h.run("create_persona", {"name": "Ada"})
        assert answer["error"]["code"] == "plan_limit"
        assert answer["error"]["side_effect"] == "none"


async def test_persona_lost_beyond_the_keys_memory_is_found_by_its_name() -> None:
    async with harness(sandbox=PRO) as h:
        h.voxburst.only = "POST /v1/personas"
        h.voxburst.lose_answers = 99
        await h.run("create_persona", {"name": "Ada"})
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        answer = await h.run("create_persona", {"name": "Ada"})
        assert answer["data"]["name"] == "Ada"
        assert len(h.sandbox.voxburst.journal.effects("persona_created")) == 1


async def test_prompts_are_built_without_a_trace_in_the_ledger() -> None:
    async with harness(sandbox=PRO) as h:
        persona_id = (await h.run("create_persona", {"name": "Ada"}))["data"]["id"]
        arguments = {"persona_id": persona_id, "inputs": '{"topic": "tea"}'}
        data = (await h.run("get_persona_prompts", arguments))["data"]
        assert data["system_prompt"] == "You write as Ada."
        assert "tea" in data["user_prompt"]


def test_modules_mean_the_same_as_object_and_as_text() -> None:
    given = ({"b": 1, "a": {"c": 2}}, '{"a": {"c": 2}, "b": 1}')
    first, second = (CreatePersona.model_validate({"name": "A", "modules": m}) for m in given)
    assert first == second
    assert first.body() == {"name": "A", "modules": {"a": {"c": 2}, "b": 1}}

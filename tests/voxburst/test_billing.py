import pytest

from callpost_sandbox.settings import SandboxSettings
from harness import Harness, harness

STARTER = SandboxSettings(speed=0, plan="starter")


def charges(h: Harness) -> int:
    return len(h.sandbox.voxburst.journal.effects("money_charged"))


async def test_preview_prices_a_change_and_changes_nothing() -> None:
    async with harness(sandbox=STARTER) as h:
        data = (await h.run("preview_plan_change", {"plan": "pro"}))["data"]
        assert (data["current_plan"], data["new_plan"]) == ("starter", "pro")
        assert data["is_upgrade"] is True
        assert data["proration_amount"] > 0
        assert charges(h) == 0


async def test_plan_is_paid_once_however_often_it_is_asked_for() -> None:
    async with harness(sandbox=STARTER) as h:
        h.voxburst.lose_answers = 99
        lost = await h.run("change_plan", {"plan": "pro"})
        assert lost["error"]["code"] == "outcome_unknown"
        h.voxburst.lose_answers = 0
        for arguments in ({"plan": "pro"}, {"plan": "pro", "billing_period": "monthly"}):
            assert (await h.run("change_plan", arguments))["ok"]
        assert charges(h) == 1


async def test_lost_purchase_is_left_to_a_person_once_the_key_is_forgotten() -> None:
    async with harness(sandbox=STARTER) as h:
        h.voxburst.lose_answers = 99
        await h.run("change_plan", {"plan": "pro"})
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        assert (await h.run("change_plan", {"plan": "pro"}))["error"]["side_effect"] == "unknown"
        assert charges(h) == 1


@pytest.mark.parametrize("tool", ["set_ai_addon", "update_subscription"])
async def test_undocumented_purchases_send_what_was_given_once(tool: str) -> None:
    async with harness(sandbox=STARTER) as h:
        for request in ('{"b": 1, "a": 2}', {"a": 2, "b": 1}):
            answer = await h.run(tool, {"request": request})
        assert answer["receipt"]["replayed"]  # pyright: ignore[reportPossiblyUnboundVariable] because the loop is not empty
        [sent] = [r for r in h.voxburst.requests if r.method == "POST"]
        assert sent.content == b'{"a": 2, "b": 1}'


async def test_pending_change_is_cancelled_as_often_as_there_is_one() -> None:
    async with harness(sandbox=SandboxSettings(speed=0, plan="pro")) as h:
        for occurrence in (1, 2):
            await h.run("change_plan", {"plan": "starter", "occurrence": occurrence})
            answer = await h.run("cancel_pending_plan_change")
            assert answer["ok"], answer
        assert len(h.sandbox.voxburst.journal.effects("plan_change_cancelled")) == 2
        again = await h.run("cancel_pending_plan_change")
        assert again["error"]["code"] == "conflict"


async def test_no_tool_that_touches_money_is_on_by_default() -> None:
    async with harness() as h:
        tools = [t for t in h.callpost.catalog.tools.values() if t.toolset == "billing"]
        assert len(tools) == 5
        assert not any(tool.default for tool in tools)

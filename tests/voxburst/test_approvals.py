from callpost_sandbox.settings import SandboxSettings
from harness import Harness, harness
from voxburst.world import bodies, draft

PRO = SandboxSettings(speed=0, plan="pro")


async def workflow(h: Harness, *, steps: int = 1) -> None:
    member = h.sandbox.voxburst.state.member_id
    answer = await h.run(
        "create_approval_workflow",
        {
            "name": "Legal",
            "steps": [{"role": f"r{n}", "approver_ids": [member]} for n in range(steps)],
        },
    )
    assert answer["ok"], answer


async def test_workflow_is_created_in_the_workspace_of_the_key_and_listed() -> None:
    async with harness(sandbox=PRO) as h:
        await workflow(h, steps=2)
        [body] = bodies(h, "/approval-workflows")
        assert [step["order"] for step in body["steps"]] == [1, 2]
        workflows = (await h.run("list_approval_workflows"))["data"]["items"]
        [listed] = [workflow for workflow in workflows if workflow["name"] == "Legal"]
        assert [step["role"] for step in listed["steps"]] == ["r0", "r1"]


async def test_post_goes_through_review_step_by_step() -> None:
    async with harness(sandbox=PRO) as h:
        await workflow(h)
        post = {"post_id": await draft(h)}
        assert (await h.run("start_post_approval", post))["data"]["status"] == "pending_approval"
        assert (await h.run("start_post_approval", post))["receipt"]["replayed"]
        assert (await h.run("publish_post", post))["error"]["code"] == "conflict"
        assert (await h.run("approve_post", post))["data"]["status"] == "approved"
        assert (await h.run("approve_post", post))["receipt"]["replayed"]


async def test_repeated_approval_does_not_approve_the_next_step() -> None:
    async with harness(sandbox=PRO) as h:
        await workflow(h, steps=2)
        post = {"post_id": await draft(h)}
        await h.run("start_post_approval", post)
        for _ in range(2):
            assert (await h.run("approve_post", post))["data"]["status"] == "pending_approval"
        h.clock.advance(301)
        assert (await h.run("approve_post", post))["data"]["status"] == "approved"


async def test_rejected_post_is_a_draft_and_can_be_sent_in_again() -> None:
    async with harness(sandbox=PRO) as h:
        await workflow(h)
        post = {"post_id": await draft(h)}
        for _ in range(2):
            started = await h.run("start_post_approval", post)
            assert not started["receipt"]["replayed"]
            assert (await h.run("reject_post", post))["data"]["status"] == "draft"


async def test_plan_without_approvals_is_told_as_such() -> None:
    async with harness() as h:
        answer = await h.run("start_post_approval", {"post_id": await draft(h)})
        assert answer["error"]["code"] == "plan_limit"


async def test_lost_review_steps_whose_keys_are_forgotten_are_settled_by_the_status() -> None:
    async with harness(sandbox=PRO) as h:
        await workflow(h)
        post = {"post_id": await draft(h)}
        for tool, path, status in (
            ("start_post_approval", "/start-approval", "pending_approval"),
            ("reject_post", "/reject", "draft"),
            ("start_post_approval", "/start-approval", "pending_approval"),
            ("approve_post", "/approve", "approved"),
        ):
            h.voxburst.only, h.voxburst.lose_answers = path, 20
            assert (await h.run(tool, post))["error"]["code"] == "outcome_unknown"
            h.voxburst.lose_answers = 0
            h.clock.advance(25 * 3600)
            assert (await h.run(tool, post))["data"]["status"] == status

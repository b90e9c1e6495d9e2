from typing import Any

from callpost_sandbox.settings import SandboxSettings
from harness import Harness, harness
from voxburst.world import draft

PRO = SandboxSettings(speed=0, plan="pro")


async def image(h: Harness, post_id: str, **more: Any) -> dict[str, Any]:
    return await h.run("create_image", {"posts": [{"post_id": post_id, "prompt": "Tea"}], **more})


async def test_image_is_waited_for_and_told_whole() -> None:
    async with harness(sandbox=PRO) as h:
        post_id = await draft(h)
        data = (await image(h, post_id))["data"]
        assert data["status"] == "COMPLETED"
        assert data["items"][0]["media_id"]
        assert data["items"][0]["post_id"] == post_id
        assert "note" not in data
        assert h.progress


async def test_image_that_is_not_waited_for_is_asked_for_later() -> None:
    async with harness(sandbox=PRO) as h:
        data = (await image(h, await draft(h), wait_s=0))["data"]
        assert data["status"] == "PENDING"
        assert "get_image_job" in data["note"]
        h.clock.advance(60)
        later = await h.run("get_image_job", {"job_id": data["job_id"]})
        assert later["data"]["status"] == "COMPLETED"


async def test_how_long_is_waited_makes_no_second_job() -> None:
    async with harness(sandbox=PRO) as h:
        post_id = await draft(h)
        first = await image(h, post_id, wait_s=0)
        again = await image(h, post_id, wait_s=20)
        assert again["data"]["job_id"] == first["data"]["job_id"]
        assert len(h.sandbox.voxburst.journal.effects("image_job_created")) == 1


async def test_lost_answer_makes_no_second_job() -> None:
    async with harness(sandbox=PRO) as h:
        post_id = await draft(h)
        h.voxburst.only = "POST /v1/ai/image-jobs"
        h.voxburst.lose_answers = 99
        assert (await image(h, post_id))["error"]["code"] == "outcome_unknown"
        h.voxburst.lose_answers = 0
        assert (await image(h, post_id))["ok"]
        assert len(h.sandbox.voxburst.journal.effects("image_job_created")) == 1


async def test_look_that_fails_does_not_make_the_job_look_undone() -> None:
    async with harness(sandbox=PRO) as h:
        post_id = await draft(h)
        h.voxburst.only = "GET /v1/ai/image-jobs"
        h.voxburst.lose_requests = 99
        answer = await image(h, post_id)
        assert answer["ok"], answer
        assert "get_image_job" in answer["data"]["note"]


async def test_images_that_fail_are_told_one_by_one() -> None:
    async with harness(sandbox=PRO) as h:
        posts = [
            {"post_id": await draft(h), "prompt": "Tea"},
            {"post_id": await draft(h, "B"), "prompt": "[fail]"},
        ]
        data = (await h.run("create_image", {"posts": posts}))["data"]
        assert data["status"] == "PARTIAL"
        assert [item["status"] for item in data["items"]] == ["COMPLETED", "FAILED"]
        assert data["items"][1]["retry_eligible"] is True

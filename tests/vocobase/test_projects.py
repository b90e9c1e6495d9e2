import json

import httpx2
import pytest

from callpost_sandbox.vocobase import seeded_id
from harness import harness

pytestmark = pytest.mark.anyio


async def test_project_is_created_renamed_read_and_deleted() -> None:
    async with harness() as h:
        made = await h.run("create_project", {"name": "Clinic", "description": "North"})
        project = {"project_id": made["data"]["id"]}
        renamed = await h.run("update_project", {**project, "name": "Clinic N"})
        assert renamed["data"]["name"] == "Clinic N"
        (put,) = h.vocobase.sent("PUT", made["data"]["id"])
        assert json.loads(put.content) == {"name": "Clinic N"}
        assert (await h.run("get_project", project))["data"]["description"] == "North"
        listed = await h.run("list_projects", {"limit": 1})
        assert (listed["data"]["total"], listed["data"]["next_cursor"]) == (2, "1")
        assert (await h.run("delete_project", project))["ok"]
        gone = await h.run("get_project", project)
        assert gone["error"]["code"] == "not_found"


async def test_update_that_changes_nothing_is_refused() -> None:
    async with harness() as h:
        answer = await h.run("update_project", {"project_id": "p"})
        assert "name or description" in answer["error"]["fields"][0]["problem"]


async def test_default_project_stays() -> None:
    async with harness() as h:
        answer = await h.run("delete_project", {"project_id": seeded_id("project:Default")})
        assert not answer["ok"]


async def test_lost_project_is_found_and_an_older_one_of_its_name_is_not() -> None:
    async with harness() as h:
        older = await h.run("create_project", {"name": "Clinic"})
        h.clock.advance(3600)
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        newer = await h.run("create_project", {"name": "Clinic", "occurrence": 2})
        assert newer["ok"], newer
        assert newer["data"]["id"] != older["data"]["id"]
        assert len(h.vocobase.sent("POST", "/projects")) == 2


async def test_project_list_is_read_in_either_shape_with_unknown_fields() -> None:
    async with harness() as h:
        rows = [{"id": "proj_abc123", "name": "A", "isDefault": True, "hue": "new"}]
        for data in (rows, {"projects": rows}):
            h.vocobase.replies.append(httpx2.Response(200, json={"success": True, "data": data}))
            answer = await h.run("list_projects")
            assert answer["data"]["items"] == [
                {"id": "proj_abc123", "name": "A", "is_default": True}
            ]

from typing import Any

from harness import Harness, harness


async def saved(h: Harness, name: str, *tags: str) -> dict[str, Any]:
    return await h.run("create_hashtag_set", {"name": name, "tags": list(tags)})


async def test_set_is_saved_as_the_service_keeps_it_and_once() -> None:
    async with harness() as h:
        made = await saved(h, "Tea", "#Green", "green ", "Oolong")
        assert made["data"]["tags"] == ["green", "oolong"]
        assert (await saved(h, "Tea", "green", "#oolong"))["receipt"]["replayed"]
        assert len(h.sandbox.voxburst.journal.effects("hashtag_set_created")) == 1


async def test_taken_name_is_a_conflict() -> None:
    async with harness() as h:
        await saved(h, "Tea", "green")
        assert (await saved(h, "Tea", "black"))["error"]["code"] == "conflict"


async def test_set_lost_beyond_the_keys_memory_is_found_by_its_name() -> None:
    async with harness() as h:
        h.voxburst.only = "POST /v1/hashtag-sets"
        h.voxburst.lose_answers = 99
        await saved(h, "Tea", "green")
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        assert (await saved(h, "Tea", "green"))["data"]["name"] == "Tea"
        assert len(h.sandbox.voxburst.journal.effects("hashtag_set_created")) == 1


async def test_set_is_changed_back_and_forth_read_and_deleted() -> None:
    async with harness() as h:
        set_id = (await saved(h, "Tea", "green"))["data"]["id"]
        for name in ("Leaves", "Tea", "Leaves"):
            changed = await h.run("update_hashtag_set", {"hashtag_set_id": set_id, "name": name})
            assert changed["data"]["name"] == name
        read = await h.run("get_hashtag_set", {"hashtag_set_id": set_id})
        assert read["data"] == changed["data"]
        assert (await h.run("delete_hashtag_set", {"hashtag_set_id": set_id}))["ok"]
        gone = await h.run("get_hashtag_set", {"hashtag_set_id": set_id})
        assert gone["error"]["code"] == "not_found"


async def test_list_shows_the_first_tags_and_how_many_there_are() -> None:
    async with harness() as h:
        await saved(h, "Many", *(f"tag{n}" for n in range(30)))
        [line] = (await h.run("list_hashtag_sets", {"limit": 1}))["data"]["items"]
        assert line["tag_count"] == 30
        assert line["tags"] == [f"tag{n}" for n in range(20)]


async def test_pages_follow_the_cursor_of_the_service() -> None:
    async with harness() as h:
        for name in ("One", "Two", "Three"):
            await saved(h, name, "a")
        cursor, names = None, list[str]()
        while True:
            page = await h.run("list_hashtag_sets", {"limit": 2, "cursor": cursor})
            names += [item["name"] for item in page["data"]["items"]]
            cursor = page["data"].get("next_cursor")
            if cursor is None:
                break
        assert names[:3] == ["Three", "Two", "One"]
        assert len(set(names)) == len(names)


async def test_empty_tag_is_refused_before_sending() -> None:
    async with harness() as h:
        assert (await saved(h, "Tea", "#"))["error"]["fields"] == [
            {"path": "tags", "problem": "a tag is empty"}
        ]
        assert not h.voxburst.requests

from callpost_sandbox.settings import SandboxSettings
from harness import harness

AGENCY = SandboxSettings(speed=0, plan="agency")


async def test_contacts_are_found_by_name_platform_and_tag() -> None:
    async with harness() as h:
        everybody = (await h.run("list_contacts"))["data"]
        assert everybody["total"] == len(everybody["items"])
        [ada] = (await h.run("list_contacts", {"search": "ada", "tags": ["customer"]}))["data"][
            "items"
        ]
        assert ada["display_name"] == "Ada"
        lower = {"search": "ada", "platform": ada["platform"].lower()}
        assert len((await h.run("list_contacts", lower))["data"]["items"]) == 1


async def test_contacts_page_by_offset_without_gap_or_repeat_whatever_the_page_size() -> None:
    async with harness() as h:
        everybody = [c["id"] for c in (await h.run("list_contacts"))["data"]["items"]]
        seen, cursor, limit = list[str](), None, 1
        while True:
            page = await h.run("list_contacts", {"limit": limit, "cursor": cursor})
            seen += [contact["id"] for contact in page["data"]["items"]]
            cursor, limit = page["data"].get("next_cursor"), limit % 2 + 1
            if cursor is None:
                break
        assert seen == everybody


async def test_cursor_that_is_not_ours_is_refused_before_sending() -> None:
    async with harness() as h:
        answer = await h.run("list_contacts", {"cursor": "page two"})
        assert answer["error"]["fields"][0]["path"] == "cursor"
        assert not h.voxburst.requests


async def test_sequences_come_with_their_steps() -> None:
    async with harness(sandbox=AGENCY) as h:
        items = (await h.run("list_sequences"))["data"]["items"]
        assert items
        assert all(item["status"] != "ARCHIVED" for item in items)
        assert items[0]["steps"][0]["message_template"] == "Hello!"


async def test_broadcasts_come_with_whom_they_reach() -> None:
    async with harness(sandbox=AGENCY) as h:
        [broadcast] = (await h.run("list_broadcasts"))["data"]["items"]
        assert broadcast["segment_rules"]["platforms"] == ["INSTAGRAM"]


async def test_lower_plan_is_told_that_it_does_not_cover_direct_messages() -> None:
    async with harness() as h:
        for tool in ("list_sequences", "list_broadcasts"):
            assert (await h.run(tool))["error"]["code"] == "plan_limit"

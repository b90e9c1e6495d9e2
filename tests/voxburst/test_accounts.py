from typing import Any

import httpx2
import pytest

from callpost_voxburst.account_models import Account, PageList
from harness import harness
from voxburst.world import accounts, bodies


async def test_list_is_short_filtered_and_paged() -> None:
    async with harness() as h:
        first = (await h.run("list_accounts", {"limit": 2}))["data"]
        assert len(first["items"]) == 2
        second = (await h.run("list_accounts", {"limit": 2, "cursor": first["next_cursor"]}))[
            "data"
        ]
        assert second["items"][0]["id"] not in {item["id"] for item in first["items"]}
        [only] = (await h.run("list_accounts", {"platform": "X"}))["data"]["items"]
        assert only["platform"] == "twitter"


async def test_filters_travel_in_the_casing_each_needs() -> None:
    async with harness() as h:
        await h.run(
            "list_accounts", {"status": "active", "platform": "x", "include_disconnected": True}
        )
        [request] = h.voxburst.sent("GET", "/accounts")
        assert dict(request.url.params) == {
            "limit": "20",
            "status": "ACTIVE",
            "platform": "twitter",
            "includeArchived": "true",
        }


async def test_account_is_connected_by_a_person_and_finished_once() -> None:
    async with harness() as h:
        begun = {"platform": "Bluesky", "redirect_url": "https://app.example/back"}
        one = (await h.run("connect_account", begun))["data"]
        two = (await h.run("connect_account", begun))["data"]
        assert one["authorization_url"].startswith("https://")
        assert one["state"] != two["state"]
        end = {"platform": "bluesky", "code": "abc", "state": two["state"]}
        done = await h.run("complete_account_connection", end)
        assert done["data"]["platform"] == "bluesky"
        assert (await h.run("complete_account_connection", end))["receipt"]["replayed"]
        assert len(h.sandbox.voxburst.journal.effects("account_connected")) == 1


async def test_page_mode_and_redirect_reach_the_wire() -> None:
    async with harness() as h:
        begun = {
            "platform": "linkedin",
            "redirect_url": "https://app.example/back",
            "page_mode": "page",
        }
        await h.run("connect_account", begun)
        expected = {"redirectUri": "https://app.example/back", "pageMode": "page"}
        assert bodies(h, "/connect/linkedin") == [expected]


async def test_page_is_selected_among_those_there_are() -> None:
    async with harness() as h:
        [facebook] = await accounts(h, "facebook")
        pages = (await h.run("list_account_pages", {"account_id": facebook}))["data"]["items"]
        chosen = {"account_id": facebook, "page_id": pages[0]["id"], "page_name": "P"}
        done = await h.run("select_account_page", chosen)
        assert done["data"] == {"success": True, "account_id": facebook}
        assert bodies(h, "/select-page") == [{"pageId": pages[0]["id"], "pageName": "P"}]


async def test_personal_profile_is_an_empty_page_id() -> None:
    async with harness() as h:
        [linkedin] = await accounts(h, "linkedin")
        await h.run("select_account_page", {"account_id": linkedin, "personal_profile": True})
        assert bodies(h, "/select-page") == [{"pageId": ""}]


@pytest.mark.parametrize("choice", [{}, {"page_id": "1", "personal_profile": True}])
async def test_page_selection_needs_exactly_one_choice(choice: dict[str, Any]) -> None:
    async with harness() as h:
        answer = await h.run("select_account_page", {"account_id": "c1"} | choice)
        assert answer["error"]["code"] == "invalid_arguments"
        assert h.voxburst.requests == []


async def test_pages_that_are_not_loaded_yet_are_worth_waiting_for() -> None:
    async with harness() as h:
        refusal = {"error": {"code": "DESTINATIONS_NOT_LOADED", "message": "later"}}
        h.voxburst.replies = [httpx2.Response(400, json=refusal)]
        answer = await h.run("select_account_page", {"account_id": "c1", "page_id": "1"})
        assert (answer["error"]["retry"], answer["error"]["retry_after_s"]) == ("same_arguments", 5)


async def test_refresh_and_test_tell_how_the_token_is() -> None:
    async with harness() as h:
        [account] = await accounts(h, "twitter")
        assert (await h.run("refresh_account", {"account_id": account}))["data"]["success"]
        assert (await h.run("refresh_account", {"account_id": account}))["receipt"]["replayed"]
        assert (await h.run("test_account", {"account_id": account}))["data"]["success"]


async def test_disconnected_account_is_gone_from_the_list() -> None:
    async with harness() as h:
        [account] = await accounts(h, "twitter")
        done = await h.run("disconnect_account", {"account_id": account})
        assert done["data"] == {"id": account, "deleted": True}
        items = (await h.run("list_accounts", {}))["data"]["items"]
        assert account not in {item["id"] for item in items}


async def test_account_is_read_whole() -> None:
    async with harness() as h:
        [account] = await accounts(h, "instagram")
        data = (await h.run("get_account", {"account_id": account}))["data"]
        assert data["id"] == account
        assert data["connected_at"]


@pytest.mark.parametrize("name", ["pages", "data", "organizations", "items"])
def test_pages_are_read_under_any_name_without_what_opens_doors(name: str) -> None:
    page: dict[str, Any] = {"pageId": "7", "pageName": "P", "category": "Shop"}
    page |= {"access_token": "secret", "nested": {}}
    [read] = PageList.model_validate({name: [page]}).compact()["items"]
    assert read == {"id": "7", "name": "P", "details": {"category": "Shop"}}


def test_account_of_tomorrow_is_still_read() -> None:
    account = Account.model_validate(
        {"id": "c1", "status": "HIBERNATING", "newField": 1, "scopeHealth": {"status": "ODD"}}
    )
    assert (account.status, account.scope_health and account.scope_health.status) == (
        "hibernating",
        "odd",
    )

from typing import Any

from callpost_voxburst.webhooks import GONE, NewWebhook, Webhook
from harness import Harness, harness

URL = "https://example.com/hook"


async def hook(h: Harness, **more: Any) -> dict[str, Any]:
    answer = await h.run("create_post_webhook", {"url": URL, "events": ["post.failed"], **more})
    assert answer["ok"], answer
    return answer


async def test_secret_is_told_once_and_a_replay_says_that_it_is_gone() -> None:
    async with harness() as h:
        first = (await hook(h))["data"]
        again = await hook(h)
        assert first["secret"].startswith("whsec_")
        assert again["receipt"]["replayed"]
        assert "secret" not in again["data"]
        assert again["data"]["note"] == GONE
        assert len(h.voxburst.sent("POST", "/webhooks")) == 1
        assert first["secret"].encode() not in h.state.read_bytes()


async def test_order_of_events_makes_no_second_webhook() -> None:
    async with harness() as h:
        await hook(h, events=["post.failed", "*"])
        assert (await hook(h, events=["*", "post.failed"]))["receipt"]["replayed"]


async def test_lost_create_answer_is_settled_with_the_same_webhook() -> None:
    async with harness() as h:
        h.voxburst.lose_answers = 1
        answer = await hook(h, events=["*"])
        hooks = (await h.run("list_post_webhooks"))["data"]
        assert [h["id"] for h in hooks["items"] if h["url"] == URL] == [answer["data"]["id"]]


async def test_webhook_lost_beyond_the_keys_memory_is_found_by_url_and_events() -> None:
    async with harness() as h:
        h.voxburst.only = "POST /v1/webhooks"
        h.voxburst.lose_answers = 99
        await h.run("create_post_webhook", {"url": URL, "events": ["*"]})
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        answer = await hook(h, events=["*"])
        assert answer["data"]["note"] == GONE
        assert len(h.sandbox.voxburst.journal.effects("webhook_created")) == 1


async def test_update_sends_only_what_changes_and_may_go_back_and_forth() -> None:
    async with harness() as h:
        webhook_id = (await hook(h))["data"]["id"]
        for enabled in (False, True, False):
            answer = await h.run(
                "update_post_webhook", {"webhook_id": webhook_id, "enabled": enabled}
            )
            assert answer["data"]["enabled"] is enabled
        assert len(h.voxburst.sent("PATCH", webhook_id)) == 3
        assert h.voxburst.sent("PATCH", webhook_id)[0].content == b'{"enabled": false}'


async def test_update_of_nothing_is_refused_before_sending() -> None:
    async with harness() as h:
        answer = await h.run("update_post_webhook", {"webhook_id": "c" + "0" * 24})
        assert answer["error"]["code"] == "invalid_arguments"
        assert not h.voxburst.requests


async def test_deleted_webhook_is_gone_and_a_lost_answer_does_not_hide_it() -> None:
    async with harness() as h:
        webhook_id = (await hook(h))["data"]["id"]
        h.voxburst.lose_answers = 1
        answer = await h.run("delete_post_webhook", {"webhook_id": webhook_id})
        assert answer["data"] == {"id": webhook_id, "deleted": True}
        gone = await h.run("get_post_webhook", {"webhook_id": webhook_id})
        assert gone["error"]["code"] == "not_found"


async def test_test_delivery_tells_what_the_receiver_said_and_is_made_anew_each_time() -> None:
    async with harness() as h:
        webhook_id = (await hook(h))["data"]["id"]
        for _ in range(2):
            answer = await h.run("test_post_webhook", {"webhook_id": webhook_id})
            assert answer["data"]["success"] is False
            assert answer["data"]["error"]
        assert len(h.voxburst.sent("POST", "/webhooks/test")) == 2


async def test_lost_test_answer_is_settled_without_a_second_delivery() -> None:
    async with harness() as h:
        webhook_id = (await hook(h))["data"]["id"]
        h.voxburst.lose_answers = 99
        lost = await h.run("test_post_webhook", {"webhook_id": webhook_id})
        assert lost["error"]["code"] == "outcome_unknown"
        h.voxburst.lose_answers = 0
        assert (await h.run("test_post_webhook", {"webhook_id": webhook_id}))["ok"]
        assert len(h.sandbox.voxburst.journal.effects("webhook_tested")) == 1


async def test_webhooks_are_paged_like_every_list() -> None:
    async with harness() as h:
        for number in range(3):
            await hook(h, url=f"{URL}/{number}")
        first = (await h.run("list_post_webhooks", {"limit": 2}))["data"]
        rest = await h.run("list_post_webhooks", {"limit": 2, "cursor": first["next_cursor"]})
        urls = [item["url"] for item in (*first["items"], *rest["data"]["items"])]
        assert {f"{URL}/{number}" for number in range(3)} <= set(urls)
        assert len(urls) == first["total"]


def test_old_name_of_enabled_is_read() -> None:
    assert Webhook.model_validate({"id": "a", "active": False}).enabled is False
    assert Webhook.model_validate({"data": {"id": "a", "enabled": True}}).enabled is True


def test_stored_webhook_has_no_secret() -> None:
    made = NewWebhook(id="a", secret="whsec_1", note="now")
    assert made.stored() == {"id": "a", "events": [], "note": GONE}

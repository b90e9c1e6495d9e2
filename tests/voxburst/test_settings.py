import json

from harness import harness


async def test_only_what_changes_is_sent_and_the_rest_stays() -> None:
    async with harness() as h:
        before = (await h.run("get_notification_settings"))["data"]
        change = {"timezone": "Europe/Berlin", "weekly_digest": False}
        after = (await h.run("update_notification_settings", change))["data"]
        [request] = h.voxburst.sent("PUT", "/settings/notifications")
        assert json.loads(request.content) == {"timezone": "Europe/Berlin", "weeklyDigest": False}
        assert after["preferences"] == before["preferences"] | change
        assert after["is_default"] is False


async def test_setting_there_and_back_acts_each_time() -> None:
    async with harness() as h:
        for wanted in (True, False, True):
            answer = await h.run("update_notification_settings", {"push_enabled": wanted})
            assert answer["data"]["preferences"]["push_enabled"] is wanted


async def test_no_change_is_refused_before_sending() -> None:
    async with harness() as h:
        answer = await h.run("update_notification_settings", {})
        assert answer["error"]["code"] == "invalid_arguments"
        assert not h.voxburst.requests

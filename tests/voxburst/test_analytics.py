import httpx2

from callpost_voxburst.analytics_models import AccountMetrics, Overview, PostMetrics
from harness import harness
from voxburst.world import accounts


def rows(count: int) -> httpx2.Response:
    row = {"postId": "c1", "platform": "TWITTER", "impressions": 5, "somethingNew": 1}
    return httpx2.Response(200, json={"data": [row] * count})


async def test_rows_of_a_post_are_paged() -> None:
    async with harness() as h:
        h.voxburst.replies = [rows(50), rows(50)]
        first = (await h.run("get_post_metrics", {"post_id": "c1", "limit": 30}))["data"]
        assert (len(first["items"]), first["total"], first["next_cursor"]) == (30, 50, "30")
        assert first["items"][0] == {"post_id": "c1", "platform": "twitter", "impressions": 5}
        cursor = {"cursor": first["next_cursor"]}
        second = (await h.run("get_post_metrics", {"post_id": "c1", "limit": 30} | cursor))["data"]
        assert len(second["items"]) == 20
        assert "next_cursor" not in second


async def test_period_and_names_reach_the_query() -> None:
    async with harness() as h:
        h.voxburst.replies = [rows(0)]
        arguments = {
            "post_id": "c1",
            "start_at": "2026-01-01T00:00:00+01:00",
            "end_at": "2026-02-01T00:00:00Z",
            "granularity": "weekly",
            "metrics": ["likes", "clicks"],
        }
        assert (await h.run("get_post_metrics", arguments))["ok"]
        assert dict(h.voxburst.requests[0].url.params) == {
            "startDate": "2025-12-31T23:00:00Z",
            "endDate": "2026-02-01T00:00:00Z",
            "granularity": "WEEKLY",
            "metrics": "clicks,likes",
        }


async def test_series_of_an_account_are_cut_together() -> None:
    async with harness() as h:
        series = {"followerHistory": list(range(30)), "timeseries": [{"date": "d"}] * 10}
        h.voxburst.replies = [httpx2.Response(200, json=series | {"totalFollowers": 3})]
        arguments = {"account_id": "c1", "limit": 20, "since": "7d"}
        data = (await h.run("get_account_metrics", arguments))["data"]
        assert (len(data["follower_history"]), len(data["timeseries"])) == (20, 10)
        assert data["follower_history"][0] == {"value": 0}
        assert data["next_cursor"] == "20"
        assert h.voxburst.requests[0].url.params["since"] == "7d"


async def test_totals_are_asked_by_account_and_platform() -> None:
    async with harness() as h:
        arguments = {"account_ids": ["c2", "c1"], "platforms": ["x", "threads"], "limit": 3}
        h.voxburst.replies = [httpx2.Response(200, json={"totalPosts": 4})]
        assert (await h.run("get_aggregate_metrics", arguments))["data"] == {"total_posts": 4}
        assert dict(h.voxburst.requests[0].url.params) == {
            "accountIds": "c1,c2",
            "platforms": "THREADS,TWITTER",
            "limit": "3",
        }


async def test_refresh_within_minutes_is_answered_from_the_ledger() -> None:
    async with harness() as h:
        [account] = await accounts(h, "twitter")
        for expected in (False, True):
            answer = await h.run("refresh_account_metrics", {"account_id": account})
            assert answer["receipt"]["replayed"] is expected
        h.clock.advance(301)
        answer = await h.run("refresh_account_metrics", {"account_id": account})
        assert not answer["receipt"]["replayed"]


async def test_post_metrics_are_fetched_now() -> None:
    async with harness() as h:
        h.voxburst.replies = [rows(2)]
        data = (await h.run("refresh_post_metrics", {"post_id": "c1"}))["data"]
        assert data["total"] == 2


async def test_workspace_in_short() -> None:
    async with harness() as h:
        data = (await h.run("get_analytics_overview"))["data"]
        assert data["summary"]["total_posts"] == 0
        assert data["period"]["start"] < data["period"]["end"]


def test_nested_numbers_of_the_clients_are_read_too() -> None:
    row = {"postId": "c1", "platform": "twitter", "metrics": {"likes": 3, "videoViews": 9}}
    [read] = PostMetrics.model_validate({"data": [row]}).data
    assert (read.likes, read.video_views) == (3, 9)
    account = AccountMetrics.model_validate({"accountId": "c1", "metrics": {"followers": 7}})
    assert account.followers == 7
    flat = {"totalImpressions": 5, "totalEngagements": 1, "periodStart": "a", "periodEnd": "b"}
    overview = Overview.model_validate(flat).compact()
    assert overview["summary"] == {"total_impressions": 5, "total_engagements": 1}
    assert overview["period"] == {"start": "a", "end": "b"}

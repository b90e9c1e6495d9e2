"""Metrics (voxburst.md section 12, voxburst.openapi.yaml, Analytics).

The numbers are made from ids, so that they are the same in every run; only what is public has any.
"""

import zlib
from collections.abc import Iterator

from callpost_sandbox.voxburst.accounts import find_account
from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.call import Call, Operation
from callpost_sandbox.voxburst.posts import find_post
from callpost_sandbox.voxburst.records import Account, Post, Target
from callpost_sandbox.voxburst.state import stamp

__all__ = ["OPERATIONS"]

_DAY_S = 86_400.0
_HISTORY_DAYS = {"free": 30, "starter": 30, "pro": 365, "agency": 365}
_GRANULARITIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY")
_COUNTS = ("impressions", "engagements", "likes", "comments", "shares", "clicks", "saves")
_TOP = 5


def _period(call: Call) -> tuple[float, float]:
    """Read the period, silently clamped to the history of the plan."""
    call.choice("granularity", _GRANULARITIES)
    start, end = call.range("startDate", "endDate")
    end = call.now if end is None else end
    start = end - 30 * _DAY_S if start is None else start
    return max(start, call.now - _HISTORY_DAYS[call.state.plan] * _DAY_S), end


def _numbers(target: Target) -> dict[str, int]:
    seed = zlib.crc32(target.id.encode())
    likes, comments, shares, saves = seed % 90, seed % 17, seed % 11, seed % 7
    return {
        "impressions": 1_000 + seed % 5_000,
        "engagements": likes + comments + shares + saves,
        "likes": likes,
        "comments": comments,
        "shares": shares,
        "clicks": seed % 43,
        "saves": saves,
    }


def _rows(call: Call, post: Post) -> list[Json]:
    wanted = call.query.get("metrics")
    names = _COUNTS if wanted is None else tuple(name for name in wanted.split(",") if name)
    if not set(names) <= set(_COUNTS):
        raise ApiError(400, "Unknown metric", "VALIDATION_ERROR", field="metrics")
    return [
        {
            "postId": post.id,
            "platform": target.platform.upper(),
            **{name: count for name, count in _numbers(target).items() if name in names},
            "collectedAt": stamp(call.now),
        }
        for target in post.targets
        if target.status == "published"
    ]


def _post(call: Call) -> Answer:
    post = find_post(call, "postId")
    start, end = _period(call)
    public = post.published_at is not None and start <= post.published_at <= end
    return Answer(200, {"data": _rows(call, post) if public else []})


def _refresh_post(call: Call) -> Answer:
    rows = _rows(call, find_post(call, "postId"))
    call.state.did("post_metrics_refreshed", call.ids["postId"])
    return Answer(200, {"data": rows})


def _account_metrics(call: Call, account: Account) -> Json:
    metrics: Json = {
        "accountId": account.id,
        "followerHistory": [],
        "timeseries": [],
        "totalFollowers": account.followers or 0,
        "followerGrowth": zlib.crc32(account.id.encode()) % 20,
        "accountStatus": account.status,
        "collectedAt": stamp(call.now),
    }
    if account.disconnected_at is not None:
        metrics["disconnectedAt"] = stamp(account.disconnected_at)
    return metrics


def _account(call: Call) -> Answer:
    _period(call)
    return Answer(200, _account_metrics(call, find_account(call, "accountId")))


def _refresh_account(call: Call) -> Answer:
    account = find_account(call, "accountId")
    call.state.did("account_metrics_refreshed", account.id)
    return Answer(200, _account_metrics(call, account))


def _public(call: Call) -> Iterator[tuple[Post, Target]]:
    start, end = _period(call)
    accounts = _set(call.query.get("accountIds"))
    platforms = _set(call.query.get("platforms", "").lower())
    for post in call.state.posts.values():
        for target in post.targets:
            if (
                target.published_at is not None
                and start <= target.published_at <= end
                and (not accounts or target.account_id in accounts)
                and (not platforms or target.platform in platforms)
            ):
                yield post, target


def _set(text: str | None) -> set[str]:
    return {part.strip() for part in (text or "").split(",") if part.strip()}


def _rate(engagements: int, impressions: int) -> float:
    return round(engagements / impressions, 4) if impressions else 0.0


def _top(rows: list[tuple[Post, Target]], limit: int) -> list[Json]:
    ranked = sorted(rows, key=lambda row: -_numbers(row[1])["engagements"])
    return [
        {
            "postId": post.id,
            "platform": target.platform,
            "engagements": _numbers(target)["engagements"],
            "impressions": _numbers(target)["impressions"],
        }
        for post, target in ranked[:limit]
    ]


def _by_platform(rows: list[tuple[Post, Target]]) -> list[Json]:
    totals: dict[str, Json] = {}
    for _, target in rows:
        empty: Json = {"platform": target.platform, "posts": 0, "impressions": 0, "engagements": 0}
        total = totals.setdefault(target.platform, empty)
        total["posts"] += 1
        total["impressions"] += _numbers(target)["impressions"]
        total["engagements"] += _numbers(target)["engagements"]
    return list(totals.values())


def _aggregate(call: Call) -> Answer:
    start, end = _period(call)
    limit = call.query.get("limit", str(_TOP))
    if not limit.isdecimal() or int(limit) < 1:
        raise ApiError(400, "limit is out of range", "VALIDATION_ERROR", field="limit")
    rows = list(_public(call))
    totals = {name: sum(_numbers(target)[name] for _, target in rows) for name in _COUNTS}
    body: Json = {
        "totalPosts": len({post.id for post, _ in rows}),
        **{f"total{name.capitalize()}": total for name, total in totals.items()},
        "totalReach": totals["impressions"] * 7 // 10,
        "averageEngagementRate": _rate(totals["engagements"], totals["impressions"]),
        "topPerformingPosts": _top(rows, int(limit)),
        "byPlatform": _by_platform(rows),
        "periodStart": stamp(start),
        "periodEnd": stamp(end),
    }
    return Answer(200, body)


def _overview(call: Call) -> Answer:
    start, end = _period(call)
    rows = list(_public(call))
    impressions = sum(_numbers(target)["impressions"] for _, target in rows)
    engagements = sum(_numbers(target)["engagements"] for _, target in rows)
    summary = {
        "totalPosts": len({post.id for post, _ in rows}),
        "totalImpressions": impressions,
        "totalEngagements": engagements,
        "averageEngagementRate": _rate(engagements, impressions),
    }
    body = {
        "summary": summary,
        "topPosts": _top(rows, _TOP),
        "byPlatform": _by_platform(rows),
        "period": {"start": stamp(start), "end": stamp(end)},
    }
    return Answer(200, body)


OPERATIONS = (
    Operation("GET", "/analytics/posts/{postId}", _post, "posts:read"),
    Operation("GET", "/analytics/accounts/{accountId}", _account, "accounts:read"),
    Operation("GET", "/analytics/aggregate", _aggregate, "posts:read"),
    Operation("GET", "/analytics/overview", _overview, "posts:read"),
    Operation("POST", "/analytics/posts/{postId}/refresh", _refresh_post, "posts:read"),
    Operation("POST", "/analytics/accounts/{accountId}/refresh", _refresh_account, "accounts:read"),
)

"""What VoxBurst answers about metrics.

Source: contract `voxburst.openapi.yaml`, PostMetricsRow to AnalyticsOverview. The documentation's
flat shapes win; the nested ones of the clients are read too.
"""

from typing import Annotated, Any, Self, cast

from pydantic import BeforeValidator, model_validator

from callpost.models import Result
from callpost_voxburst.pages import List, Page
from callpost_voxburst.paging import rows
from callpost_voxburst.platforms import Lower

__all__ = [
    "AccountMetrics",
    "AggregateMetrics",
    "Overview",
    "PostMetrics",
    "PostMetricsPage",
    "PostMetricsRow",
]

Rows = Annotated[tuple[dict[str, Any], ...] | None, BeforeValidator(rows)]
"""Points of a time series; the contract does not say what is in one."""


class _Flat(Result):
    """Some clients model the numbers inside `metrics`."""

    @model_validator(mode="before")
    @classmethod
    def _raise_metrics(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = cast("dict[str, Any]", data)
        inner: Any = given.get("metrics")
        return {**cast("dict[str, Any]", inner), **given} if isinstance(inner, dict) else given


class PostMetricsRow(_Flat):
    """Numbers of a post on one platform, in one period."""

    post_id: str | None = None
    platform: Lower | None = None
    impressions: int | None = None
    reach: int | None = None
    engagements: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    clicks: int | None = None
    saves: int | None = None
    video_views: int | None = None
    post_platform_id: str | None = None
    platform_post_id: str | None = None
    platform_post_url: str | None = None
    data_available: bool | None = None
    granularity: str | None = None
    period_start: str | None = None
    period_end: str | None = None
    collected_at: str | None = None


class PostMetrics(Result):
    """All rows as they come."""

    data: tuple[PostMetricsRow, ...]


class PostMetricsPage(Page):
    """Rows by platform and period."""

    items: tuple[PostMetricsRow, ...]


class AccountMetrics(_Flat):
    """Numbers of an account, and how they came about."""

    account_id: str | None = None
    platform: Lower | None = None
    username: str | None = None
    display_name: str | None = None
    account_status: Lower | None = None
    disconnected_at: str | None = None
    total_followers: int | None = None
    follower_growth: int | None = None
    followers: int | None = None
    following: int | None = None
    total_posts: int | None = None
    total_impressions: int | None = None
    total_reach: int | None = None
    total_engagements: int | None = None
    engagement_rate: float | None = None
    avg_engagement_rate: float | None = None
    granularity: str | None = None
    period_start: str | None = None
    period_end: str | None = None
    collected_at: str | None = None
    follower_history: Rows = None
    timeseries: Rows = None
    next_cursor: str | None = None

    def part(self, args: List) -> Self:
        """The asked part of both series."""
        end = args.offset + args.limit
        longest = max(len(self.follower_history or ()), len(self.timeseries or ()))
        return self.model_copy(
            update={
                "follower_history": _cut(self.follower_history, args.offset, end),
                "timeseries": _cut(self.timeseries, args.offset, end),
                "next_cursor": str(end) if end < longest else None,
            }
        )


def _cut(
    series: tuple[dict[str, Any], ...] | None, start: int, end: int
) -> tuple[dict[str, Any], ...] | None:
    return None if series is None else series[start:end]


class TopPost(Result):
    """One of the best posts."""

    post_id: str | None = None
    platform: Lower | None = None
    engagements: int | None = None
    impressions: int | None = None


class PlatformTotals(Result):
    """Totals of one platform."""

    platform: Lower | None = None
    posts: int | None = None
    impressions: int | None = None
    engagements: int | None = None


class AggregateMetrics(Result):
    """Totals across posts."""

    total_posts: int | None = None
    total_impressions: int | None = None
    total_reach: int | None = None
    total_engagements: int | None = None
    total_likes: int | None = None
    total_comments: int | None = None
    total_shares: int | None = None
    total_clicks: int | None = None
    total_saves: int | None = None
    average_engagement_rate: float | None = None
    top_performing_posts: tuple[TopPost, ...] | None = None
    by_platform: tuple[PlatformTotals, ...] | None = None
    period_start: str | None = None
    period_end: str | None = None


class Summary(Result):
    """Totals of the workspace."""

    total_posts: int | None = None
    total_impressions: int | None = None
    total_engagements: int | None = None
    average_engagement_rate: float | None = None


class Period(Result):
    """From when to when."""

    start: str | None = None
    end: str | None = None


class Overview(Result):
    """The workspace in short; a client models the same without `summary` and `period`."""

    summary: Summary | None = None
    top_posts: tuple[TopPost, ...] | None = None
    by_platform: tuple[PlatformTotals, ...] | None = None
    period: Period | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = cast("dict[str, Any]", data)
        if isinstance(given.get("summary"), dict) or "totalImpressions" not in given:
            return given
        period = {"start": given.get("periodStart"), "end": given.get("periodEnd")}
        return {"summary": given, "period": period, **given}

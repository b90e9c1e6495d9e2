"""Metrics of posts, accounts and the workspace, as the service last collected them.

Source: contract `voxburst.openapi.yaml` `/analytics/*`. History reaches back 30 days on Free and
Starter, 365 on Pro and Agency, and is cut without a word (`voxburst.md` section 12).
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from callpost.fields import Id, Instant, instant_text, unordered
from callpost.models import Args
from callpost.toolset import Call, Dedupe, Effect, route
from callpost_voxburst.analytics_models import (
    AccountMetrics,
    AggregateMetrics,
    Overview,
    PostMetrics,
    PostMetricsPage,
)
from callpost_voxburst.api import FAMILY
from callpost_voxburst.pages import List, part
from callpost_voxburst.platforms import Platforms

__all__ = ["analytics"]

analytics = FAMILY.toolset("analytics", title="Analytics", default=True)

Query = dict[str, str | int | bool | None]


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


Granularity = Annotated[Literal["HOURLY", "DAILY", "WEEKLY", "MONTHLY"], BeforeValidator(_upper)]


def _names(value: tuple[str, ...]) -> tuple[str, ...]:
    if any("," in name or not name for name in value):
        raise ValueError("expected names without commas")
    return tuple(sorted(set(value)))


class _Period(Args):
    start_at: Instant | None = None
    end_at: Instant | None = None

    def period(self) -> Query:
        """The last 30 days, unless said."""
        return {
            "startDate": instant_text(self.start_at) if self.start_at else None,
            "endDate": instant_text(self.end_at) if self.end_at else None,
        }


class Overall(_Period):
    """Which period; by default the last 30 days."""


class GetPostMetrics(List, _Period):
    """Which post, when, how fine."""

    post_id: Id
    granularity: Granularity | None = None
    metrics: Annotated[tuple[str, ...], AfterValidator(_names)] = ()

    def query(self) -> Query:
        """Metric names travel in one text."""
        names = ",".join(self.metrics) or None
        return self.period() | {"granularity": self.granularity, "metrics": names}


@analytics.tool(effect=Effect.READS, operations=("getPostMetrics",))
async def get_post_metrics(args: GetPostMetrics, call: Call) -> PostMetricsPage:
    """Metrics of a post by platform; the last 30 days unless a period is given."""
    path = route("/analytics/posts/{}", args.post_id)
    found = await call.get(path, into=PostMetrics, query=args.query())
    items, next_cursor = part(found.data, args)
    return PostMetricsPage(items=items, next_cursor=next_cursor, total=len(found.data))


class GetAccountMetrics(List, _Period):
    """Which account, when, how fine."""

    account_id: Id
    granularity: Granularity | None = None
    since: Annotated[
        str | None,
        Field(pattern=r"^\d{1,4}[dwmy]$"),
        WithJsonSchema({"type": "string", "description": "7d, 1y"}),
    ] = None

    def query(self) -> Query:
        """The npm cli sends `since`, the documentation dates."""
        return self.period() | {"granularity": self.granularity, "since": self.since}


@analytics.tool(effect=Effect.READS, operations=("getAccountMetrics",))
async def get_account_metrics(args: GetAccountMetrics, call: Call) -> AccountMetrics:
    """Followers and reach of an account over time; the last 30 days unless a period is given."""
    path = route("/analytics/accounts/{}", args.account_id)
    found = await call.get(path, into=AccountMetrics, query=args.query())
    return found.part(args)


@analytics.tool(effect=Effect.READS, operations=("getAnalyticsOverview",))
async def get_analytics_overview(args: Overall, call: Call) -> Overview:
    """Totals and best posts of the whole workspace."""
    return await call.get(route("/analytics/overview"), into=Overview, query=args.period())


class GetAggregateMetrics(_Period):
    """Totals of what."""

    account_ids: Annotated[tuple[Id, ...], unordered] = ()
    platforms: Platforms = ()
    limit: Annotated[int | None, Field(ge=1, le=100, description="Of the best posts")] = None

    def query(self) -> Query:
        """Lists travel in one text each."""
        return self.period() | {
            "accountIds": ",".join(self.account_ids) or None,
            "platforms": ",".join(self.platforms) or None,
            "limit": self.limit,
        }


@analytics.tool(effect=Effect.READS, operations=("getAggregateMetrics",), default=False)
async def get_aggregate_metrics(args: GetAggregateMetrics, call: Call) -> AggregateMetrics:
    """Totals over the posts of some accounts or platforms."""
    path = route("/analytics/aggregate")
    return await call.get(path, into=AggregateMetrics, query=args.query())


class RefreshPostMetrics(Args):
    """Which post."""

    post_id: Id


class RefreshAccountMetrics(Args):
    """Which account."""

    account_id: Id


async def _is_fresh(_args: Args, _call: Call) -> bool:
    """Metrics fetched minutes ago are fresh enough."""
    return True


@analytics.tool(
    effect=Effect.UPDATES,
    dedupe=Dedupe.BRIEF,
    stands=_is_fresh,
    operations=("refreshPostMetrics",),
    default=False,
)
async def refresh_post_metrics(args: RefreshPostMetrics, call: Call) -> PostMetricsPage:
    """Fetch a post's metrics from its platforms now."""
    path = route("/analytics/posts/{}/refresh", args.post_id)
    found = await call.post(path, into=PostMetrics, repeatable=True)
    items, _ = part(found.data, List(limit=100))
    return PostMetricsPage(items=items, total=len(found.data))


@analytics.tool(
    effect=Effect.UPDATES,
    dedupe=Dedupe.BRIEF,
    stands=_is_fresh,
    operations=("refreshAccountMetrics",),
    default=False,
)
async def refresh_account_metrics(args: RefreshAccountMetrics, call: Call) -> AccountMetrics:
    """Fetch an account's metrics from its platform now."""
    path = route("/analytics/accounts/{}/refresh", args.account_id)
    return (await call.post(path, into=AccountMetrics, repeatable=True)).part(List(limit=100))

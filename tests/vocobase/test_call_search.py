from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from callpost.errors import Unsettled
from callpost.toolset import Call, Sent
from callpost_vocobase.call_models import StartedCall
from callpost_vocobase.call_search import MOST_PAGES, looking_for
from callpost_vocobase.lost_call import Wanted

SENT = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
NUMBER = "+14155550111"
OTHER = "+14155550999"


class Calls:
    """A `Call` over a list of rows, of which it counts the pages that were read."""

    def __init__(
        self, rows: list[dict[str, Any]], *, total: bool = True, after_s: float = 60.0
    ) -> None:
        self.rows = rows
        self.has_total = total
        self.after_s = after_s
        self.taken: dict[str, datetime | None] = {}
        self.dismissed: frozenset[str] = frozenset()
        self.offsets: list[int] = []

    def now(self) -> datetime:
        return SENT + timedelta(seconds=self.after_s)

    async def get(self, path: str, *, into: Any, query: Mapping[str, Any]) -> Any:
        assert path == "/calls"
        start, limit = query["offset"], query["limit"]
        self.offsets.append(start)
        page: dict[str, Any] = {"calls": self.rows[start : start + limit]}
        if self.has_total:
            page["total"] = len(self.rows)
        return into.model_validate(page)

    async def claimed(self, upstream_ids: Iterable[str]) -> Mapping[str, datetime | None]:
        return {name: self.taken[name] for name in upstream_ids if name in self.taken}

    async def dismiss(self, upstream_ids: Iterable[str]) -> frozenset[str]:
        self.dismissed = self.dismissed.union(upstream_ids)
        return self.dismissed

    async def settle(self, offset_s: float | None = 0.0) -> StartedCall | None:
        wanted = Wanted(to_number=NUMBER, agent_id="a1")
        offset = None if offset_s is None else timedelta(seconds=offset_s)
        return await looking_for(cast("Call", self), wanted)(Sent(SENT, lambda: offset))


def row(call_id: str, off_s: float, to_number: str = OTHER, **more: Any) -> dict[str, Any]:
    created = (SENT + timedelta(seconds=off_s)).isoformat().replace("+00:00", "Z")
    told = {"callId": call_id, "toNumber": to_number, "agentId": "a1", "status": "COMPLETED"}
    return {**told, "createdAt": created, **more}


def others(count: int, *, first_off_s: float, step_s: float) -> list[dict[str, Any]]:
    return [row(f"o{n}", first_off_s + n * step_s) for n in range(count)]


OURS = row("ours", 1, NUMBER)


async def test_found_call_is_told_like_a_started_one() -> None:
    calls = Calls([{**OURS, "sessionId": "s1", "fromNumber": "+12025550142", "provider": "twilio"}])
    found = await calls.settle()
    assert found is not None
    assert found.compact() == {
        "call_id": "ours",
        "session_id": "s1",
        "status": "completed",
        "provider": "twilio",
        "agent_id": "a1",
        "from_number": "+12025550142",
        "to_number": NUMBER,
    }


async def test_list_without_the_call_says_that_it_is_not_there() -> None:
    calls = Calls(others(40, first_off_s=30, step_s=-10))
    assert await calls.settle() is None
    assert calls.offsets == [0]


async def test_empty_list_says_that_it_is_not_there() -> None:
    assert await Calls([]).settle() is None
    assert await Calls([], total=False).settle() is None


@pytest.mark.parametrize("total", [True, False])
async def test_newest_first_is_read_until_the_send_is_passed(*, total: bool) -> None:
    newer = others(150, first_off_s=700, step_s=-4)
    older = others(500, first_off_s=-2000, step_s=-60)
    calls = Calls([*newer, OURS, *older], total=total, after_s=700)
    found = await calls.settle()
    assert found is not None
    assert found.call_id == "ours"
    assert calls.offsets == [0, 100]
    calls = Calls([*newer, *older], total=total, after_s=700)
    if total:
        assert await calls.settle() is None
        assert calls.offsets == [0, 100, 550]
    else:
        with pytest.raises(Unsettled, match="pages"):
            await calls.settle()
        assert calls.offsets == [0, 100, 200]


async def test_end_of_a_list_is_looked_at_where_calls_that_nobody_answered_yet_may_be() -> None:
    older = others(250, first_off_s=-86_400, step_s=-60)
    calls = Calls([*older, OURS])
    found = await calls.settle()
    assert found is not None
    assert found.call_id == "ours"
    assert calls.offsets == [0, 151]
    calls = Calls(older)
    assert await calls.settle() is None
    assert calls.offsets == [0, 150]
    calls = Calls(older[:130])
    assert await calls.settle() is None
    assert calls.offsets == [0, 100]


async def test_list_that_ends_with_newer_calls_is_not_newest_first() -> None:
    older = others(250, first_off_s=-86_400, step_s=-60)
    unanswered = others(150, first_off_s=-90_000, step_s=100)
    calls = Calls([*older, *unanswered])
    with pytest.raises(Unsettled, match="pages"):
        await calls.settle()
    assert calls.offsets == [0, 300]


async def test_end_that_shrank_away_decides_nothing() -> None:
    class Shrinking(Calls):
        async def get(self, path: str, *, into: Any, query: Mapping[str, Any]) -> Any:
            page = await super().get(path, into=into, query=query)
            self.rows, told = self.rows[:100], page.total
            return page.model_copy(update={"total": told})

    with pytest.raises(Unsettled, match="pages"):
        await Shrinking(others(250, first_off_s=-86_400, step_s=-60)).settle()


async def test_oldest_first_is_read_from_the_end() -> None:
    older = others(650, first_off_s=-100_000, step_s=60)
    calls = Calls([*older, OURS])
    found = await calls.settle()
    assert found is not None
    assert found.call_id == "ours"
    assert calls.offsets == [0, 551]
    calls = Calls(older)
    assert await calls.settle() is None


async def test_short_list_with_the_oldest_first_is_read_whole() -> None:
    calls = Calls([*others(150, first_off_s=-600, step_s=1), OURS])
    assert await calls.settle() is not None
    calls = Calls(others(150, first_off_s=-600, step_s=1))
    assert await calls.settle() is None
    assert calls.offsets == [0, 100]


async def test_list_without_order_is_read_whole_where_it_is_short_enough() -> None:
    rows = others(250, first_off_s=-5000, step_s=20)
    rows = rows[1::-1] + rows[2:]
    calls = Calls([*rows, OURS])
    found = await calls.settle()
    assert found is not None
    assert calls.offsets == [0, 100, 200]
    assert await Calls(rows).settle() is None


@pytest.mark.parametrize(
    "rows",
    [
        others(900, first_off_s=-5000, step_s=20)[::2] + others(9, first_off_s=0, step_s=1),
        others(900, first_off_s=800, step_s=-0.5),
    ],
)
async def test_list_too_long_to_read_is_told_instead_of_dialling_again(
    rows: list[dict[str, Any]],
) -> None:
    calls = Calls(rows, total=False, after_s=900)
    with pytest.raises(Unsettled, match="pages"):
        await calls.settle()
    assert len(calls.offsets) == MOST_PAGES


async def test_pages_shorter_than_asked_for_do_not_end_the_list() -> None:
    class Stingy(Calls):
        async def get(self, path: str, *, into: Any, query: Mapping[str, Any]) -> Any:
            return await super().get(path, into=into, query={**query, "limit": 20})

    calls = Stingy([*others(30, first_off_s=500, step_s=-10), OURS], after_s=600)
    assert await calls.settle() is not None
    assert calls.offsets == [0, 20]


async def test_call_of_another_intent_is_passed_over() -> None:
    calls = Calls([OURS])
    calls.taken = {"ours": None}
    assert await calls.settle() is None


async def test_known_clock_offset_moves_the_window() -> None:
    calls = Calls([row("ours", 300, NUMBER)], after_s=900)
    for offset_s in (0, None):
        with pytest.raises(Unsettled):
            await calls.settle(offset_s)
    found = await calls.settle(offset_s=299)
    assert found is not None


async def test_other_call_of_ours_in_the_list_tells_how_its_clock_differs() -> None:
    calls = Calls([row("ours", 300, NUMBER), row("first", 250, NUMBER), row("old", 9, NUMBER)])
    calls.taken = {"first": SENT - timedelta(seconds=49)}
    for offset_s in (None, 290):
        found = await calls.settle(offset_s)
        assert found is not None
        assert found.call_id == "ours"
    calls.rows = calls.rows[1:]
    assert await calls.settle(offset_s=None) is None


async def test_call_that_was_too_long_at_the_first_look_stays_ruled_out() -> None:
    ended = (SENT + timedelta(seconds=-210)).isoformat()
    calls = Calls([row("before", -240, NUMBER, endedAt=ended)], after_s=3)
    assert await calls.settle() is None
    calls.after_s = 600
    assert await calls.settle() is None
    calls.dismissed = frozenset()
    with pytest.raises(Unsettled):
        await calls.settle()


@pytest.mark.parametrize(
    ("after_s", "status", "retry"),
    [
        (10, "COMPLETED", "same_arguments"),
        (300, "COMPLETED", "never"),
        (300, "IN_PROGRESS", "same_arguments"),
        (3600, "IN_PROGRESS", "never"),
    ],
)
async def test_doubtful_call_is_named_with_what_to_do(
    after_s: float, status: str, retry: str
) -> None:
    calls = Calls([row("maybe", -300, NUMBER, status=status)], after_s=after_s)
    with pytest.raises(Unsettled) as raised:
        await calls.settle()
    assert "maybe" in raised.value.message
    assert NUMBER not in raised.value.message
    assert raised.value.retry == retry
    assert "occurrence" in raised.value.next_step


async def test_odd_rows_do_not_spoil_the_page() -> None:
    odd: list[Any] = ["text", None, {"callId": 5, "duration_seconds": "long", "created_at": 17}]
    assert (await Calls([*odd, OURS]).settle()) is not None

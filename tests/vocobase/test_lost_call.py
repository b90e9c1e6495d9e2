from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callpost_vocobase.call_models import CallRow, instant
from callpost_vocobase.call_times import WIDE, Times, measured
from callpost_vocobase.lost_call import Absent, Adopt, Unclear, Verdict, Wanted, decide

SENT = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
WANTED = Wanted(to_number="+919876543210", agent_id="agent-1")


ZERO = timedelta(0)


def row(
    call_id: str = "call-1",
    *,
    off_s: float | None = 1.0,
    status: str = "completed",
    to_number: str | None = WANTED.to_number,
    agent_id: str | None = WANTED.agent_id,
    direction: str | None = "outbound",
    lasted_s: float | None = None,
    talked_s: float | None = None,
) -> CallRow:
    created = None if off_s is None else SENT + timedelta(seconds=off_s)
    ended = created + timedelta(seconds=lasted_s) if created and lasted_s is not None else None
    return CallRow(
        call_id=call_id,
        status=status,
        to_number=to_number,
        agent_id=agent_id,
        direction=direction,
        created_at=created.isoformat() if created else None,
        ended_at=ended.isoformat() if ended else None,
        duration_seconds=talked_s,
    )


def decided(
    *rows: CallRow,
    now_s: float = 3600.0,
    others: frozenset[str] = frozenset(),
    told: timedelta | None = ZERO,
    measured: timedelta | None = None,
) -> Verdict:
    now = SENT + timedelta(seconds=now_s)
    times = Times(SENT, now, measured=measured, told=told)
    return decide(rows, WANTED, times, others=others)


def adopted(*rows: CallRow, **more: Any) -> str | None:
    verdict = decided(*rows, **more)
    return verdict.row.call_id if isinstance(verdict, Adopt) else None


KNOWN = [{"told": ZERO}, {"measured": ZERO, "told": None}, {"measured": ZERO, "told": ZERO}]
UNKNOWN: dict[str, Any] = {"told": None}


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("off_s", [-5, 0, 1, 90])
@pytest.mark.parametrize("status", ["pending", "completed", "failed", "busy"])
def test_call_made_at_the_time_of_the_send_is_ours_whatever_became_of_it(
    off_s: float, status: str, known: dict[str, Any]
) -> None:
    assert adopted(row(off_s=off_s, status=status), **known) == "call-1"


def test_call_made_then_is_ours_while_it_goes_on_where_nothing_tells_their_time() -> None:
    assert adopted(row(status="ringing"), **UNKNOWN) == "call-1"
    assert isinstance(decided(row(), **UNKNOWN), Unclear)


def test_nearest_of_several_is_ours() -> None:
    rows = [row("late", off_s=40), row("near", off_s=1), row("early", off_s=-9)]
    assert adopted(*rows) == "near"


@pytest.mark.parametrize("told", [ZERO, None])
@pytest.mark.parametrize("off_s", [-600, -6, 91, 899])
@pytest.mark.parametrize("status", ["pending", "ringing", "in_progress", "completed"])
def test_call_at_another_time_is_never_adopted(
    off_s: float, status: str, told: timedelta | None
) -> None:
    assert isinstance(decided(row(off_s=off_s, status=status), told=told), Unclear)


@pytest.mark.parametrize("told", [ZERO, None])
@pytest.mark.parametrize("off_s", [-600, -6, 1, 91, 899])
def test_call_that_lasted_longer_than_since_the_send_is_not_ours(
    off_s: float, told: timedelta | None
) -> None:
    assert decided(row(off_s=off_s, lasted_s=30), now_s=20, told=told) == Absent()
    assert decided(row(off_s=off_s, talked_s=30), now_s=20, told=told) == Absent()
    assert decided(row(off_s=off_s, lasted_s=20), now_s=20, told=told) != Absent()


@pytest.mark.parametrize(("lasted_s", "talked_s"), [(400, 3), (3, 60), (3, 0), (-5, None)])
def test_lengths_that_disagree_rule_nothing_out(lasted_s: float, talked_s: float | None) -> None:
    assert adopted(row(lasted_s=lasted_s, talked_s=talked_s), now_s=10) == "call-1"


def test_length_rules_nothing_out_after_our_clock_was_set_back() -> None:
    assert adopted(row(lasted_s=30), now_s=-60) == "call-1"


@pytest.mark.parametrize("known", KNOWN[1:])
@pytest.mark.parametrize("off_s", [-600, -6, 91, 300, 899])
@pytest.mark.parametrize("status", ["pending", "completed"])
def test_call_at_another_time_by_a_measured_clock_is_not_ours(
    off_s: float, status: str, known: dict[str, Any]
) -> None:
    assert decided(row(off_s=off_s, status=status), now_s=10, **known) == Absent()


def test_measured_clock_goes_before_the_told_one_and_what_they_disagree_on_is_unclear() -> None:
    ahead = timedelta(seconds=300)
    assert adopted(row(off_s=300), row("other", off_s=1), measured=ahead) == "call-1"
    assert isinstance(decided(row(), measured=ahead), Unclear)


def test_offset_is_measured_by_the_middle_of_our_other_calls() -> None:
    rows = [row(f"c{n}", off_s=off) for n, off in enumerate([300, 301, 7200, 9])]
    sent: dict[str, datetime | None] = {"c0": SENT, "c1": SENT, "c2": SENT}
    assert measured(rows, sent) == timedelta(seconds=301)
    assert measured(rows, {"c1": None, "c9": SENT}) is None
    assert measured([row("c0", off_s=None)], sent) is None


def test_call_made_in_the_future_proves_that_the_clocks_differ() -> None:
    assert adopted(row(off_s=300), now_s=10) == "call-1"
    assert adopted(row(off_s=300), row("newest", off_s=310), now_s=10) == "newest"
    assert adopted(row(off_s=300, status="pending"), now_s=10, told=None) == "call-1"
    assert isinstance(decided(row(off_s=300), now_s=10, told=None), Unclear)


def test_call_far_in_the_future_is_unclear() -> None:
    assert isinstance(decided(row(off_s=19_800), now_s=10), Unclear)


@pytest.mark.parametrize("off_s", [-100_000, -901, 901])
def test_call_of_another_day_is_not_ours(off_s: float) -> None:
    assert decided(row(off_s=off_s)) == Absent()


def test_call_of_another_intent_is_not_ours() -> None:
    assert decided(row(), others=frozenset({"call-1"})) == Absent()


@pytest.mark.parametrize(
    "other",
    [
        row(to_number="+919876543211"),
        row(to_number="+15550100"),
        row(agent_id="agent-2"),
        row(direction="INBOUND"),
        row(to_number="+91******11"),
    ],
)
def test_call_to_somebody_else_is_not_ours(other: CallRow) -> None:
    assert decided(other) == Absent()


@pytest.mark.parametrize(
    "same", ["+91 98765 43210", "919876543210", "00919876543210", "+91-98765-43210"]
)
def test_same_number_in_another_notation_is_the_same(same: str) -> None:
    assert adopted(row(to_number=same)) == "call-1"


@pytest.mark.parametrize("told", [None, "", "09876543210", "9876543210", "+91******10", "sip:x"])
@pytest.mark.parametrize("status", ["pending", "completed"])
def test_call_without_a_comparable_number_is_never_adopted(told: str | None, status: str) -> None:
    assert isinstance(decided(row(to_number=told, status=status)), Unclear)


def test_call_with_our_number_is_preferred_to_one_without() -> None:
    assert adopted(row("none", off_s=0, to_number=None), row("ours", off_s=30)) == "ours"


def test_agent_that_the_list_leaves_out_is_not_held_against_a_call() -> None:
    assert adopted(row(agent_id=None)) == "call-1"
    assert adopted(row(agent_id="AGENT-1")) == "call-1"


@pytest.mark.parametrize("known", [*KNOWN, UNKNOWN])
@pytest.mark.parametrize("status", ["ringing", "completed"])
def test_call_without_a_time_is_unclear(status: str, known: dict[str, Any]) -> None:
    assert isinstance(decided(row(off_s=None, status=status), **known), Unclear)


def test_start_of_the_talk_stands_in_for_a_missing_time() -> None:
    started = (SENT + timedelta(seconds=20)).isoformat()
    told = row(off_s=None).model_copy(update={"started_at": started})
    assert adopted(told) == "call-1"


def test_call_without_an_identifier_cannot_be_adopted() -> None:
    assert decided(row("")) == Absent()


def rows_of(ids: st.SearchStrategy[str]) -> st.SearchStrategy[CallRow]:
    return st.builds(
        row,
        ids,
        off_s=st.none() | st.floats(-2000, 2000),
        status=st.sampled_from(["pending", "in_progress", "completed", "busy", "unheard_of"]),
        to_number=st.none()
        | st.sampled_from([WANTED.to_number, "919876543210", "09876543210", "+15550100", "?"]),
        agent_id=st.none() | st.sampled_from(["agent-1", "agent-2"]),
        lasted_s=st.none() | st.floats(-10, 4000),
        talked_s=st.none() | st.floats(0, 4000),
    )


LISTS = st.lists(
    rows_of(st.sampled_from([f"c{n}" for n in range(30)])),
    max_size=8,
    unique_by=lambda r: r.call_id,
)
OTHERS = st.frozensets(st.sampled_from([f"c{n}" for n in range(30)]))
SKEWS = st.floats(-4000, 4000).map(lambda s: timedelta(seconds=s))
CLOCKS = st.fixed_dictionaries({"told": st.none() | SKEWS, "measured": st.none() | SKEWS})


@given(rows=LISTS, others=OTHERS, now_s=st.floats(0, 4000), clocks=CLOCKS)
def test_adopted_call_has_our_number_and_belongs_to_nobody_else(
    rows: list[CallRow], others: frozenset[str], now_s: float, clocks: dict[str, Any]
) -> None:
    verdict = decided(*rows, now_s=now_s, others=others, **clocks)
    if isinstance(verdict, Adopt):
        assert verdict.row in rows
        assert verdict.row.to_number in {WANTED.to_number, "919876543210"}
        assert verdict.row.agent_id in {None, WANTED.agent_id}
        assert verdict.row.call_id not in others


@given(rows=LISTS, others=OTHERS, now_s=st.floats(0, 4000), clocks=CLOCKS, order=st.randoms())
def test_order_of_the_list_decides_nothing_but_ties(
    rows: list[CallRow],
    others: frozenset[str],
    now_s: float,
    clocks: dict[str, Any],
    order: Random,
) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)
    verdict = decided(*rows, now_s=now_s, others=others, **clocks)
    other = decided(*shuffled, now_s=now_s, others=others, **clocks)
    assert type(other) is type(verdict)


@given(rows=LISTS, now_s=st.floats(0, 4000), skew=SKEWS, is_measured=st.booleans())
def test_call_made_before_the_send_is_never_adopted_where_the_offset_is_known(
    rows: list[CallRow], now_s: float, skew: timedelta, *, is_measured: bool
) -> None:
    clocks: dict[str, Any] = {"told": None, "measured": skew} if is_measured else {"told": skew}
    verdict = decided(*rows, now_s=now_s, **clocks)
    if isinstance(verdict, Adopt):
        created = instant(verdict.row.created_at)
        assert created is not None
        assert created - skew >= SENT - timedelta(seconds=5)


@given(
    rows=LISTS,
    took_s=st.floats(0, 90),
    lasted=st.floats(0, 1),
    skew=SKEWS,
    error_s=st.floats(-5, 0),
    since_s=st.floats(0, 4000),
    is_measured=st.booleans(),
    status=st.sampled_from(["pending", "in_progress", "completed", "busy"]),
)
def test_own_call_is_found_where_the_offset_is_known(
    rows: list[CallRow],
    *,
    took_s: float,
    lasted: float,
    skew: timedelta,
    error_s: float,
    since_s: float,
    status: str,
    is_measured: bool,
) -> None:
    """By their own word: a call that began after the send and ended before now."""
    lasted_s = since_s * lasted if status in {"completed", "busy"} else None
    off_s = took_s + skew.total_seconds()
    ours = row("ours", off_s=off_s, status=status, lasted_s=lasted_s, talked_s=lasted_s)
    now_s = took_s + since_s
    known = skew - timedelta(seconds=error_s if took_s - error_s <= 90 else 0)
    clocks: dict[str, Any] = {"told": None, "measured": known} if is_measured else {"told": known}
    verdict = decided(*rows, ours, now_s=now_s, **clocks)
    assert isinstance(verdict, Adopt)
    assert is_measured or verdict.row is ours or verdict.is_narrow
    assert adopted(ours, now_s=now_s, **clocks) == "ours"


@given(
    rows=LISTS,
    took_s=st.floats(0, 90),
    skew_s=st.floats(-800, 800),
    now_s=st.floats(90, 4000),
    told=st.none() | st.just(ZERO),
    status=st.sampled_from(["pending", "in_progress", "completed", "busy"]),
)
def test_own_call_is_never_missed_while_clocks_differ_by_less_than_the_wide_window(
    rows: list[CallRow],
    *,
    took_s: float,
    skew_s: float,
    now_s: float,
    told: timedelta | None,
    status: str,
) -> None:
    ours = row("ours", off_s=took_s + skew_s, status=status)
    assert decided(*rows, ours, now_s=now_s, told=told) != Absent()


@given(off_s=st.floats(-5000, 5000), now_s=st.floats(0, 4000))
def test_absent_means_farther_off_than_the_wide_window(off_s: float, now_s: float) -> None:
    if decided(row(off_s=off_s), now_s=now_s) == Absent():
        assert abs(timedelta(seconds=off_s)) > WIDE

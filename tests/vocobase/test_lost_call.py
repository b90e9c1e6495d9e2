from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callpost_vocobase.call_models import CallRow
from callpost_vocobase.lost_call import WIDE, Absent, Adopt, Unclear, Verdict, Wanted, decide

SENT = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
WANTED = Wanted(to_number="+919876543210", agent_id="agent-1")


def row(
    call_id: str = "call-1",
    *,
    off_s: float | None = 1.0,
    status: str = "completed",
    to_number: str | None = WANTED.to_number,
    agent_id: str | None = WANTED.agent_id,
    direction: str | None = "outbound",
) -> CallRow:
    created = None if off_s is None else (SENT + timedelta(seconds=off_s)).isoformat()
    return CallRow(
        call_id=call_id,
        status=status,
        to_number=to_number,
        agent_id=agent_id,
        direction=direction,
        created_at=created,
    )


def decided(
    *rows: CallRow, now_s: float = 3600.0, claimed: frozenset[str] = frozenset()
) -> Verdict:
    now = SENT + timedelta(seconds=now_s)
    return decide(rows, WANTED, sent_at=SENT, now=now, claimed=claimed)


def adopted(*rows: CallRow, now_s: float = 3600.0) -> str | None:
    verdict = decided(*rows, now_s=now_s)
    return verdict.row.call_id if isinstance(verdict, Adopt) else None


@pytest.mark.parametrize("off_s", [-15, 0, 1, 90])
@pytest.mark.parametrize("status", ["pending", "completed", "failed", "busy"])
def test_call_made_at_the_time_of_the_send_is_ours_whatever_became_of_it(
    off_s: float, status: str
) -> None:
    assert adopted(row(off_s=off_s, status=status)) == "call-1"


def test_nearest_of_several_is_ours() -> None:
    rows = [row("late", off_s=40), row("near", off_s=1), row("early", off_s=-9)]
    assert adopted(*rows) == "near"


@pytest.mark.parametrize("off_s", [-600, -16, 91, 899])
def test_call_at_another_time_is_unclear_once_it_is_over(off_s: float) -> None:
    assert isinstance(decided(row(off_s=off_s)), Unclear)


@pytest.mark.parametrize("off_s", [-600, -16, 91, 899])
@pytest.mark.parametrize("status", ["pending", "ringing", "in_progress"])
def test_call_at_another_time_is_ours_while_it_goes_on(off_s: float, status: str) -> None:
    assert adopted(row(off_s=off_s, status=status)) == "call-1"


def test_call_made_in_the_future_proves_that_the_clocks_differ() -> None:
    assert adopted(row(off_s=300), now_s=10) == "call-1"


def test_call_far_in_the_future_is_unclear() -> None:
    assert isinstance(decided(row(off_s=19_800), now_s=10), Unclear)


@pytest.mark.parametrize("off_s", [-100_000, -901, 901])
def test_call_of_another_day_is_not_ours(off_s: float) -> None:
    assert decided(row(off_s=off_s)) == Absent()


def test_call_of_another_intent_is_not_ours() -> None:
    assert decided(row(), claimed=frozenset({"call-1"})) == Absent()


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


def test_call_without_a_time_is_ours_only_while_it_goes_on() -> None:
    assert adopted(row(off_s=None, status="ringing")) == "call-1"
    assert isinstance(decided(row(off_s=None)), Unclear)


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
    )


LISTS = st.lists(
    rows_of(st.sampled_from([f"c{n}" for n in range(30)])),
    max_size=8,
    unique_by=lambda r: r.call_id,
)
CLAIMS = st.frozensets(st.sampled_from([f"c{n}" for n in range(30)]))


@given(rows=LISTS, claimed=CLAIMS, now_s=st.floats(0, 4000))
def test_adopted_call_has_our_number_and_belongs_to_nobody_else(
    rows: list[CallRow], claimed: frozenset[str], now_s: float
) -> None:
    verdict = decided(*rows, now_s=now_s, claimed=claimed)
    if isinstance(verdict, Adopt):
        assert verdict.row in rows
        assert verdict.row.to_number in {WANTED.to_number, "919876543210"}
        assert verdict.row.agent_id in {None, WANTED.agent_id}
        assert verdict.row.call_id not in claimed


@given(rows=LISTS, claimed=CLAIMS, now_s=st.floats(0, 4000), order=st.randoms())
def test_order_of_the_list_decides_nothing_but_ties(
    rows: list[CallRow], claimed: frozenset[str], now_s: float, order: Random
) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)
    verdict = decided(*rows, now_s=now_s, claimed=claimed)
    other = decided(*shuffled, now_s=now_s, claimed=claimed)
    assert type(other) is type(verdict)


@given(rows=LISTS, off_s=st.floats(-15, 90), skew_s=st.floats(-890, 890), now_s=st.floats(90, 4000))
def test_own_call_is_never_missed_while_clocks_differ_by_less_than_the_wide_window(
    rows: list[CallRow], off_s: float, skew_s: float, now_s: float
) -> None:
    ours = row("ours", off_s=max(-899.0, min(899.0, off_s + skew_s)))
    assert decided(*rows, ours, now_s=now_s) != Absent()


@given(off_s=st.floats(-5000, 5000), now_s=st.floats(0, 4000))
def test_absent_means_farther_off_than_the_wide_window(off_s: float, now_s: float) -> None:
    if decided(row(off_s=off_s), now_s=now_s) == Absent():
        assert abs(timedelta(seconds=off_s)) > WIDE

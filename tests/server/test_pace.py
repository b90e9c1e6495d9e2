"""The window arithmetic: never more than the limit in any window, never later than needed."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callpost.pace import (
    PROMOTED_AFTER_S,
    SLACK_S,
    Limit,
    Priority,
    Waiting,
    ahead,
    room,
    turn,
)

NOW = 1_000.0
limits = st.builds(Limit, st.integers(1, 12), st.floats(1, 60))
many_ends = st.lists(st.floats(NOW - 50, NOW + 70), max_size=30)


@given(many_ends, st.integers(0, 30), limits)
def test_when_my_turn_comes_everybody_before_me_and_i_fit_into_the_limit(
    ends: list[float], before: int, limit: Limit
) -> None:
    leaving = [turn(ends, n, limit, NOW) for n in range(before + 1)]
    at = leaving[-1]
    counting = sum(end > at for end in ends)
    counting += sum(left <= at < left + limit.window_s for left in leaving)
    assert counting <= limit.requests


@given(many_ends, limits)
def test_nobody_waits_longer_than_until_the_limit_has_room(ends: list[float], limit: Limit) -> None:
    at = turn(ends, 0, limit, NOW)
    if at > NOW:
        just_before = at - SLACK_S - 1e-6
        assert sum(end > just_before for end in ends) >= limit.requests
    else:
        assert sum(end > NOW for end in ends) < limit.requests


@given(many_ends, limits)
def test_waiting_exactly_as_long_as_told_lets_one_leave_at_once(
    ends: list[float], limit: Limit
) -> None:
    at = turn(ends, 0, limit, NOW)
    assert turn(ends, 0, limit, at) == at


@given(many_ends, st.integers(0, 10), limits)
def test_who_is_later_in_line_never_leaves_earlier(
    ends: list[float], before: int, limit: Limit
) -> None:
    assert turn(ends, before, limit, NOW) <= turn(ends, before + 1, limit, NOW)


@dataclass
class Upstream:
    """Counts arrivals as a sliding window does, by its own watch."""

    limit: Limit
    arrivals: list[float] = field(default_factory=list[float])

    def worst(self) -> int:
        return max(
            sum(at <= other < at + self.limit.window_s for other in self.arrivals)
            for at in self.arrivals
        )


@settings(deadline=None)
@given(
    limits,
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 0.4), st.floats(0, 0.4)), max_size=60),
)
def test_an_upstream_never_sees_too_many_whatever_the_network_delays(
    limit: Limit, trips: list[tuple[float, float, float]]
) -> None:
    upstream, ends, now = Upstream(limit), list[float](), NOW
    for gap, there, back in trips:
        now = turn(ends, 0, limit, now + gap)
        upstream.arrivals.append(now + there)
        ends.append(now + there + back + limit.window_s)
    assert not upstream.arrivals or upstream.worst() <= limit.requests


@given(limits, st.integers(1, 5))
def test_a_saturated_window_is_used_whole(limit: Limit, windows: int) -> None:
    ends, now, sent = list[float](), NOW, 0
    until = NOW + windows * (limit.window_s + SLACK_S) - 1e-6
    while (now := turn(ends, 0, limit, now)) < until:
        ends.append(now + limit.window_s)
        sent += 1
    assert sent == windows * limit.requests


def test_room_tells_what_is_left_and_when_the_next_place_is_free() -> None:
    told = room([NOW + 5, NOW + 9, NOW - 1], Limit(2, 10), NOW)
    assert (told.left, told.used) == (0, 2)
    assert told.next_free_s == pytest.approx(5 + SLACK_S)  # pyright: ignore[reportUnknownMemberType] because pytest leaves it untyped
    assert told.is_low
    assert not room([], Limit(2, 10), NOW).is_low


def waiting(
    holder: str, owner: int = 1, priority: Priority = Priority.READ, since: float = NOW
) -> Waiting:
    return Waiting(holder, owner, priority, since)


def test_writes_go_before_reads_and_reads_before_background() -> None:
    line = [
        waiting("background", priority=Priority.BACKGROUND, since=NOW - 3),
        waiting("read", since=NOW - 2),
        waiting("write", priority=Priority.WRITE, since=NOW - 1),
    ]
    order = sorted(line, key=lambda w: ahead(line, w, NOW))
    assert [w.holder for w in order] == ["write", "read", "background"]


def test_nothing_waits_for_ever_behind_writes() -> None:
    old = waiting("background", priority=Priority.BACKGROUND, since=NOW - PROMOTED_AFTER_S)
    fresh = [waiting(f"w{n}", owner=2, priority=Priority.WRITE, since=NOW - 1) for n in range(5)]
    assert ahead([old, *fresh], old, NOW) == 0


def test_a_long_queue_of_one_agent_delays_another_by_one_request() -> None:
    busy = [waiting(f"busy{n}", owner=1, since=NOW - 5) for n in range(50)]
    assert ahead(busy, waiting("other", owner=2), NOW) == 1


@given(
    st.lists(
        st.builds(
            Waiting,
            st.uuids().map(str),
            st.integers(1, 3),
            st.sampled_from(Priority),
            st.sampled_from([NOW - 30, NOW - 5, NOW - 1, NOW]),
        ),
        min_size=1,
        max_size=20,
        unique_by=lambda w: w.holder,
    )
)
def test_everybody_in_line_has_a_place_of_their_own(line: list[Waiting]) -> None:
    assert sorted(ahead(line, me, NOW) for me in line) == list(range(len(line)))

"""The whole dedupe rule as a table: every state, rule, window and holder."""

from dataclasses import replace
from itertools import product

import pytest

from callpost.ledger import MOVES, Record, State, StepRecord, Verdict, verdict
from callpost.toolset import Dedupe
from engines.world import ASK, DAY_S

NOW = 1_000_000.0
STEP = StepRecord(1, "POST /x", State.SENT, 1, NOW, None)


def record(state: State, *, age_s: float = 0.0, steps: int = 1, attempt: int = 3) -> Record:
    return Record(
        key=ASK.key,
        tool=ASK.tool,
        api=ASK.api,
        scope=ASK.scope,
        fingerprint=ASK.fingerprint,
        occurrence=1,
        state=state,
        attempt=attempt,
        created_at=NOW - age_s,
        changed_at=NOW - age_s,
        answer=None,
        owner=7,
        steps=(STEP,) * steps,
    )


def ruled(
    found: Record | None,
    rule: Dedupe = Dedupe.CONTENT,
    *,
    is_held: bool = False,
    fingerprint: str = ASK.fingerprint,
    anew: int = 0,
) -> Verdict:
    ask = replace(ASK, rule=rule, fingerprint=fingerprint, anew=anew)
    return verdict(found, ask, NOW, is_held=is_held)


@pytest.mark.parametrize("rule", Dedupe)
def test_unknown_key_acts(rule: Dedupe) -> None:
    assert ruled(None, rule) is Verdict.ACT


@pytest.mark.parametrize(("state", "rule"), list(product(State, Dedupe)))
def test_running_twin_is_waited_for_whatever_its_state(state: State, rule: Dedupe) -> None:
    assert ruled(record(state), rule, is_held=True) is Verdict.WAIT


@pytest.mark.parametrize(
    ("rule", "age_s", "expected"),
    [
        (Dedupe.CONTENT, 0.0, Verdict.REPLAY),
        (Dedupe.CONTENT, DAY_S - 1, Verdict.REPLAY),
        (Dedupe.CONTENT, DAY_S, Verdict.ACT),
        (Dedupe.CONTENT, -3600.0, Verdict.REPLAY),
        (Dedupe.BRIEF, DAY_S - 1, Verdict.REPLAY),
        (Dedupe.BRIEF, DAY_S, Verdict.ACT),
        (Dedupe.INVOCATION, 0.0, Verdict.ACT),
        (Dedupe.INVOCATION, DAY_S, Verdict.ACT),
    ],
)
def test_done_intent_is_replayed_within_the_window_of_its_rule(
    rule: Dedupe, age_s: float, expected: Verdict
) -> None:
    assert ruled(record(State.SUCCEEDED, age_s=age_s), rule) is expected


@pytest.mark.parametrize(("anew", "expected"), [(3, Verdict.ACT), (2, Verdict.REPLAY)])
def test_only_the_attempt_that_has_fallen_is_done_anew(anew: int, expected: Verdict) -> None:
    assert ruled(record(State.SUCCEEDED), Dedupe.BRIEF, anew=anew) is expected


@pytest.mark.parametrize(("rule", "age_s"), list(product(Dedupe, [0.0, 10 * DAY_S])))
def test_refused_intent_acts(rule: Dedupe, age_s: float) -> None:
    assert ruled(record(State.REJECTED, age_s=age_s), rule) is Verdict.ACT


@pytest.mark.parametrize(
    ("state", "rule", "age_s", "steps"),
    list(
        product(
            [State.RESERVED, State.SENT, State.UNSETTLED],
            [Dedupe.CONTENT, Dedupe.BRIEF],
            [0.0, 400 * DAY_S],
            [0, 1, 2],
        )
    ),
)
def test_open_intent_never_times_out_into_a_second_send(
    state: State, rule: Dedupe, age_s: float, steps: int
) -> None:
    assert ruled(record(state, age_s=age_s, steps=steps), rule) is Verdict.RESUME


@pytest.mark.parametrize("state", [State.RESERVED, State.SENT, State.UNSETTLED])
@pytest.mark.parametrize(("steps", "expected"), [(1, Verdict.ACT), (2, Verdict.RESUME)])
def test_state_is_set_anew_unless_it_takes_several_steps(
    state: State, steps: int, expected: Verdict
) -> None:
    assert ruled(record(state, steps=steps), Dedupe.INVOCATION) is expected


@pytest.mark.parametrize(("state", "is_held"), list(product(State, [True, False])))
def test_key_used_with_other_arguments_is_a_conflict_unless_nothing_happened(
    state: State, *, is_held: bool
) -> None:
    is_free = state is State.REJECTED and not is_held
    expected = Verdict.ACT if is_free else Verdict.CONFLICT
    assert ruled(record(state), is_held=is_held, fingerprint="other") is expected


def test_every_state_has_its_moves_and_a_done_step_has_none() -> None:
    assert set(MOVES) == {None, *State} - {State.RESERVED}
    assert MOVES[State.SUCCEEDED] == frozenset()
    assert MOVES[None] == {State.SENT}
    assert MOVES[State.REJECTED] == {State.SENT, State.SUCCEEDED}

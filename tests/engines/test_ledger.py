"""What every engine of the ledger does, step by step."""

from dataclasses import replace
from itertools import product

import anyio
import pytest

from callpost.ledger import (
    MOVES,
    SOON_S,
    ForbiddenMoveError,
    Hold,
    Ledger,
    LostClaimError,
    Outcome,
    SlotAsk,
    State,
    Verdict,
)
from callpost.toolset import Dedupe
from engines.world import ASK, DAY_S, ROUTINE, World

UNKNOWN = Outcome(State.UNSETTLED)
REFUSED = Outcome(State.REJECTED)


async def put(engine: World, ledger: Ledger, hold: Hold, state: State | None) -> None:
    """Bring step 1 into a state."""
    if state is None:
        return
    await engine.send(ledger, hold)
    if state is not State.SENT:
        await engine.record(ledger, hold, Outcome(state))


async def test_claimed_intent_is_reserved_for_its_owner(engine: World) -> None:
    ledger = engine.open()
    claim = await engine.claim(ledger)
    assert claim.verdict is Verdict.ACT
    assert claim.hold is not None
    assert (claim.hold.fence, claim.hold.attempt) == (1, 1)
    record = await engine.only(ledger)
    assert record.state is State.RESERVED
    assert record.owner != 0
    assert (await ledger.begin(claim.hold, 1)).step is None


async def test_departing_step_is_sent_before_anything_leaves(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    step = await engine.send(ledger, hold)
    assert (step.state, step.tries, step.sent_at) == (State.SENT, 1, engine.instant)
    assert (await engine.only(ledger)).state is State.SENT
    assert (await ledger.begin(hold, 1)).step == step


async def test_done_step_answers_and_the_intent_goes_on(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await engine.send(ledger, hold)
    await engine.record(ledger, hold, ROUTINE)
    step = (await ledger.begin(hold, 1)).step
    assert step is not None
    assert (step.state, step.answer, step.effect_id) == (State.SUCCEEDED, {"id": "e1"}, "e1")
    record = await engine.only(ledger)
    assert (record.state, record.has_acted) == (State.RESERVED, True)


async def test_finished_intent_is_replayed_with_its_answer(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await engine.finish(ledger, hold, State.SUCCEEDED, {"answer": "é"})
    engine.instant += DAY_S - 1
    claim = await engine.claim(ledger)
    assert claim.verdict is Verdict.REPLAY
    assert claim.hold is None
    assert claim.record is not None
    assert claim.record.answer == {"answer": "é"}


async def test_refused_intent_begins_a_new_attempt(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await put(engine, ledger, hold, State.REJECTED)
    await engine.finish(ledger, hold, State.REJECTED)
    again = await engine.hold(ledger)
    assert (again.attempt, again.fence) == (2, 2)
    assert (await ledger.begin(again, 1)).step is None


async def test_next_try_of_a_refused_step_is_counted_and_dated_anew(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await engine.send(ledger, hold)
    await engine.record(ledger, hold, Outcome(State.REJECTED, looked=True))
    engine.instant += 100
    step = await engine.send(ledger, hold)
    assert (step.tries, step.sent_at, step.looks) == (2, engine.instant, 0)


@pytest.mark.parametrize("state", [State.SENT, State.UNSETTLED])
async def test_open_step_sent_again_stays_the_same_try(engine: World, state: State) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await put(engine, ledger, hold, state)
    first = engine.instant
    engine.instant += 100
    step = await engine.send(ledger, hold)
    assert (step.tries, step.sent_at, step.state) == (1, first, State.SENT)


async def test_looks_are_counted(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await engine.send(ledger, hold)
    for _ in range(2):
        await engine.record(ledger, hold, Outcome(State.UNSETTLED, looked=True))
    step = (await ledger.begin(hold, 1)).step
    assert step is not None
    assert step.looks == 2


@pytest.mark.parametrize(("before", "after"), list(product(MOVES, State)))
async def test_only_moves_of_the_table_are_made(
    engine: World, before: State | None, after: State
) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await put(engine, ledger, hold, before)

    async def move() -> None:
        if after is State.SENT:
            await engine.send(ledger, hold)
        else:
            await engine.record(ledger, hold, Outcome(after))

    if after in MOVES[before]:
        await move()
    else:
        with pytest.raises(ForbiddenMoveError):
            await move()
    step = (await ledger.begin(hold, 1)).step
    expected = after if after in MOVES[before] else before
    assert (step.state if step else None) is expected


async def lost(engine: World) -> tuple[Ledger, Hold, Ledger, Hold]:
    """An owner that was taken for dead and the one that took over."""
    first, second = engine.open(), engine.open()
    hold = await engine.hold(first)
    await engine.send(first, hold)
    await engine.die(first)
    return first, hold, second, await engine.hold(second)


async def test_dead_owners_intent_is_resumed_under_a_higher_fence(engine: World) -> None:
    _, hold, second, newer = await lost(engine)
    assert newer.fence > hold.fence
    assert newer.attempt == hold.attempt
    step = (await second.begin(newer, 1)).step
    assert step is not None
    assert step.state in {State.SENT, State.UNSETTLED}


async def test_late_writer_of_a_lost_hold_changes_nothing(engine: World) -> None:
    late, hold, second, _ = await lost(engine)
    before = await engine.only(second)
    with pytest.raises(LostClaimError):
        await late.begin(hold, 1)
    with pytest.raises(LostClaimError):
        await engine.send(late, hold, 2)
    with pytest.raises(LostClaimError):
        await engine.record(late, hold, ROUTINE)
    with pytest.raises(LostClaimError):
        await late.adopt(hold, 1, "POST /calls/start", ROUTINE, engine.now())
    with pytest.raises(LostClaimError):
        await engine.finish(late, hold, State.SUCCEEDED, {"id": "x"})
    assert await engine.only(second) == before
    await late.close()


async def test_late_writer_cannot_pass_for_another_intent(engine: World) -> None:
    """A forgotten intent's place must not be given to one whose fence is the same."""
    first, second = engine.open(), engine.open()
    hold = await engine.hold(first)
    await engine.send(first, hold)
    await engine.die(first)
    assert await second.forget(ASK.key)
    others = [await engine.hold(second, key=f"other-{n}") for n in range(3)]
    with pytest.raises(LostClaimError):
        await engine.record(first, hold, ROUTINE)
    for other in others:
        assert (await second.begin(other, 1)).step is None
    await first.close()


async def test_living_owner_is_waited_for(engine: World) -> None:
    first, second = engine.open(), engine.open()
    await engine.hold(first)
    for ledger in (first, second):
        assert (await engine.claim(ledger)).verdict is Verdict.WAIT


async def test_living_owner_keeps_its_claim_when_another_one_goes(engine: World) -> None:
    first, second, third = engine.open(), engine.open(), engine.open()
    hold = await engine.hold(first)
    assert (await engine.claim(second)).verdict is Verdict.WAIT
    await engine.die(second)
    assert (await engine.claim(third)).verdict is Verdict.WAIT
    await engine.send(first, hold)


async def test_one_of_many_that_claim_at_once_gets_it(engine: World) -> None:
    owners = [engine.open() for _ in range(4)]
    verdicts: list[Verdict] = []

    async def claim(ledger: Ledger) -> None:
        verdicts.append((await engine.claim(ledger)).verdict)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            for ledger in owners * 5:
                tasks.start_soon(claim, ledger)
    assert sorted(v.value for v in verdicts) == ["act"] + ["wait"] * 19


async def test_next_process_sees_what_a_dead_one_left_as_unsettled(engine: World) -> None:
    first = engine.open()
    hold = await engine.hold(first)
    await engine.send(first, hold)
    await engine.hold(first, key="nothing left")
    await engine.die(first)
    second = engine.open()
    states = {record.key: record.state for record in await second.recent(limit=9)}
    assert states == {ASK.key: State.UNSETTLED, "nothing left": State.RESERVED}
    assert (await engine.claim(second)).verdict is Verdict.RESUME


async def test_set_state_stays_open_until_an_answer_came(engine: World) -> None:
    ledger = engine.open()
    rule = Dedupe.INVOCATION
    hold = await engine.hold(ledger, rule=rule)
    await put(engine, ledger, hold, State.UNSETTLED)
    await engine.finish(ledger, hold, State.UNSETTLED)
    for attempt in (2, 3):
        claim = await engine.claim(ledger, rule=rule)
        assert claim.hold is not None
        assert claim.hold.attempt == attempt
        assert claim.record is not None
        assert claim.record.may_have_acted
        await engine.finish(ledger, claim.hold, State.UNSETTLED)
    claim = await engine.claim(ledger, rule=rule)
    assert claim.hold is not None
    await put(engine, ledger, claim.hold, State.SUCCEEDED)
    await engine.finish(ledger, claim.hold, State.SUCCEEDED, {})
    claim = await engine.claim(ledger, rule=rule)
    assert claim.record is not None
    assert not claim.record.may_have_acted


async def test_set_state_that_was_not_closed_is_remembered_by_the_next(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger, rule=Dedupe.INVOCATION)
    await put(engine, ledger, hold, State.SUCCEEDED)
    await engine.finish(ledger, hold, State.RESERVED)
    claim = await engine.claim(ledger, rule=Dedupe.INVOCATION)
    assert claim.record is not None
    assert claim.record.may_have_acted
    assert (await engine.only(ledger)).is_open


async def test_effect_is_adopted_by_one_intent_only(engine: World) -> None:
    ledger = engine.open()
    one, two = await engine.hold(ledger, key="one"), await engine.hold(ledger, key="two")
    for hold in (one, two):
        await engine.send(ledger, hold)
    name, now = "POST /calls/start", engine.now()
    assert await ledger.adopt(one, 1, name, ROUTINE, now)
    assert not await ledger.adopt(two, 1, name, ROUTINE, now)
    assert await ledger.adopt(two, 1, "", ROUTINE, now)
    assert await ledger.claimed("scope", ["e1", "e2"], "three") == {"e1": now}
    assert await ledger.claimed("scope", ["e1"], "one") == {"e1": now}
    assert await ledger.claimed("elsewhere", ["e1"], "three") == {}


async def test_time_of_an_effect_is_told_where_its_answer_came_soon(engine: World) -> None:
    ledger = engine.open()
    hold, sent_at = await engine.hold(ledger, key="one"), engine.now()
    await engine.send(ledger, hold)
    engine.instant += SOON_S
    await engine.record(ledger, hold, ROUTINE)
    assert await ledger.claimed("scope", ["e1"], "two") == {"e1": sent_at}
    engine.instant += 1
    await engine.finish(ledger, hold, State.SUCCEEDED)
    assert await ledger.claimed("scope", ["e1"], "two") == {"e1": None}


async def test_refusal_gives_the_slot_back_and_success_names_it(engine: World) -> None:
    ledger = engine.open()
    slot = SlotAsk("active_calls", 5, 3600.0)
    hold = await engine.hold(ledger)
    await engine.send(ledger, hold, slot=slot)
    assert (await ledger.slots_used("scope", slot, engine.now()))[0] == 1
    await engine.record(ledger, hold, REFUSED)
    assert (await ledger.slots_used("scope", slot, engine.now()))[0] == 0
    await engine.send(ledger, hold, slot=slot)
    await engine.record(ledger, hold, ROUTINE)
    await ledger.free_slots("scope", "active_calls", ["e1"])
    assert (await ledger.slots_used("scope", slot, engine.now()))[0] == 0


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.REJECTED])
async def test_person_settles_what_is_open(engine: World, state: State) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await put(engine, ledger, hold, State.UNSETTLED)
    assert not await ledger.settle_by_hand(ASK.key, state, None, engine.now())
    await engine.finish(ledger, hold, State.UNSETTLED)
    assert await ledger.settle_by_hand(ASK.key, state, None, engine.now())
    assert not await ledger.settle_by_hand(ASK.key, state, None, engine.now())
    expected = {State.SUCCEEDED: Verdict.REPLAY, State.REJECTED: Verdict.ACT}
    assert (await engine.claim(ledger)).verdict is expected[state]


async def test_persons_no_to_a_later_step_keeps_the_earlier_one(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await put(engine, ledger, hold, State.SUCCEEDED)
    await engine.send(ledger, hold, 2)
    await engine.record(ledger, hold, UNKNOWN, 2)
    await engine.finish(ledger, hold, State.UNSETTLED)
    assert await ledger.settle_by_hand(ASK.key, State.REJECTED, None, engine.now())
    claim = await engine.claim(ledger)
    assert claim.verdict is Verdict.RESUME
    assert claim.hold is not None
    first = (await ledger.begin(claim.hold, 1)).step
    second = (await ledger.begin(claim.hold, 2)).step
    assert first is not None
    assert second is not None
    assert (first.state, second.state) == (State.SUCCEEDED, State.REJECTED)


async def test_forgotten_intent_acts_under_the_next_number(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    assert not await ledger.forget(ASK.key)
    await put(engine, ledger, hold, State.SUCCEEDED)
    await engine.finish(ledger, hold, State.SUCCEEDED, {})
    assert await ledger.forget(ASK.key)
    assert not await ledger.forget(ASK.key)
    assert not await ledger.forget("nothing")
    assert list(await ledger.recent(limit=9)) == []
    assert list(await ledger.find(ASK.key)) == []
    again = await engine.claim(ledger, fingerprint="other arguments")
    assert again.verdict is Verdict.ACT
    assert again.hold is not None
    assert again.hold.attempt == 2


async def test_intents_are_found_by_the_beginning_of_their_key(engine: World) -> None:
    ledger = engine.open()
    for key in ("a_1", "a%2", "b_1"):
        await engine.hold(ledger, key=key)
    assert [record.key for record in await ledger.find("a")] == ["a%2", "a_1"]
    assert [record.key for record in await ledger.find("a_")] == ["a_1"]
    assert [record.key for record in await ledger.recent(limit=2)] == ["b_1", "a%2"]


async def test_closed_intents_are_pruned_after_their_window_and_open_ones_never(
    engine: World,
) -> None:
    ledger = engine.open()
    closing = {
        "done": State.SUCCEEDED,
        "refused": State.REJECTED,
        "half": State.RESERVED,
        "open": State.UNSETTLED,
    }
    for key, state in closing.items():
        hold = await engine.hold(ledger, key=key)
        await engine.finish(ledger, hold, state)
    running = await engine.hold(ledger, key="running")
    engine.instant += 3 * DAY_S - 1
    await engine.hold(ledger, key="before")
    assert len(await ledger.recent(limit=99)) == 6
    engine.instant += 2
    await engine.hold(ledger, key="after")
    kept = {record.key for record in await ledger.recent(limit=99)}
    assert kept == {"open", "running", "before", "after"}
    await engine.send(ledger, running)


async def test_pruning_takes_a_bounded_share_of_one_claim(engine: World) -> None:
    ledger = engine.open()
    for number in range(120):
        hold = await engine.hold(ledger, key=f"k{number:03}")
        await engine.finish(ledger, hold, State.SUCCEEDED)
    engine.instant += 4 * DAY_S
    await engine.hold(ledger, key="x")
    left = len(await ledger.recent(limit=999))
    assert 50 < left < 121
    for number in range(3):
        await engine.hold(ledger, key=f"y{number}")
    assert len(await ledger.recent(limit=999)) == 4


async def test_pruned_key_begins_from_the_start(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    await engine.finish(ledger, hold, State.SUCCEEDED, {})
    engine.instant += 4 * DAY_S
    again = await engine.hold(ledger)
    assert again.attempt == 1
    with pytest.raises(LostClaimError):
        await ledger.begin(replace(hold, fence=99), 1)


async def test_intent_that_is_finished_twice_stays_as_it_is(engine: World) -> None:
    ledger = engine.open()
    hold = await engine.hold(ledger)
    for _ in range(2):
        await engine.finish(ledger, hold, State.SUCCEEDED, {"id": "x"})
    assert (await engine.claim(ledger)).verdict is Verdict.REPLAY

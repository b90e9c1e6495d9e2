"""What a person said of an open intent counts like what was found."""

from callpost.ledger import State
from deeds import START, calls
from harness import harness


async def test_a_call_that_a_person_named_is_not_adopted_for_another_start() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        h.vocobase.replies = []
        first = await h.run("start_call", START)
        call_id = first["data"]["call_id"]
        ledger = h.callpost.engine.ledger
        await ledger.forget(first["receipt"]["idempotency_key"])
        h.vocobase.only, h.vocobase.lose_requests = None, 40
        lost = await h.run("start_call", {**START, "occurrence": 2})
        h.vocobase.lose_requests = 0
        assert lost["error"]["code"] == "outcome_unknown"
        key = lost["receipt"]["idempotency_key"]
        answer = {"call_id": call_id}
        assert await ledger.settle_by_hand(key, State.SUCCEEDED, answer, h.clock.now(), call_id)
        again = await h.run("start_call", {**START, "occurrence": 2})
        assert again["receipt"]["replayed"]
        assert again["data"]["call_id"] == call_id
        h.vocobase.only, h.vocobase.lose_requests = "POST", 1
        await h.run("start_call", {**START, "occurrence": 3})
        h.clock.advance(61)
        third = await h.run("start_call", {**START, "occurrence": 3})
        assert third["ok"]
        assert third["data"]["call_id"] != call_id
        assert calls(h) == 2

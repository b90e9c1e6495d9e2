from callpost_sandbox.vocobase import seeded_id
from callpost_vocobase import FAMILY
from harness import Harness, harness

SURVEY = seeded_id("agent:Satisfaction survey")


async def ended(h: Harness) -> str:
    answer = await h.run(
        "start_call", {"agent_id": SURVEY, "to_number": "+14155550111", "provider": "twilio"}
    )
    h.clock.advance(60)
    h.sandbox.vocobase.settle()
    return answer["data"]["call_id"]


def runs(h: Harness) -> int:
    return len(h.vocobase.sent("POST", "/extract"))


async def test_extraction_runs_and_tells_its_values() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await ended(h)
        told = (await h.run("extract_call_data", {"call_id": call_id}))["data"]
        assert set(told["extraction"]["values"]) == {"score", "would_recommend", "remark"}
        assert told["extraction"]["extracted_at"]


async def test_repeated_extraction_stands_until_the_agent_changes() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await ended(h)
        h.clock.advance(700)
        await h.run("extract_call_data", {"call_id": call_id})
        again = await h.run("extract_call_data", {"call_id": call_id})
        assert again["receipt"]["replayed"]
        assert runs(h) == 1
        await h.run("update_agent", {"agent_id": SURVEY, "extraction_config": {"prompt": "Other"}})
        anew = await h.run("extract_call_data", {"call_id": call_id})
        assert not anew["receipt"]["replayed"]
        assert runs(h) == 2


async def test_dry_run_is_run_each_time_because_nothing_is_kept() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await ended(h)
        for _ in range(2):
            answer = await h.run("extract_call_data", {"call_id": call_id, "dry_run": True})
            assert answer["data"]["extraction"]["values"]
        assert runs(h) == 2
        assert h.sandbox.vocobase.journal.effects("extraction") == []


async def test_lost_answer_of_an_extraction_is_asked_for_again() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await ended(h)
        h.vocobase.only = "/extract"
        h.vocobase.lose_answers = 1
        answer = await h.run("extract_call_data", {"call_id": call_id})
        assert answer["ok"]
        assert runs(h) == 2


async def test_values_are_not_kept_in_the_ledger() -> None:
    async with harness(families=[FAMILY]) as h:
        await h.run("extract_call_data", {"call_id": await ended(h)})
        kept = b"".join(path.read_bytes() for path in h.state.parent.iterdir())
        assert b"as said in the call" not in kept

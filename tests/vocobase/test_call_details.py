from datetime import UTC, datetime
from typing import Any

import pytest

from callpost_vocobase.call_details import LONGEST_PART, CallDetails, WholeCall, told

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def read(start: int = 0, limit: int = 100, /, **fields: Any) -> CallDetails:
    whole = WholeCall.model_validate({"call_id": "c1", "status": "completed", **fields})
    return told(whole, start=start, limit=limit, now=NOW)


def turn(content: str, at: str | None = None, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": content, "timestamp": at}


def test_every_documented_field_is_kept() -> None:
    details = read(
        agent_id="a1",
        session_id="s1",
        direction="outbound",
        from_number="+1",
        to_number="+2",
        provider="mcube",
        duration_seconds=61,
        error_message="none",
        started_at="t1",
        ended_at="t2",
        created_at="t0",
        session={
            "session_id": "s1",
            "duration_seconds": 60,
            "credits_used": 4.5,
            "transcript": [{"role": "bot", "content": "Hi", "timestamp": "t", "latency_ms": 7}],
            "latency": {"min_ms": 1, "max_ms": 3, "avg_ms": 2},
            "recording_url": "https://x/y",
            "status": "completed",
            "started_at": "t3",
            "ended_at": "t4",
            "extraction": {"status": "success", "values": {"score": 4, "unknown": None}},
            "processing_complete": True,
            "pipeline_completed_at": "t5",
        },
    )
    assert details.compact() == {
        "call_id": "c1",
        "status": "completed",
        "ended": True,
        "is_final": True,
        "error_message": "none",
        "duration_seconds": 61,
        "charged_rupees": 4.5,
        "extraction": {"status": "success", "values": {"score": 4, "unknown": None}},
        "agent_id": "a1",
        "direction": "outbound",
        "to_number": "+2",
        "from_number": "+1",
        "provider": "mcube",
        "created_at": "t0",
        "started_at": "t1",
        "ended_at": "t2",
        "pipeline_completed_at": "t5",
        "session_id": "s1",
        "session_status": "completed",
        "session_started_at": "t3",
        "session_ended_at": "t4",
        "recording_url": "https://x/y",
        "latency": {"min_ms": 1, "max_ms": 3, "avg_ms": 2},
        "transcript_total": 1,
        "transcript": [{"role": "bot", "content": "Hi", "timestamp": "t", "latency_ms": 7}],
    }


def test_transcript_is_told_in_the_order_of_time() -> None:
    turns = [turn("second", "2026-05-04T10:00:02Z"), turn("first", "2026-05-04T10:00:01+00:00")]
    told_turns = read(session={"transcript": turns}).transcript or ()
    assert [said.content for said in told_turns] == ["first", "second"]


def test_transcript_without_all_times_keeps_its_order() -> None:
    turns = [turn("a", "2026-05-04T10:00:02Z"), turn("b"), turn("c", "2026-05-04T10:00:01Z")]
    told_turns = read(session={"transcript": turns}).transcript or ()
    assert [said.content for said in told_turns] == ["a", "b", "c"]


def test_long_transcript_is_told_in_parts_that_fit() -> None:
    turns = [turn(str(n) * 3000) for n in range(10)]
    start, seen = 0, 0
    while True:
        part = read(start, 100, session={"transcript": turns, "processing_complete": True})
        shown = part.transcript or ()
        assert sum(len(said.content or "") for said in shown) <= LONGEST_PART
        seen += len(shown)
        if part.next_step is None:
            break
        start += len(shown)
        assert f"transcript_from={start}" in part.next_step
    assert seen == 10


def test_one_endless_turn_is_cut() -> None:
    part = read(session={"transcript": [turn("x" * 100_000)]})
    assert part.transcript
    assert len(part.transcript[0].content or "") == LONGEST_PART


def test_long_extracted_value_is_cut() -> None:
    details = read(session={"extraction": {"values": {"text": "x" * 9000, "list": ["y"]}}})
    assert details.extraction is not None
    assert details.extraction.values is not None
    assert len(details.extraction.values["text"]) == 2000
    assert details.extraction.values["list"] == ["y"]


@pytest.mark.parametrize(
    ("fields", "final"),
    [
        ({"processing_complete": True}, True),
        ({"session": {"processingComplete": True}}, True),
        ({"session": {"pipeline_completed_at": "2026-05-04T11:00:00Z"}}, True),
        ({"session": {"processing_complete": False}}, False),
        ({"session": {"processing_complete": False}, "ended_at": "2026-05-04T09:00:00Z"}, False),
        ({"session": {}, "ended_at": "2026-05-04T11:59:00Z"}, False),
        ({"session": {}, "ended_at": "2026-05-04T11:30:00Z"}, True),
        ({"status": "busy", "session": None}, True),
        ({"status": "in_progress"}, False),
        ({"status": "unheard_of", "ended_at": "2026-05-04T11:30:00Z"}, True),
        ({}, False),
    ],
)
def test_call_is_final_once_nothing_will_change(fields: dict[str, Any], *, final: bool) -> None:
    assert read(**fields).is_final is final


def test_call_that_goes_on_is_to_be_waited_for() -> None:
    details = read(status="RINGING")
    assert (details.status, details.ended) == ("ringing", False)
    assert "wait_for_call" in (details.next_step or "")


def test_outcome_fields_of_the_webhook_are_kept_where_they_appear() -> None:
    details = read(disposition="voicemail", session={"answeredBy": "machine"})
    assert (details.disposition, details.answered_by) == ("voicemail", "machine")


def test_odd_shapes_do_not_spoil_the_answer() -> None:
    details = read(session="gone", duration_seconds="long", extraction=[1])
    assert details.duration_seconds is None
    details = read(session={"transcript": "text", "credits_used": "2.70", "latency": 5})
    assert details.charged_rupees == pytest.approx(2.7)

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from callpost.cli import main
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import harness

NUMBER, LOST = "+14155550111", "+14155550122"


def start(number: str) -> dict[str, Any]:
    return {"agent_id": DEMO_AGENT_ID, "to_number": number, "provider": "twilio"}


async def two_calls(state: Path) -> None:
    """One that is done, then one whose request and answer are lost for good."""
    async with harness(state=state, CALLPOST_SETTLE="strict") as h:
        assert (await h.run("start_call", start(NUMBER)))["ok"]
        h.vocobase.only, h.vocobase.lose_requests = "POST", 1
        answer = await h.run("start_call", start(LOST))
        assert answer["error"]["code"] == "outcome_unknown"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ledger.sqlite3"
    anyio.run(two_calls, path)
    monkeypatch.setenv("CALLPOST_STATE", str(path))
    return path


def listed(capsys: pytest.CaptureFixture[str], *args: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["ledger", "list", "--json", *args]) == 0
    return json.loads(capsys.readouterr().out)


def test_list_shows_the_newest_first_with_its_state_and_upstream_id(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", "list"]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["changed", "state", "tool", "key"]
    assert "unsettled" in first
    assert "succeeded" in second
    done = listed(capsys)[1]
    assert done["steps"][0]["upstream_id"] in second


def test_open_lists_only_what_nobody_knows_the_end_of(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [record["state"] for record in listed(capsys, "--open")] == ["unsettled"]


def test_limit_bounds_the_list(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(listed(capsys, "--limit", "1")) == 1
    assert main(["ledger", "list", "--limit", "0"]) == 2


def test_show_tells_an_intent_by_the_beginning_of_its_key(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = listed(capsys, "--open")[0]["key"]
    assert main(["ledger", "show", key[:-20]]) == 0
    shown = capsys.readouterr().out
    assert key in shown
    assert "POST /calls/start" in shown


def test_no_number_shows_in_full_unless_asked(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = listed(capsys)[1]["key"]
    for form in ([], ["--json"]):
        assert main(["ledger", "show", key, *form]) == 0
        shown = capsys.readouterr().out
        assert NUMBER not in shown
        assert "+12025550142" not in shown
    assert main(["ledger", "show", key, "--full"]) == 0
    assert '"status": "pending"' in capsys.readouterr().out


def test_a_key_that_begins_several_is_refused_with_their_names(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", "show", "start_call-"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("callpost: 2 keys begin with start_call-")
    assert told.count("\n") == 1


def test_a_key_of_nothing_is_refused(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "show", "create_post-"]) == 1
    assert "ledger list" in capsys.readouterr().err


async def told_and_dialled(state: Path) -> tuple[dict[str, Any], int]:
    async with harness(state=state, CALLPOST_SETTLE="strict") as h:
        answer = await h.run("start_call", start(LOST))
        return answer, len(h.sandbox.vocobase.journal.effects("call"))


def test_what_a_person_says_happened_is_the_answer_from_then_on(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = listed(capsys, "--open")[0]["key"]
    assert main(["ledger", "settle", key, "--happened", "--id", "call-1"]) == 0
    assert listed(capsys, "--open") == []
    answer, dialled = anyio.run(told_and_dialled, state)
    assert answer["receipt"]["replayed"]
    assert answer["data"] == {"call_id": "call-1"}
    assert dialled == 0


def test_what_a_person_says_did_not_happen_may_happen(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = listed(capsys, "--open")[0]["key"]
    assert main(["ledger", "settle", key, "--did-not-happen"]) == 0
    answer, dialled = anyio.run(told_and_dialled, state)
    assert answer["ok"]
    assert dialled == 1


def test_what_is_closed_cannot_be_settled(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = listed(capsys)[1]["key"]
    assert main(["ledger", "settle", key, "--did-not-happen"]) == 1
    assert "succeeded" in capsys.readouterr().err


def test_settle_needs_a_person_to_say_which(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ledger", "settle", "start_call-"]) == 2
    assert main(["ledger", "settle", "start_call-", "--did-not-happen", "--id", "x"]) == 2
    assert "--happened" in capsys.readouterr().err


def test_forgetting_asks_first(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = listed(capsys)[1]["key"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["ledger", "forget", key]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["ledger", "forget", key, "--yes"]) == 0
    assert [record["state"] for record in listed(capsys)] == ["unsettled"]


def test_looking_makes_no_state_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLPOST_STATE", str(tmp_path / "none"))
    assert main(["ledger", "list"]) == 0
    assert "Nothing yet" in capsys.readouterr().out
    assert main(["ledger", "show", "x"]) == 1
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_no_ledger_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad"
    bad.write_text("this is no database, and long enough to be sure of it" * 20)
    monkeypatch.setenv("CALLPOST_STATE", str(bad))
    assert main(["ledger", "list"]) == 3
    told = capsys.readouterr().err
    assert str(bad) in told
    assert told.count("\n") == 1

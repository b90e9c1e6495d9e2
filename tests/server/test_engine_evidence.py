"""What counts as evidence: an acceptance, a client's own word, a file that is still there."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from deeds import POST, START, calls, did
from harness import Harness, harness


async def test_a_call_that_was_accepted_is_not_dialled_again_because_no_list_shows_it() -> None:
    async with harness() as h:
        h.vocobase.only = "POST"
        h.vocobase.replies = [httpx2.Response(200, json={"success": True, "data": {"odd": 1}})]
        first = await h.run("start_call", START)
        assert first["error"]["code"] == "outcome_unknown"
        h.clock.advance(3600)
        again = await h.run("start_call", START)
        assert again["error"]["code"] == "outcome_unknown"
        assert again["error"]["retry"] == "never"
        assert "ledger settle" in again["error"]["next_step"]
        assert len(h.vocobase.sent("POST", "/calls/start")) == 1


async def test_a_page_of_somebody_else_is_no_acceptance() -> None:
    async with harness() as h:
        h.vocobase.only = "POST"
        h.vocobase.replies = [httpx2.Response(200, text="<html>Sign in to the network</html>")]
        first = await h.run("start_call", START)
        h.clock.advance(first["error"]["retry_after_s"])
        assert (await h.run("start_call", START))["ok"]
        assert calls(h) == 1


async def test_a_post_whose_server_died_unanswered_is_sent_again_under_its_key() -> None:
    async with harness() as h, harness(share=h) as other:
        h.voxburst.only, h.voxburst.lose_requests = "POST /v1/posts", 9
        assert not (await h.run("create_post", POST))["ok"]
        again = await other.run("create_post", POST)
        assert again["ok"]
        assert did(h, "post_created") == 1
        keys = {r.headers["idempotency-key"] for r in h.voxburst.sent("POST", "/posts")}
        assert keys == {r.headers["idempotency-key"] for r in other.voxburst.sent("POST", "/posts")}


async def test_a_clients_own_key_replays_whatever_the_tools_rule() -> None:
    async with harness() as h:
        post = (await h.run("create_post", POST))["data"]["id"]
        change = {"post_id": post, "content": "A"}
        assert (await h.run("update_post", change, client_key="u1"))["ok"]
        assert (await h.run("update_post", {**change, "content": "B"}, client_key="u2"))["ok"]
        late = await h.run("update_post", change, client_key="u1")
        assert late["receipt"]["replayed"]
        assert did(h, "post_updated") == 2
        other = await h.run("update_post", {**change, "content": "C"}, client_key="u1")
        assert other["error"]["code"] == "idempotency_conflict"


def removed(state: Path) -> None:
    for file in state.parent.glob(f"{state.name}*"):
        file.unlink()


def moved(state: Path) -> None:
    state.parent.rename(state.parent.with_name("elsewhere"))


def replaced(state: Path) -> None:
    copy = state.with_name("copy")
    copy.write_bytes(state.read_bytes())
    copy.replace(state)


@pytest.mark.parametrize("harm", [removed, moved, replaced])
async def test_nothing_is_sent_once_the_state_file_is_not_the_one_that_was_opened(
    harm: Callable[[Path], None], tmp_path: Path
) -> None:
    state = tmp_path / "state" / "ledger.sqlite3"
    async with harness(state=state, CALLPOST_STATE=str(state)) as h:
        assert (await h.run("list_calls"))["ok"]
        harm(state)
        answer = await h.run("start_call", START)
        assert answer["error"]["code"] == "internal"
        assert answer["error"]["side_effect"] == "none"
        assert str(state) in answer["error"]["message"]
        assert calls(h) == 0


async def odd_post(h: Harness, **odd: object) -> dict[str, object]:
    body = {"id": "c" + "a" * 24, "status": "draft", **odd}
    h.voxburst.only, h.voxburst.replies = "POST /v1/posts", [httpx2.Response(201, json=body)]
    return await h.run("create_post", POST)


async def test_an_odd_optional_field_does_not_hide_that_a_post_was_made() -> None:
    async with harness() as h:
        answer = await odd_post(h, platforms={}, media={"x": 1}, metadata=[1])
        assert answer["ok"]


async def test_no_answer_is_larger_than_a_context_can_take() -> None:
    async with harness() as h:
        huge = {f"k{n}": "x" * 50_000 for n in range(40)}
        answer = await odd_post(h, content="y" * 900_000, metadata=huge)
        assert answer["ok"]
        assert len(str(answer)) < 90_000
        data = answer["data"]
        assert isinstance(data, dict)
        assert data["id"] == "c" + "a" * 24

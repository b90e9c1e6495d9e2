import json

import pytest

from harness import Harness, harness

pytestmark = pytest.mark.anyio

URL = "https://hooks.example.com/vocobase"


def kept(h: Harness) -> str:
    files = [path.read_bytes() for path in h.state.parent.iterdir() if path.is_file()]
    return b"".join(files).decode("utf-8", "replace")


def secrets(h: Harness) -> list[str]:
    return [hook["secret"] for hook in h.sandbox.vocobase.webhooks.values()]


async def test_secret_of_a_new_webhook_is_shown_once_and_not_kept() -> None:
    async with harness() as h:
        made = await h.run("create_call_webhook", {"label": "main", "url": URL})
        assert made["data"]["secret"] == secrets(h)[0]
        assert "Shown only now" in made["data"]["note"]
        again = await h.run("create_call_webhook", {"label": "main", "url": URL})
        assert again["receipt"]["replayed"]
        assert "secret" not in again["data"]
        assert "not kept here" in again["data"]["note"]
        assert secrets(h)[0] not in kept(h)
        listed = await h.run("list_call_webhooks")
        assert listed["data"]["items"][0]["label"] == "main"
        assert secrets(h)[0] not in json.dumps(listed)


async def test_webhook_whose_answer_was_lost_is_found_without_its_secret() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        made = await h.run("create_call_webhook", {"label": "main", "url": URL})
        assert made["data"]["label"] == "main"
        assert "rotate_call_webhook_secret" in made["data"]["note"]
        assert len(h.sandbox.vocobase.webhooks) == 1


async def test_webhook_that_was_there_before_is_not_taken_for_the_lost_one() -> None:
    async with harness() as h:
        await h.run("create_call_webhook", {"label": "main", "url": URL})
        h.clock.advance(3600)
        h.vocobase.only, h.vocobase.lose_requests = "POST", 1
        call = {"label": "main", "url": URL, "occurrence": 2}
        answer = await h.run("create_call_webhook", call)
        h.clock.advance(120)
        if answer["error"]["code"] == "outcome_unknown":
            answer = await h.run("create_call_webhook", call)
        assert answer["error"]["code"] == "conflict"


async def test_reserved_label_and_plain_http_are_refused_before_sending() -> None:
    async with harness() as h:
        for call in (
            {"label": "default", "url": URL},
            {"label": "main", "url": "http://hooks.example.com"},
            {"label": "Main", "url": URL},
        ):
            answer = await h.run("create_call_webhook", call)
            assert answer["error"]["code"] == "invalid_arguments"
        assert h.vocobase.requests == []


async def test_rotation_is_repeated_only_when_it_says_so() -> None:
    async with harness() as h:
        made = await h.run("create_call_webhook", {"label": "main", "url": URL})
        hook = {"webhook_id": made["data"]["id"]}
        rotated = await h.run("rotate_call_webhook_secret", hook)
        assert rotated["data"]["secret"] == secrets(h)[0] != made["data"]["secret"]
        again = await h.run("rotate_call_webhook_secret", hook)
        assert again["receipt"]["replayed"]
        assert "next occurrence" in again["data"]["note"]
        assert rotated["data"]["secret"] == secrets(h)[0]
        meant = await h.run("rotate_call_webhook_secret", {**hook, "occurrence": 2})
        assert meant["data"]["secret"] == secrets(h)[0] != rotated["data"]["secret"]


async def test_rotation_whose_answer_was_lost_is_done_again_for_a_secret_somebody_has() -> None:
    async with harness() as h:
        made = await h.run("create_call_webhook", {"label": "main", "url": URL})
        h.vocobase.only, h.vocobase.lose_answers = "rotate-secret", 1
        rotated = await h.run("rotate_call_webhook_secret", {"webhook_id": made["data"]["id"]})
        assert rotated["data"]["secret"] == secrets(h)[0]


async def test_default_webhook_is_set_again_after_another_and_not_by_a_retry() -> None:
    async with harness() as h:
        other = "https://other.example.com/x"
        first = await h.run("set_default_call_webhook", {"url": URL})
        assert first["data"]["webhook_secret"] == secrets(h)[0]
        retry = await h.run("set_default_call_webhook", {"url": URL})
        assert retry["receipt"]["replayed"]
        assert "webhook_secret" not in retry["data"]
        assert "not kept here" in retry["data"]["note"]
        await h.run("set_default_call_webhook", {"url": other})
        back = await h.run("set_default_call_webhook", {"url": URL})
        assert not back["receipt"].get("replayed")
        assert back["data"]["webhook_secret"] == secrets(h)[0]
        assert secrets(h)[0] not in kept(h)

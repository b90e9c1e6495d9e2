import json

import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import harness

pytestmark = pytest.mark.anyio


async def test_dictionary_is_created_changed_and_attached() -> None:
    async with harness() as h:
        made = await h.run(
            "create_dictionary", {"name": "Drugs", "description": "Names", "terms": ["Advil"]}
        )
        dictionary = made["data"]["id"]
        assert made["data"]["terms"] == ["Advil"]
        changed = await h.run(
            "update_dictionary",
            {"dictionary_id": dictionary, "description": "", "terms": ["Advil", "Aleve"]},
        )
        assert changed["data"]["term_count"] == 2
        assert "description" not in changed["data"]
        (patch,) = h.vocobase.sent("PATCH", dictionary)
        assert json.loads(patch.content) == {"description": None, "terms": ["Advil", "Aleve"]}
        attach = {"agent_id": DEMO_AGENT_ID, "dictionary_ids": [dictionary, dictionary]}
        attached = await h.run("set_agent_dictionaries", attach)
        assert attached["data"]["dictionaries"][0]["id"] == dictionary
        listed = await h.run("list_agent_dictionaries", {"agent_id": DEMO_AGENT_ID})
        assert listed["data"]["items"][0]["attached_agent_count"] == 1
        none = await h.run(
            "set_agent_dictionaries", {"agent_id": DEMO_AGENT_ID, "dictionary_ids": []}
        )
        assert none["data"]["dictionaries"] == []


async def test_setting_a_then_b_then_a_again_acts_each_time() -> None:
    async with harness() as h:
        made = await h.run("create_dictionary", {"name": "Drugs"})
        only, none = [made["data"]["id"]], list[str]()
        for ids in (only, none, only):
            call = {"agent_id": DEMO_AGENT_ID, "dictionary_ids": ids}
            answer = await h.run("set_agent_dictionaries", call)
            assert not answer["receipt"].get("replayed")
        assert len(h.vocobase.sent("PUT", "/dictionaries")) == 3
        assert h.sandbox.vocobase.agent_dictionaries[DEMO_AGENT_ID] == only


async def test_lost_answer_makes_no_second_dictionary_and_says_where_the_first_may_be() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        answer = await h.run("create_dictionary", {"name": "Drugs"})
        assert answer["error"]["code"] == "conflict"
        assert "earlier try" in answer["error"]["next_step"]
        assert len(h.sandbox.vocobase.dictionaries) == 1


async def test_update_that_changes_nothing_is_refused() -> None:
    async with harness() as h:
        answer = await h.run("update_dictionary", {"dictionary_id": "d"})
        assert answer["error"]["code"] == "invalid_arguments"
        assert h.vocobase.requests == []


async def test_too_many_characters_are_a_problem_of_the_arguments() -> None:
    async with harness() as h:
        terms = [f"{n:0100}" for n in range(101)]
        answer = await h.run("create_dictionary", {"name": "Long", "terms": terms})
        assert answer["error"]["code"] == "invalid_arguments"
        assert answer["error"]["upstream"]["code"] == "DICTIONARY_CHAR_LIMIT_EXCEEDED"

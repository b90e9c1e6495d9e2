"""The key: what a model varies without meaning it does not change it; the effect does."""

import json
import random
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callpost.arguments import occurrence_and_rest, validated
from callpost.catalog import installed_families
from callpost.errors import InvalidArguments
from callpost.intent import canonical, fingerprint, intent_of, scope_of, wire_key
from callpost.toolset import Tool
from callpost_vocobase.calls import StartCall
from callpost_voxburst.posts import CreatePost

TOOLS = {
    tool.name: tool
    for family in installed_families()
    for toolset in family.toolsets
    for tool in toolset.tools
}
START, POST = TOOLS["start_call"], TOOLS["create_post"]
SEED_RULE = re.compile(r"[A-Za-z0-9_-]{1,255}")
"""VoxBurst's rule for keys (contract voxburst.md section 4)."""

ids = st.from_regex(r"c[a-z0-9]{24}", fullmatch=True)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=60
)
contents = words.filter(lambda text: bool(text.strip()))
posts = st.fixed_dictionaries(
    {
        "content": contents,
        "account_ids": st.lists(ids, min_size=1, max_size=4, unique=True),
        "when": st.sampled_from(["draft", "now", "queue"])
        | st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1)).map(  # noqa: DTZ001 because the next line gives it an offset
            lambda at: at.replace(tzinfo=UTC, microsecond=0).isoformat()
        ),
    },
    optional={
        "tags": st.lists(st.from_regex(r"[a-z]{3,8}", fullmatch=True), max_size=3, unique=True)
    },
)


def key_of(tool: Tool, arguments: dict[str, Any]) -> str:
    occurrence, rest = occurrence_and_rest(tool, arguments)
    args = validated(tool.args, rest)
    return intent_of(tool, "scope", args, occurrence=occurrence).key


def retold(arguments: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same, as another turn of a model might write it."""
    told = dict(arguments)
    told["content"] = unicodedata.normalize(chance.choice(["NFC", "NFD"]), told["content"])
    told["content"] += chance.choice(["", " ", "\n", " \t "])
    accounts = [*told["account_ids"], *chance.sample(told["account_ids"], 1)]
    chance.shuffle(accounts)
    told["account_ids"] = json.dumps(accounts) if chance.random() < 0.3 else accounts
    if told["when"] not in {"draft", "now", "queue"}:
        zone = timezone(timedelta(minutes=chance.choice([-570, 0, 60, 345])))
        told["when"] = datetime.fromisoformat(told["when"]).astimezone(zone).isoformat()
    else:
        told["when"] = chance.choice([told["when"], told["when"].upper()])
    told["thread"] = None
    if chance.random() < 0.5:
        told["media_ids"] = []
    names = list(told)
    chance.shuffle(names)
    return {name: told[name] for name in names}


@settings(deadline=None)
@given(posts, st.randoms(use_true_random=False))
def test_a_retry_told_in_another_way_has_the_same_key(
    arguments: dict[str, Any], chance: random.Random
) -> None:
    assert key_of(POST, retold(arguments, chance)) == key_of(POST, arguments)


@settings(deadline=None)
@given(posts, posts)
def test_posts_that_differ_have_different_keys(one: dict[str, Any], other: dict[str, Any]) -> None:
    def meaning(post: dict[str, Any]) -> Any:
        args = validated(CreatePost, post)
        return args.body() | {"when": args.when}

    assert (key_of(POST, one) == key_of(POST, other)) == (meaning(one) == meaning(other))


@settings(deadline=None)
@given(posts, st.randoms(use_true_random=False))
def test_a_retry_sends_the_same_bytes(arguments: dict[str, Any], chance: random.Random) -> None:
    first = validated(CreatePost, arguments).body()
    again = validated(CreatePost, retold(arguments, chance)).body()
    assert json.dumps(first) == json.dumps(again)


@pytest.mark.parametrize(
    "notation",
    [
        "+14155550111",
        "+1 415 555 0111",
        "+1 (415) 555-0111",
        "001 415-555-0111",
        "tel:+1-415-555-0111",
        "\uff0b14155550111",
    ],
)
def test_every_notation_of_a_number_is_the_same_number(notation: str) -> None:
    plain = {"agent_id": "a", "to_number": "+14155550111"}
    assert key_of(START, plain | {"to_number": notation}) == key_of(START, plain)
    assert validated(StartCall, plain | {"to_number": notation}).to_number == "+14155550111"


def test_variables_in_any_order_and_notation_are_the_same_call() -> None:
    one = {"agent_id": "a", "to_number": "+14155550111", "variables": {"name": "Ann", "count": 5}}
    other = {
        "variables": '{"count": "5", "name": "Ann"}',
        "to_number": "+14155550111",
        "agent_id": "a",
    }
    assert key_of(START, one) == key_of(START, other)


def test_what_changes_the_effect_changes_the_key() -> None:
    base = {"agent_id": "a", "to_number": "+14155550111"}
    others = [
        base | {"to_number": "+14155550112"},
        base | {"agent_id": "b"},
        base | {"variables": {"name": "Ann"}},
        base | {"occurrence": 2},
    ]
    assert len({key_of(START, arguments) for arguments in [base, *others]}) == 5


def test_an_occurrence_of_one_is_the_same_as_none() -> None:
    base = {"agent_id": "a", "to_number": "+14155550111"}
    for spelt in (None, 1, "1"):
        assert key_of(START, base | {"occurrence": spelt}) == key_of(START, base)


@pytest.mark.parametrize("wrong", [0, -1, "two", True, 1.5, [], 10_001])
def test_a_wrong_occurrence_is_named(wrong: object) -> None:
    with pytest.raises(InvalidArguments) as raised:
        occurrence_and_rest(START, {"occurrence": wrong})
    assert raised.value.fields[0].path == "occurrence"


@given(posts)
def test_a_key_is_one_that_voxburst_takes(arguments: dict[str, Any]) -> None:
    key = key_of(POST, arguments)
    assert SEED_RULE.fullmatch(key)
    assert SEED_RULE.fullmatch(wire_key(key, attempt=12, n=3, tries=7))


def test_the_first_request_of_an_intent_carries_the_intents_own_key() -> None:
    assert wire_key("k", attempt=1, n=1, tries=1) == "k"
    others = {
        wire_key("k", attempt=a, n=n, tries=t) for a in (1, 2, 11) for n in (1, 2) for t in (1, 2)
    }
    assert len(others) == 12


def test_a_clients_own_key_names_the_intent_and_keeps_the_fingerprint() -> None:
    args = validated(StartCall, {"agent_id": "a", "to_number": "+14155550111"})
    other = validated(StartCall, {"agent_id": "a", "to_number": "+14155550112"})
    one = intent_of(START, "s", args, occurrence=1, client_key="mine")
    two = intent_of(START, "s", other, occurrence=1, client_key="mine")
    assert one.key == two.key
    assert one.fingerprint != two.fingerprint
    assert one.key != intent_of(START, "s", args, occurrence=1, client_key="other").key


@pytest.mark.parametrize("unusable", ["", "x" * 513])
def test_an_unusable_client_key_is_refused(unusable: str) -> None:
    args = validated(StartCall, {"agent_id": "a", "to_number": "+14155550111"})
    with pytest.raises(InvalidArguments):
        intent_of(START, "s", args, occurrence=1, client_key=unusable)


def test_a_credential_shows_nothing_of_itself_in_its_scope() -> None:
    scope = scope_of("rg_live_secret", "")
    assert re.fullmatch(r"[0-9a-f]{12}", scope)
    assert scope != scope_of("rg_live_secret", "http://127.0.0.1:1/v1")
    assert scope != scope_of("rg_live_secre2", "")


def test_a_number_without_exact_json_form_is_refused() -> None:
    class Loose(StartCall):
        weight: int = 0

    with pytest.raises(InvalidArguments):
        fingerprint(START, Loose(agent_id="a", to_number="+14155550111", weight=2**53 + 1), 1)


def test_what_is_not_in_the_key_is_not_canonical() -> None:
    args = validated(
        StartCall, {"agent_id": "a", "to_number": "+14155550111", "provider": "twilio"}
    )
    assert canonical(args) == {"agent_id": "a", "to_number": "+14155550111"}


def test_the_material_of_an_intent_changes_its_key() -> None:
    args = validated(StartCall, {"agent_id": "a", "to_number": "+14155550111"})
    assert fingerprint(START, args, 1, {"sha256": "a"}) != fingerprint(
        START, args, 1, {"sha256": "b"}
    )

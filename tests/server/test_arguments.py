"""Wrong arguments: every bad field is named with what was expected, and no value is echoed."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from callpost.arguments import validated
from callpost.errors import InvalidArguments
from callpost.fields import Id, Instant, PhoneNumber, Text, instant_text, unordered
from callpost.models import Args
from harness import harness


class Inner(Args):
    colour: str = "red"
    count: int = 1


class Outer(Args):
    agent_id: Id
    to_number: PhoneNumber | None = None
    account_ids: Annotated[tuple[Id, ...], Field(min_length=1), unordered] = ("x",)
    when: Instant | None = None
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    note: Text = ""


def problems(**arguments: object) -> dict[str, str]:
    with pytest.raises(InvalidArguments) as raised:
        validated(Outer, {"agent_id": "a"} | arguments)
    return {problem.path: problem.problem for problem in raised.value.fields}


def test_every_problem_is_named_at_once() -> None:
    found = problems(agent_id="", to_number="12", when="tomorrow", inner={"count": "many"})
    assert set(found) == {"agent_id", "to_number", "when", "inner.count"}


def test_an_unknown_argument_is_refused_with_the_nearest_name() -> None:
    found = problems(scheduledAt="x", account_idz=["a"], agentId="b")
    assert found["scheduledAt"].endswith("did you mean when?")
    assert found["account_idz"].endswith("did you mean account_ids?")
    assert found["agentId"].endswith("did you mean agent_id?")


def test_an_unknown_argument_of_a_part_is_refused_with_that_parts_names() -> None:
    found = problems(inner={"color": "blue"}, many=[{"cuont": 2}])
    assert found["inner.color"].endswith("did you mean colour?")
    assert found["many.0.cuont"].endswith("did you mean count?")


def test_an_argument_without_any_likeness_gets_the_list_of_names() -> None:
    assert problems(qqqq=1)["qqqq"].startswith("is not an argument; there are: agent_id")


@pytest.mark.parametrize(
    "climbing", ["../accounts/1", "..", ".", "a/b", "a%2fb", "a b", "", "a?b", "a#b", "\u2025"]
)
def test_an_identifier_cannot_change_a_path(climbing: str) -> None:
    assert "agent_id" in problems(agent_id=climbing)


def test_lists_and_objects_may_come_as_json_in_a_string() -> None:
    args = validated(
        Outer,
        {
            "agent_id": "a",
            "account_ids": '["b", "a", "b"]',
            "inner": '{"count": 3}',
            "many": "[{}]",
        },
    )
    assert args.account_ids == ("a", "b")
    assert args.inner == Inner(count=3)
    assert args.many == (Inner(),)


def test_a_text_that_looks_like_json_stays_a_text() -> None:
    assert validated(Outer, {"agent_id": "a", "note": '["not a list"]'}).note == '["not a list"]'


def test_an_explicit_null_means_left_out() -> None:
    nothing = dict.fromkeys(["to_number", "account_ids", "when", "inner", "many", "note"])
    assert validated(Outer, {"agent_id": "a"} | nothing) == validated(Outer, {"agent_id": "a"})
    assert validated(Outer, {"agent_id": "a", "inner": {"count": None}}).inner == Inner()


@pytest.mark.parametrize("local", ["2026-12-01T09:00:00", "2026-12-01", "9 am", "", 5])
def test_an_instant_needs_an_offset(local: object) -> None:
    assert "when" in problems(when=local)


def test_an_instant_is_sent_as_utc() -> None:
    args = validated(Outer, {"agent_id": "a", "when": "2026-12-01T09:00:00+05:30"})
    assert args.when is not None
    assert instant_text(args.when) == "2026-12-01T03:30:00Z"


@pytest.mark.parametrize(
    "wrong", ["5550111", "not a number", "+", "+999999999999999999", "+1415x", ""]
)
def test_a_number_without_a_country_is_refused(wrong: str) -> None:
    assert "country code" in problems(to_number=wrong)["to_number"]


@given(
    st.text(max_size=40), st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=4)
)
def test_nothing_that_was_given_is_echoed_or_escapes(value: str, more: dict[str, str]) -> None:
    secret = f"<{value}>"
    try:
        validated(Outer, {**more, "agent_id": secret, "when": secret, "to_number": secret})
    except InvalidArguments as fault:
        shown = " ".join(problem.problem for problem in fault.fields) + fault.message
        assert secret not in shown


ABSURD: list[dict[str, Any]] = [{"inner": [[[[]]]]}, {"many": {"a": 1}}, {"inner": "{" * 5000}]


@pytest.mark.parametrize("absurd", ABSURD)
def test_absurd_shapes_are_problems_and_not_exceptions(absurd: dict[str, object]) -> None:
    assert problems(**absurd)


async def test_a_wrong_occurrence_hides_no_other_problem() -> None:
    async with harness() as h:
        wrong: dict[str, Any] = {
            "content": "",
            "account_ids": [],
            "when": "x",
            "occurrence": "abc",
            "foo": 1,
        }
        answer = await h.run("create_post", wrong)
        named = {field["path"] for field in answer["error"]["fields"]}
        assert named >= {"content", "account_ids", "occurrence", "foo"}


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "half \ufffd"])
async def test_a_broken_character_is_named_and_never_sent_as_another(text: str) -> None:
    async with harness() as h:
        post = {"content": "x", "account_ids": ["a"], "when": "draft", "tags": [text]}
        answer = await h.run("create_post", post)
        assert [field["path"] for field in answer["error"]["fields"]] == ["tags.0"]


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_an_instant_beyond_all_calendars_is_a_problem_of_its_field(when: str) -> None:
    async with harness() as h:
        for name, arguments in (
            ("create_post", {"content": "x", "account_ids": ["a"], "when": when}),
            ("list_posts", {"since": when}),
        ):
            answer = await h.run(name, arguments)
            assert answer["error"]["code"] == "invalid_arguments"


async def test_what_is_too_short_is_told_in_the_words_of_its_kind() -> None:
    async with harness() as h:
        wrong = {"content": "", "account_ids": list[str](), "when": "now"}
        fields = (await h.run("create_post", wrong))["error"]["fields"]
        told = {field["path"]: field["problem"] for field in fields}
        assert "at least 1 character" in told["content"]
        assert "at least 1 item" in told["account_ids"]


def test_true_is_no_number() -> None:
    assert "inner.count" in problems(inner={"count": True})


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("create_post", {"content": "x", "account_ids": ["a"], "when": "now", "scheduledAt": "y"}),
    ("create_post", {"content": "x" * 10_001, "account_ids": ["a"], "when": "now"}),
    ("create_post", {"content": "x", "account_ids": [], "when": "now"}),
    ("create_post", {"content": "x", "account_ids": ["a"]}),
    ("create_post", {"content": "x", "account_ids": ["a"], "when": "2001-01-01T00:00:00Z"}),
    ("start_call", {"agent_id": "a", "to_number": "911"}),
    ("delete_post", {"post_id": "../accounts/c123"}),
    ("get_post", {"post_id": "..%2faccounts"}),
    ("get_call", {"call_id": "concurrency/../start"}),
]


@pytest.mark.parametrize(("name", "arguments"), REFUSED)
async def test_nothing_is_written_for_refused_arguments(
    name: str, arguments: dict[str, Any]
) -> None:
    async with harness() as h:
        answer = await h.run(name, arguments)
        assert answer["error"]["code"] == "invalid_arguments"
        assert answer["error"]["side_effect"] == "none"
        assert answer["error"]["fields"]
        assert [r for r in h.voxburst.requests + h.vocobase.requests if r.method != "GET"] == []

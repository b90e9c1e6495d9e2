from typing import Any

import pytest
from pydantic import ValidationError

from callpost.models import Args
from callpost.schema import portable
from callpost_voxburst.answers import Undocumented
from callpost_voxburst.freeform import JsonObject, object_of


class Given(Args):
    more: JsonObject


@pytest.mark.parametrize("value", [{"b": 1, "a": [2]}, '{"b":1, "a":[2]}', ' {"a": [2], "b": 1}'])
def test_equal_objects_are_one_text(value: Any) -> None:
    given = Given.model_validate({"more": value})
    assert given.more == '{"a":[2],"b":1}'
    assert object_of(given.more) == {"a": [2], "b": 1}


@pytest.mark.parametrize("value", ["", "tea", "[1]", '{"a": NaN}', "[" * 5000, 5])
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Given.model_validate({"more": value})


def test_hosts_see_plain_text() -> None:
    assert portable(Given)["properties"]["more"] == {"type": "string"}


def test_undocumented_answer_is_handed_on_under_its_own_names_without_nulls() -> None:
    answer = Undocumented.model_validate({"planName": "pro", "none": None, "deep": {"x": None}})
    assert answer.answer == {"planName": "pro", "deep": {}}
    assert Undocumented.from_stored(answer.stored()) == answer


def test_long_text_in_an_undocumented_answer_is_cut() -> None:
    answer = Undocumented.model_validate({"texts": ["x" * 50_000]})
    assert len(answer.answer["texts"][0]) == 12_000

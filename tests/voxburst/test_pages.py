import pytest

from callpost.errors import InvalidArguments
from callpost.models import Result
from callpost_voxburst.pages import List, NumberedPage, fitting, numbered, page_query, part


class Item(Result):
    text: str


ITEMS = [Item(text=str(n)) for n in range(5)]


def texts(items: tuple[Item, ...]) -> list[str]:
    return [item.text for item in items]


def test_whole_list_is_cut_into_parts() -> None:
    items, cursor = part(ITEMS, List(limit=2))
    assert (texts(items), cursor) == (["0", "1"], "2")
    items, cursor = part(ITEMS, List(limit=10, cursor="2"))
    assert (texts(items), cursor) == (["2", "3", "4"], None)


def test_part_past_the_end_is_empty() -> None:
    assert part(ITEMS, List(cursor="99")) == ((), None)


def test_page_holds_the_offset_and_what_is_before_it_is_dropped() -> None:
    args = List(limit=3, cursor="4")
    assert page_query(args) == {"page": 2, "limit": 3}
    page = NumberedPage.model_validate({"pagination": {"total": 9}})
    items, cursor = numbered([Item(text=str(n)) for n in (3, 4, 5)], page, args)
    assert (texts(items), cursor) == (["4", "5"], "6")


@pytest.mark.parametrize(
    ("told", "goes_on"),
    [
        ({"pagination": {"hasMore": True}}, True),
        ({"pagination": {"hasMore": False}}, False),
        ({"pagination": {"totalPages": 2}}, True),
        ({"pagination": {"totalPages": 1}}, False),
        ({"total": 4}, True),
        ({"total": 3}, False),
        ({}, True),
        ({"pagination": {"total": "many"}}, True),
        ({"pagination": None, "hasMore": False}, False),
    ],
)
def test_next_page_is_told_in_many_ways(told: dict[str, object], *, goes_on: bool) -> None:
    assert NumberedPage.model_validate(told).goes_on(1, 3, 3) is goes_on


def test_short_page_is_the_last_where_nothing_is_told() -> None:
    assert not NumberedPage.model_validate({}).goes_on(1, 3, 2)


def test_answer_ends_early_where_it_would_not_fit_a_context() -> None:
    long = [Item(text="x" * 25_000) for _ in range(4)]
    assert fitting(long) == 2
    items, cursor = part(long, List())
    assert (len(items), cursor) == (2, "2")
    assert fitting([Item(text="x" * 90_000)]) == 1


@pytest.mark.parametrize("cursor", ["a", "-1", "²", "1" * 10, "1.5"])
def test_foreign_cursor_is_an_argument_problem(cursor: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        _ = List(cursor=cursor).offset
    assert refused.value.fields[0].path == "cursor"

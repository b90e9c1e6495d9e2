import io

import pytest

from callpost.cli.colour import Paint, Shade, paint_for
from callpost.cli.discretion import discreet
from callpost.cli.tables import markdown, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_columns_are_as_wide_as_their_widest_cell_and_numbers_stand_right() -> None:
    shown = table(("tool", "tokens"), [("start_call", "208"), ("get_call", "95")], right={1})
    assert shown.splitlines() == [
        "tool        tokens",
        "start_call     208",
        "get_call        95",
    ]


def test_colour_changes_no_widths() -> None:
    rows = [("on", "x"), ("off", "y")]
    plain = table(("is", "z"), rows)
    painted = table(("is", "z"), rows, paint=Paint(is_on=True), shades={"on": Shade.GREEN})
    assert painted != plain
    for code in {shade.value for shade in Shade}:
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted.replace("\x1b[0m", "") == plain


def test_a_table_may_have_no_rows() -> None:
    assert table(("a", "b"), []) == "a  b"


def test_markdown_keeps_a_bar_from_ending_its_cell() -> None:
    assert markdown(("a", "b"), [("x|y", "1")], right={1}).splitlines() == [
        "| a | b |",
        "| --- | ---: |",
        "| x\\|y | 1 |",
    ]


def test_a_terminal_gets_colour_and_a_pipe_does_not() -> None:
    env = {"TERM": "xterm", "WT_SESSION": "1"}
    assert paint_for(Terminal(), env).is_on
    assert not paint_for(io.StringIO(), env).is_on


@pytest.mark.parametrize("wish", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colour_gets_none(wish: dict[str, str]) -> None:
    assert not paint_for(Terminal(), {"WT_SESSION": "1", **wish}).is_on


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+14155550111", "...11"),
        ("call +1 (415) 555-0111 back", "call ...11 back"),
        ("a" * 100, "a" * 30 + "... (100 characters)"),
        ("ae0c9c8e-2c5e-4f3e-9b0a-112233445566", "ae0c9c8e-2c5e-4f3e-9b0a-112233445566"),
        ("2026-11-22T13:19:31.144Z", "2026-11-22T13:19:31.144Z"),
        ("pending", "pending"),
        (42, 42),
        (None, None),
        ({"to": ["+14155550111"], "n": 1}, {"to": ["...11"], "n": 1}),
    ],
)
def test_numbers_and_texts_are_not_shown_in_full(value: object, shown: object) -> None:
    assert discreet(value) == shown

"""What all list tools share: one way of paging, and rows short enough to choose from.

Vocobase pages calls, documents and agents by `limit` and `offset`, VoiceLink by `page` and
`per_page`, and hands out every other list whole (contract section 6). A model sees `limit` and
`cursor` for all of them.
"""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from callpost.toolset import Args, Result

__all__ = ["Listed", "Page", "Short", "Whole", "shorten", "slice_of"]

ItemT = TypeVar("ItemT")

LONGEST = 500
"""Characters of a text in a row of a list; the `get_` tool has the whole."""


def shorten(text: str, longest: int = LONGEST) -> str:
    """The beginning of a text, with an ellipsis where something is missing."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


Short = Annotated[str, AfterValidator(shorten)]
"""A text in a row of a list."""


def _text(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


Cursor = Annotated[
    str,
    BeforeValidator(_text),  # hosts turn a string of digits into a number
    Field(pattern=r"^\d{1,9}$"),
    WithJsonSchema({"type": "string"}),
]
"""`next_cursor` of the part before; opaque to a model, an offset to us."""


class Page(Args):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Cursor | None = None

    @property
    def offset(self) -> int:
        """How many items come before this part."""
        return int(self.cursor or "0")

    @property
    def query(self) -> dict[str, str | int | bool | None]:
        """As the lists with `limit` and `offset` take it."""
        return {"limit": self.limit, "offset": self.offset}

    def next_cursor(self, shown: int, total: int | None) -> str | None:
        """Where the next part begins; None at the end.

        Without a total, a full part is taken to have a successor.
        """
        reached = self.offset + shown
        more = shown >= self.limit if total is None else shown > 0 and reached < total
        return str(reached) if more else None


class Listed(Result):
    """The part of an answer that says what comes after it."""

    total: int | None = None
    next_cursor: str | None = None


def slice_of(rows: Sequence[ItemT], page: Page) -> tuple[tuple[ItemT, ...], str | None]:
    """One part of a list that the API hands out whole, and where the next begins."""
    shown = tuple(rows[page.offset : page.offset + page.limit])
    return shown, page.next_cursor(len(shown), len(rows))


class Whole(Result):
    """A list whose answer shape was not captured: under its one field's name, or bare."""

    @model_validator(mode="before")
    @classmethod
    def _bare_too(cls, data: Any) -> Any:
        if isinstance(data, list):
            return {next(iter(cls.model_fields)): cast("list[Any]", data)}
        return data

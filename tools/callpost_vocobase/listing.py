"""What list answers share: rows short enough to choose from, and parts of lists handed out whole.

Only some lists are paged upstream (contract section 6); a model pages all of them as `paging` says.
"""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, model_validator

from callpost.toolset import Result
from callpost_vocobase.paging import Paged, next_cursor

__all__ = ["Listed", "Short", "Whole", "shorten", "slice_of"]

ItemT = TypeVar("ItemT")

LONGEST = 500
"""Characters of a text in a row of a list; the `get_` tool has the whole."""


def shorten(text: str, longest: int = LONGEST) -> str:
    """The beginning of a text, with an ellipsis where something is missing."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


Short = Annotated[str, AfterValidator(shorten)]
"""A text in a row of a list."""


class Listed(Result):
    """The part of an answer that says what comes after it."""

    total: int | None = None
    next_cursor: str | None = None


def slice_of(rows: Sequence[ItemT], asked: Paged) -> tuple[tuple[ItemT, ...], str | None]:
    """One part of a list that the API hands out whole, and where the next begins."""
    shown = tuple(rows[asked.offset : asked.offset + asked.limit])
    return shown, next_cursor(asked, len(shown), len(rows))


class Whole(Result):
    """A list whose answer shape was not captured: under its one field's name, or bare."""

    @model_validator(mode="before")
    @classmethod
    def _bare_too(cls, data: Any) -> Any:
        if isinstance(data, list):
            return {next(iter(cls.model_fields)): cast("list[Any]", data)}
        return data

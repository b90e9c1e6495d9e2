"""One way of paging for every list: `limit` and an opaque `cursor`, here an offset as text.

Vocobase pages by `limit` (1 to 100) and `offset`, and repeats `total` (contract section 6).
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from callpost.models import Args

__all__ = ["LARGEST_PAGE", "Cursor", "PageSize", "Paged", "next_cursor"]

LARGEST_PAGE = 100


def _text(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


Cursor = Annotated[
    str,
    BeforeValidator(_text),
    Field(pattern=r"^\d{1,9}$"),
    WithJsonSchema({"type": "string"}),
]
"""`next_cursor` of the page before; opaque to a model."""

PageSize = Annotated[int, Field(ge=1, le=LARGEST_PAGE)]


class Paged(Args):
    """Arguments of a list."""

    limit: PageSize = 20
    cursor: Cursor | None = None

    @property
    def offset(self) -> int:
        """Where the page starts."""
        return int(self.cursor or 0)

    @property
    def page(self) -> dict[str, str | int | bool | None]:
        """The query of the page."""
        return {"limit": self.limit, "offset": self.offset}


def next_cursor(asked: Paged, got: int, total: int | None) -> str | None:
    """The cursor of the next page; None where there surely is none.

    Without a total, a full page is taken to have a successor.
    """
    end = asked.offset + got
    has_more = end < total if total is not None else got >= asked.limit
    return str(end) if got and has_more else None

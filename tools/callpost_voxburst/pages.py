"""Lists that the upstream numbers by page or gives whole, in the paging way of all our lists.

The cursor is the number of items before. An answer that would not fit a model's context ends early,
with the cursor to go on. Source: contract `voxburst.md` section 6.
"""

import json
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from pydantic import field_validator, model_validator

from callpost.errors import FieldProblem, InvalidArguments
from callpost.models import Result
from callpost_voxburst.paging import Paged

__all__ = [
    "List",
    "NumberedPage",
    "Page",
    "fitting",
    "numbered",
    "page_query",
    "part",
]

LONGEST_ANSWER = 60_000
"""Bytes of a list as JSON: 15,000 tokens, of the 20,000 that an answer may have."""

ItemT = TypeVar("ItemT", bound=Result)


class List(Paged):
    """Which part of a list whose upstream knows no cursor."""

    @property
    def offset(self) -> int:
        """Items before this part, where the cursor is such a number.

        Raises:
            InvalidArguments: The cursor is not one of ours.
        """
        cursor = self.cursor or "0"
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):  # noqa: PLR2004 because no list is that long
            raise InvalidArguments(
                "The cursor is not one that a list answered.",
                fields=(FieldProblem("cursor", "take next_cursor of the answer before"),),
            )
        return int(cursor)


def page_query(args: List) -> dict[str, int]:
    """The numbered page that holds the offset; its items before the offset are dropped later."""
    return {"page": args.offset // args.limit + 1, "limit": args.limit}


class _Told(Result):
    """What an answer may say of the pages; which of these names is used is not documented."""

    has_more: bool | None = None
    total: int | None = None
    total_pages: int | None = None

    @field_validator("*", mode="wrap")
    @classmethod
    def _else_nothing(cls, value: Any, inner: Any) -> Any:
        try:
            return inner(value)
        except ValueError:
            return None


class NumberedPage(Result):
    """An upstream page by number; what it says of the others, inside `pagination` or beside."""

    pagination: _Told = _Told()

    @model_validator(mode="before")
    @classmethod
    def _beside(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = cast("dict[str, Any]", data)
        told: Any = given.get("pagination")
        return given if isinstance(told, dict) else given | {"pagination": given}

    @property
    def total(self) -> int | None:
        """Items in all, where the upstream tells."""
        return self.pagination.total

    def goes_on(self, page: int, limit: int, count: int) -> bool:
        """Whether there is a page after this one; a full page says yes where nothing is told."""
        told = self.pagination
        if told.has_more is not None:
            return told.has_more
        if told.total_pages is not None:
            return page < told.total_pages
        return count >= limit if told.total is None else page * limit < told.total


class Page(Result):
    """One part of a list."""

    next_cursor: str | None = None
    total: int | None = None


def fitting(items: Sequence[Result]) -> int:
    """How many of these one answer can carry; at least one."""
    left = LONGEST_ANSWER
    for count, item in enumerate(items):
        left -= len(json.dumps(item.compact(), ensure_ascii=False).encode())
        if left < 0 and count:
            return count
    return len(items)


def part(items: Sequence[ItemT], args: List) -> tuple[tuple[ItemT, ...], str | None]:
    """The part of a whole list that was asked for, and the cursor of the next."""
    wanted = items[args.offset :][: args.limit]
    shown = wanted[: fitting(wanted)]
    end = args.offset + len(shown)
    return tuple(shown), str(end) if end < len(items) else None


def numbered(
    items: Sequence[ItemT], page: NumberedPage, args: List
) -> tuple[tuple[ItemT, ...], str | None]:
    """The same of a page that `page_query` asked for."""
    number = args.offset // args.limit + 1
    wanted = items[args.offset % args.limit :]
    shown = wanted[: fitting(wanted)]
    more = len(shown) < len(wanted) or page.goes_on(number, args.limit, len(items))
    return tuple(shown), str(args.offset + len(shown)) if more and shown else None

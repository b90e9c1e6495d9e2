"""Lists page by page: `limit` and `cursor` in, `items` and `next_cursor` out.

Source: contract `voxburst.md` section 6.
"""

from typing import Annotated, Any, cast

from pydantic import Field, WithJsonSchema

from callpost.models import Args, Result

__all__ = ["LONG_TEXT", "Paged", "Pagination", "cut", "listed", "rows", "shortened"]

LONG_TEXT = 500
"""Characters of a text in a list; the whole is in the thing itself."""

FEW = 25
"""Up to so many items a list affords long texts."""


class Paged(Args):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=100), WithJsonSchema({"type": "integer"})] = 20
    cursor: str | None = None

    def page(self) -> dict[str, str | int | bool | None]:
        """As the query takes it."""
        return {"limit": self.limit, "cursor": self.cursor}


class Pagination(Result):
    """Where the next page is; both spellings occur."""

    has_more: bool | None = None
    next_cursor: str | None = None
    limit: int | None = None

    @property
    def following(self) -> str | None:
        """The cursor of the next page, where there is one."""
        return None if self.has_more is False else self.next_cursor or None


def shortened(text: str | None, longest: int = LONG_TEXT) -> str | None:
    """The beginning of a text, marked where it was cut."""
    if text is None or len(text) <= longest:
        return text
    return text[: longest - 1].rstrip() + "…"


def cut(text: str | None, *, among: int) -> str | None:
    """The beginning of a text that is one of many."""
    return shortened(text, LONG_TEXT if among <= FEW else LONG_TEXT // 4)


def rows(data: Any) -> Any:
    """A list of whatever as a list of objects, because a schema needs to say what is in it."""
    if not isinstance(data, list):
        return data
    items = cast("list[Any]", data)
    return [row if isinstance(row, dict) else {"value": row} for row in items]


def listed(data: Any) -> Any:
    """An answer whose list has no documented name, with the list as `items`."""
    if not isinstance(data, dict):
        return data
    given = cast("dict[str, Any]", data)
    lists: list[Any] = [value for value in given.values() if isinstance(value, list)]
    return given if "items" in given or not lists else {"items": lists[0]}

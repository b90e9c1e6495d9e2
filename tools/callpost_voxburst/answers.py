"""Answers that several resources share."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from pydantic import Field, model_validator

from callpost.models import Result
from callpost_voxburst.paging import shortened

__all__ = ["Deleted", "Undocumented", "Wrapped", "least"]

LONGEST_TEXT = 12_000
"""Characters of one text in an answer whose shape nobody documented; a post has 10,000."""

CLOCK_SLACK = timedelta(seconds=5)
"""Two clocks, one of them estimated from an HTTP date of whole seconds."""


class Wrapped(Result):
    """One object that the API gives either bare or inside `data` (contract HashtagSet)."""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = cast("dict[str, Any]", data)
        inner: Any = given.get("data")
        return cast("dict[str, Any]", inner) if isinstance(inner, dict) else given


class Deleted(Result):
    """What is gone; the API itself answers with nothing (contract section 13)."""

    id: str | None = None
    deleted: bool = True


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return shortened(value, LONGEST_TEXT)
    if isinstance(value, dict):
        return {k: _trimmed(v) for k, v in cast("dict[str, Any]", value).items() if v is not None}
    if isinstance(value, list):
        return [_trimmed(item) for item in cast("list[Any]", value)]
    return value


class Undocumented(Result):
    """An answer whose fields the contract does not name: handed on as it came, under its own names.

    The ledger keeps it: a generated text was paid for, and a replay without it would be worthless.
    """

    answer: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = cast("dict[str, Any]", data)
        is_ours = given.keys() == {"answer"} and isinstance(given["answer"], dict)
        return given if is_ours else {"answer": _trimmed(given)}


def least(what: Mapping[str, Any], names: str) -> None:
    """Refuse a change that changes nothing.

    Raises:
        ValueError: Nothing is named.
    """
    if not what:
        raise ValueError(f"name at least one of {names}")

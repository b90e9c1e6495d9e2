"""Identifiers, instants and metadata as the contract has them (voxburst.md sections 5 and 8)."""

import hashlib
import random
import re
import string
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from callpost_sandbox.voxburst.answers import ApiError

__all__ = ["check_id", "check_ids", "check_metadata", "fixed_id", "instant", "new_id"]

_ID = re.compile(r"c[a-z0-9]{24}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_ALPHABET = string.digits + string.ascii_lowercase
_KEY_MAX, _TEXT_MAX, _ITEMS_MAX, _ITEM_MAX = 100, 1_000, 100, 200


def new_id() -> str:
    """Mint a cuid2: exactly 25 characters."""
    return "c" + "".join(random.choices(_ALPHABET, k=24))


def fixed_id(name: str) -> str:
    """Return the cuid2 that a seeded thing always has."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest())
    digits: list[str] = []
    while len(digits) < 24:  # noqa: PLR2004 -- the length of a cuid2, less its letter
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "c" + "".join(digits)


def check_id(value: str, field: str = "id") -> str:
    """Refuse a malformed id before any look-up."""
    if _ID.fullmatch(value) is None:
        raise ApiError(400, f"{field} is not a valid id", field=field)
    return value


def check_ids(values: Iterable[str], field: str) -> None:
    """Refuse a list with a malformed id."""
    for value in values:
        check_id(value, field)


def instant(text: str, field: str) -> float:
    """Read a datetime, which needs an offset, into Unix seconds."""
    if _INSTANT.fullmatch(text) is None:
        message = f"{field} has to be ISO 8601 with a timezone offset"
        raise ApiError(400, message, "INVALID_DATE", field=field)
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise ApiError(400, f"{field} is no date", "INVALID_DATE", field=field) from error


def check_metadata(metadata: dict[str, Any] | None) -> None:
    """Refuse free data over its limits with 422."""
    for key, value in (metadata or {}).items():
        if len(key) > _KEY_MAX:
            raise ApiError(422, "Metadata key is too long", field="metadata", maxLength=_KEY_MAX)
        if isinstance(value, str) and len(value) > _TEXT_MAX:
            raise ApiError(422, "Metadata value is too long", field="metadata", maxLength=_TEXT_MAX)
        if isinstance(value, list):
            _check_items(list[object](value))  # pyright: ignore[reportUnknownArgumentType] -- JSON


def _check_items(items: list[object]) -> None:
    if len(items) > _ITEMS_MAX:
        raise ApiError(422, "Metadata list is too long", field="metadata", maxLength=_ITEMS_MAX)
    if any(isinstance(item, str) and len(item) > _ITEM_MAX for item in items):
        raise ApiError(422, "Metadata item is too long", field="metadata", maxLength=_ITEM_MAX)

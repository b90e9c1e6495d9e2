"""Values as they may be shown to whoever looks over a person's shoulder."""

import re
from typing import Any, cast

__all__ = ["discreet"]

LONGEST_TEXT = 60
_NUMBER = re.compile(r"\+?\d[\d ().-]{5,}\d")
_IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{4}-\d\d-\d\dT.*")


def discreet(value: Any) -> Any:
    """The same with phone numbers masked and texts cut; identifiers and times stay whole."""
    if isinstance(value, str):
        return _discreet_text(value)
    if isinstance(value, list):
        return [discreet(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: discreet(part) for name, part in cast("dict[str, Any]", value).items()}
    return value


def _discreet_text(text: str) -> str:
    if _IDENTIFIER.fullmatch(text):
        return text
    masked = _NUMBER.sub(lambda number: f"...{number[0][-2:]}", text)
    if len(masked) <= LONGEST_TEXT:
        return masked
    return f"{masked[: LONGEST_TEXT // 2]}... ({len(text)} characters)"

"""Request objects whose fields the contract does not name.

A host breaks on an argument without a type, so such an object is taken as JSON in a string; an
object itself is taken as well. Either way equal objects become equal text, hence equal keys.
"""

import json
from typing import Annotated, Any, NoReturn, cast

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

__all__ = ["JsonObject", "object_of"]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _object_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _canonical(text: str) -> str:
    try:
        value: Any = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError("expected one JSON object, such as {}") from None
    if not isinstance(value, dict):
        raise ValueError("expected one JSON object, such as {}")  # noqa: TRY004 because pydantic reports only ValueError
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


JsonObject = Annotated[
    str,
    BeforeValidator(_object_text),
    AfterValidator(_canonical),
    Field(max_length=100_000),
    WithJsonSchema({"type": "string"}),
]
"""A JSON object as text, its keys sorted."""


def object_of(text: str | None) -> dict[str, Any]:
    """The object that a `JsonObject` means; empty where it was left out."""
    return cast("dict[str, Any]", json.loads(text)) if text else {}

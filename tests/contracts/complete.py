"""One answer with everything in it, each value found nowhere else, so that it can be traced."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

from contracts.contract import Schema

FIRST_NUMBER = 1001
START = datetime(2098, 1, 1, tzinfo=UTC)


def complete(schema: Schema, *, turn: int = 0, numbers: Iterator[int] | None = None) -> Any:
    """A value of a schema with every property, no null, and one item in each list.

    Args:
        schema: Without references.
        turn: Which of the values of an enum to take.
        numbers: Where the next value found nowhere else comes from.
    """
    fresh = numbers or count(FIRST_NUMBER)
    for choice in ("anyOf", "oneOf"):
        if choice in schema and "properties" not in schema:
            branches = [s for s in schema[choice] if s.get("type") != "null"]
            return complete(branches[0], turn=turn, numbers=fresh)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        known = [value for value in schema["enum"] if value is not None]
        return known[turn % len(known)]
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = next(k for k in cast("list[str]", kind) if k != "null")
    if kind == "array":
        return [complete(schema.get("items", {}), turn=turn, numbers=fresh)]
    if kind == "object":
        return _object(schema, turn, fresh)
    return _plain(kind, schema, turn, fresh)


def _object(schema: Schema, turn: int, fresh: Iterator[int]) -> dict[str, Any]:
    parts = cast("Mapping[str, Schema]", schema.get("properties", {}))
    further = schema.get("additionalProperties")
    if not parts:
        inner = cast("Schema", further) if isinstance(further, Mapping) else {"type": "string"}
        parts = {"alpha": inner}
    return {name: complete(part, turn=turn, numbers=fresh) for name, part in parts.items()}


def _plain(kind: Any, schema: Schema, turn: int, fresh: Iterator[int]) -> Any:
    number = next(fresh)
    if kind == "boolean":
        return turn % 2 == 0
    if kind in {"integer", "number"}:
        return min(number, schema.get("maximum", number))
    known = {
        "date-time": (START + timedelta(minutes=number)).isoformat().replace("+00:00", "Z"),
        "uri": f"https://example.com/{number}",
        "uuid": str(uuid.UUID(int=number)),
    }
    patterns = {"^c[a-z0-9]{24}$": f"c{number:024d}", r"^\+[1-9]\d{6,14}$": f"+1415555{number}"}
    text = known.get(schema.get("format", ""), f"text {number}")
    return patterns[schema["pattern"]] if "pattern" in schema else text

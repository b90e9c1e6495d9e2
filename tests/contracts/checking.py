"""Does a request fit its contract, and which documented fields does it reach?"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker

from contracts.contract import Schema
from contracts.fake_call import Request

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _is_instant(value: object) -> bool:
    """With an offset: one API refuses an instant without (voxburst.md section 5)."""
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or "://" in value


def faults(request: Request) -> list[str]:
    """What the contract would not take in this request."""
    operation = request.operation
    identifiers = operation.identifiers(request.path) or {}
    found = [
        *_misfits("path", identifiers, operation.path_parameters, frozenset(identifiers)),
        *_misfits("query", request.query, operation.query, operation.required_query),
    ]
    if operation.body is None:
        found += [f"body: there is none, but {request.body} left"] if request.body else []
    elif request.body is not None:
        found += _errors("body", request.body, closed(operation.body))
    elif operation.body_required:
        found.append("body: is required")
    return [f"{operation.id}: {fault}" for fault in found]


def _misfits(
    place: str, given: Mapping[str, Any], known: Mapping[str, Schema], required: frozenset[str]
) -> list[str]:
    found = [f"{place}: {name} is not documented" for name in given if name not in known]
    found += [f"{place}: {name} is missing" for name in required if name not in given]
    for name, schema in known.items():
        if name in given:
            found += _errors(f"{place} {name}", _as_sent(given[name], schema), schema)
    return found


def _as_sent(value: Any, schema: Schema) -> Any:
    """A path or query carries text, whatever its parameter's type."""
    kind = schema.get("type")
    if isinstance(value, str) and kind == "integer" and value.isdigit():
        return int(value)
    if isinstance(value, str) and kind == "array":
        return value.split(",")
    return value


def _errors(place: str, value: Any, schema: Schema) -> list[str]:
    validator = Draft202012Validator(schema, format_checker=_FORMATS)
    return [
        f"{place} {error.json_path}: {error.message}"
        for error in validator.iter_errors(value)  # pyright: ignore[reportUnknownMemberType] because its stubs leave it open
    ]


def closed(schema: Any) -> Any:
    """The same, with no room for names that the contract does not know.

    Most of its objects are open, because new fields come without notice; a misspelt name of ours
    would hide there.
    """
    if isinstance(schema, list):
        return [closed(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    given = cast("dict[str, Any]", schema)
    made = {
        name: {n: closed(part) for n, part in value.items()}
        if name == "properties"
        else closed(value)
        for name, value in given.items()
    }
    return made | {"additionalProperties": False} if made.get("properties") else made


def documented(schema: Schema | None, above: str = "") -> Iterator[str]:
    """Every property of a schema, such as `steps[].role`; what is inside open maps is not named."""
    for part in _alternatives(schema or {}):
        for name, inner in part.get("properties", {}).items():
            yield f"{above}{name}"
            yield from documented(inner, f"{above}{name}.")
        items = part.get("items")
        if isinstance(items, Mapping):
            yield from documented(cast("Schema", items), f"{above.removesuffix('.')}[].")


def _alternatives(schema: Schema) -> list[Schema]:
    """The schema itself, and each of its branches."""
    branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [schema, *(inner for branch in branches for inner in _alternatives(branch))]


def present(value: Any, above: str = "") -> Iterator[str]:
    """Every property of a value, in the same spelling; a null says nothing."""
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, Any]", value).items():
            if inner is not None:
                yield f"{above}{name}"
                yield from present(inner, f"{above}{name}.")
    elif isinstance(value, (list, tuple)):
        for inner in cast("list[Any]", value):
            yield from present(inner, f"{above.removesuffix('.')}[].")

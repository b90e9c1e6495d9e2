"""The two contracts as values: every operation with its parameters, body and answers, inlined."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "contracts"
METHODS = ("get", "post", "put", "patch", "delete")

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation of a contract."""

    api: str
    id: str
    method: str
    path: str
    summary: str
    confidence: str
    path_parameters: Mapping[str, Schema]
    query: Mapping[str, Schema]
    required_query: frozenset[str]
    body: Schema | None
    body_required: bool
    answer: Schema | None
    """Of a success; None where there is no body."""

    def identifiers(self, path: str) -> dict[str, str] | None:
        """The path parameters of a request to this operation; None where it is to another."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


@cache
def _document(api: str) -> dict[str, Any]:
    text = (FOLDER / f"{api}.openapi.yaml").read_text(encoding="utf-8")
    # The C loader, where there is one, is ten times as fast and just as safe.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return cast("dict[str, Any]", yaml.load(text, loader))


@cache
def events(api: str) -> frozenset[str]:
    """Ids of the requests that the service makes to us; no tool can serve one."""
    found = cast("dict[str, dict[str, Any]]", _document(api).get("webhooks", {}))
    return frozenset(
        item[m].get("operationId", event) for event, item in found.items() for m in item
    )


@cache
def operations(api: str) -> dict[str, Operation]:
    """Every operation of an API's contract by its id, in the contract's order."""
    document = _document(api)
    found = [
        _operation(api, method, path, item, document)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    return {operation.id: operation for operation in found}


def operation_for(api: str, method: str, path: str) -> Operation:
    """The operation that serves a request; a path without braces wins over one with."""
    found = [
        operation
        for operation in operations(api).values()
        if operation.method == method and operation.identifiers(path) is not None
    ]
    if not found:
        raise AssertionError(f"{api} documents no {method} {path}")
    return min(found, key=lambda operation: operation.path.count("{"))


def _operation(
    api: str, method: str, path: str, item: Mapping[str, Any], document: Mapping[str, Any]
) -> Operation:
    given = cast("dict[str, Any]", _inlined(item[method], document))
    common = cast("list[dict[str, Any]]", _inlined(item.get("parameters", []), document))
    parameters = {(p["in"], p["name"]): p for p in [*common, *given.get("parameters", [])]}
    query = {name: p for (place, name), p in parameters.items() if place == "query"}
    body = cast("dict[str, Any]", given.get("requestBody", {}))
    answers = cast("dict[str, dict[str, Any]]", given["responses"])
    return Operation(
        api=api,
        id=given["operationId"],
        method=method,
        path=path,
        summary=given["summary"],
        confidence=given["x-confidence"],
        path_parameters={n: p["schema"] for (place, n), p in parameters.items() if place == "path"},
        query={name: p["schema"] for name, p in query.items()},
        required_query=frozenset(name for name, p in query.items() if p.get("required")),
        body=_json_schema(body),
        body_required=bool(body.get("required")),
        answer=next((_json_schema(a) for status, a in answers.items() if status[0] == "2"), None),
    )


def _json_schema(content: Mapping[str, Any]) -> Schema | None:
    return content.get("content", {}).get("application/json", {}).get("schema")


def _inlined(node: Any, document: Mapping[str, Any], above: tuple[str, ...] = ()) -> Any:
    """Without references, and with the parts of every `allOf` made one."""
    if isinstance(node, list):
        return [_inlined(part, document, above) for part in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    given = cast("dict[str, Any]", node)
    reference = given.get("$ref")
    if isinstance(reference, str):
        if reference in above:
            raise AssertionError(f"{reference} contains itself")
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        rest = {name: value for name, value in given.items() if name != "$ref"}
        return _inlined({**target, **rest}, document, (*above, reference))
    made = {name: _inlined(value, document, above) for name, value in given.items()}
    parts = made.get("allOf")
    return _united(made) if isinstance(parts, list) else made


def _united(schema: dict[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in schema.items() if name != "allOf"}
    for part in schema["allOf"]:
        for name, value in part.items():
            if name == "properties":
                made[name] = {**value, **made.get(name, {})}
            elif name == "required":
                made[name] = [*made.get(name, []), *value]
            else:
                made.setdefault(name, value)
    return made

"""Models to JSON Schemas that the strictest host takes.

Every `$ref` is inlined, no `anyOf` with null, closed objects, no root combinators, no recursion, no
untyped property, no `$schema`. Hosts that break on each of these are known; explicit nulls and JSON
in strings are accepted at validation instead (`models.Args`).
"""

from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from callpost.arguments import OCCURRENCE
from callpost.toolset import Dedupe, Tool

__all__ = ["envelope_schema", "input_schema", "portable"]

JsonObject = dict[str, Any]


class _Portable(GenerateJsonSchema):
    """Pydantic's generator without null branches."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = super().default_schema(schema)
        if inner.get("default", ...) in (None, [], {}):
            inner = {k: v for k, v in inner.items() if k != "default"}
        return inner


def portable(model: type[BaseModel], *, mode: JsonSchemaMode = "validation") -> JsonObject:
    """The schema of a model, whole and without references.

    Raises:
        RecursionError: The model contains itself; some hosts lose the whole listing over that.
    """
    schema = model.model_json_schema(schema_generator=_Portable, mode=mode)
    definitions = schema.pop("$defs", {})
    return _inlined(schema, definitions, ())


def _inlined(node: Any, definitions: JsonObject, above: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions, above) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    given = cast("JsonObject", node)
    reference = given.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        if name in above:
            raise RecursionError(f"{name} contains itself")
        rest = {k: v for k, v in given.items() if k != "$ref"}
        return _inlined(definitions[name] | rest, definitions, (*above, name))
    made: JsonObject = {}
    for key, value in given.items():
        if key in {"discriminator", "title"} and not isinstance(value, dict):
            continue
        if key == "discriminator":
            continue
        if key == "properties":
            made[key] = {
                name: _inlined(part, definitions, above)
                for name, part in cast("JsonObject", value).items()
            }
        else:
            made["anyOf" if key == "oneOf" else key] = _inlined(value, definitions, above)
    if made.get("type") == "object" and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


def input_schema(tool: Tool) -> JsonObject:
    """What a model must send; the model's own docstring is for readers of the code."""
    schema = _without_model_docs(portable(tool.args))
    schema.setdefault("properties", {})
    if tool.dedupe is Dedupe.CONTENT:
        schema["properties"][OCCURRENCE] = _OCCURRENCE
    return schema


def _without_model_docs(node: Any) -> Any:
    """Descriptions of models are for readers of the code; those of fields are for the model."""
    if isinstance(node, list):
        return [_without_model_docs(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    given = cast("JsonObject", node)
    is_model = "properties" in given
    return {
        key: {n: _without_model_docs(v) for n, v in value.items()}
        if key == "properties"
        else _without_model_docs(value)
        for key, value in given.items()
        if not (is_model and key == "description" and isinstance(value, str))
    }


def envelope_schema(tool: Tool) -> JsonObject:
    """What every answer of a tool looks like, on errors too; only `ok` is always there."""
    data = portable(tool.result, mode="serialization")
    data = _without_model_docs(data)
    data.pop("required", None)
    return {
        "type": "object",
        "properties": {
            "ok": {"type": "boolean"},
            "data": data,
            "error": _ERROR,
            "receipt": _RECEIPT,
            "budget": _BUDGET,
        },
        "required": ["ok"],
        "additionalProperties": False,
    }


_OCCURRENCE: JsonObject = {
    "type": "integer",
    "minimum": 1,
    "description": "Omit, also on retry; 2, 3… only to do the same again",
}


def _object(required: list[str], **properties: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


_TEXT: JsonObject = {"type": "string"}
_NUMBER: JsonObject = {"type": "number"}
_INTEGER: JsonObject = {"type": "integer"}
_ERROR = _object(
    ["code", "message", "side_effect", "retry", "next_step"],
    code=_TEXT,
    message=_TEXT,
    side_effect={"type": "string", "enum": ["none", "done", "unknown"]},
    retry={"type": "string", "enum": ["never", "same_arguments", "after_fix"]},
    retry_after_s=_NUMBER,
    next_step=_TEXT,
    fields={"type": "array", "items": _object(["path", "problem"], path=_TEXT, problem=_TEXT)},
    upstream=_object(["api"], api=_TEXT, status=_INTEGER, code=_TEXT, message=_TEXT),
)
_RECEIPT = _object(
    ["idempotency_key"],
    idempotency_key=_TEXT,
    replayed={"type": "boolean"},
    done_at=_TEXT,
    occurrence=_INTEGER,
    note=_TEXT,
)
_BUDGET: JsonObject = {
    "type": "array",
    "items": _object(
        ["limit", "left"],
        limit=_TEXT,
        left=_INTEGER,
        of=_INTEGER,
        window_s=_NUMBER,
        next_free_s=_NUMBER,
    ),
}

"""JSON Schemas to hypothesis strategies: arguments by a tool's schema, answers by a contract's."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]
Schema = Mapping[str, Any]
Hint = Callable[[str, Schema], Strategy | None]

NOT_DOCUMENTED = "SOMETHING_NEW"
"""An enum value that the contract does not know; new ones come without notice."""

_WORD = st.text(alphabet="abcdefghij ÄöЖ日", min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
_FORMATS = {
    "date-time": st.sampled_from(
        ["2099-01-02T03:04:05Z", "2099-06-07T08:09:10.123Z", "2099-12-31T23:59:59Z"]
    ),
    "date": st.just("2099-01-02"),
    "uri": st.sampled_from(["https://example.com/a", "https://example.org/b?c=d"]),
    "uuid": st.uuids(version=4).map(str),
    "email": st.just("someone@example.com"),
}

_PLAIN = {"null": st.none(), "boolean": st.booleans()}
_ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(0, 9), _WORD)


def _no_hint(_name: str, _schema: Schema) -> Strategy | None:
    return None


def values(
    schema: Schema, *, hint: Hint = _no_hint, name: str = "", tolerance: bool = False
) -> Strategy:
    """Values of a schema.

    Args:
        schema: Without references.
        hint: A strategy for what its name tells better than its schema.
        name: Of the property that holds the value.
        tolerance: Add what is not documented: unknown fields, unknown enum values.
    """
    known = hint(name, schema)
    if known is not None:
        return known
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        extra = [NOT_DOCUMENTED] if tolerance and isinstance(schema["enum"][0], str) else []
        return st.sampled_from([*schema["enum"], *extra])
    for choice in ("anyOf", "oneOf"):
        if choice in schema and "properties" not in schema:
            return st.one_of(
                *(values(s, hint=hint, name=name, tolerance=tolerance) for s in schema[choice])
            )
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kinds = cast("list[str]", kind)
        return st.one_of(
            *(
                values({**schema, "type": k}, hint=hint, name=name, tolerance=tolerance)
                for k in kinds
            )
        )
    return _of_kind(kind, schema, hint, name, tolerance=tolerance)


def _of_kind(kind: Any, schema: Schema, hint: Hint, name: str, *, tolerance: bool) -> Strategy:
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in {"integer", "number"}:
        low, high = schema.get("minimum", 0), schema.get("maximum", 5000)
        whole = st.integers(int(low), int(high))
        return whole if kind == "integer" else st.sampled_from([low, high]) | whole.map(float)
    if kind == "array":
        items = values(
            schema.get("items") or {"type": "object"}, hint=hint, name=name, tolerance=tolerance
        )
        fewest = schema.get("minItems", 0)
        return st.lists(items, min_size=fewest, max_size=max(fewest, 2))
    if kind == "object":
        return _objects(schema, hint, tolerance=tolerance)
    return _texts(schema) if kind == "string" else _ANYTHING


def _objects(schema: Schema, hint: Hint, *, tolerance: bool) -> Strategy:
    parts = {
        name: values(part, hint=hint, name=name, tolerance=tolerance)
        for name, part in schema.get("properties", {}).items()
    }
    # A list, not a set: the order decides what is drawn, and every run shall draw the same.
    required = [name for name in parts if name in schema.get("required", ())]
    further = schema.get("additionalProperties")
    if not parts and isinstance(further, Mapping):
        inner = values(cast("Schema", further), hint=hint, tolerance=tolerance)
        return st.dictionaries(st.sampled_from(["alpha", "beta"]), inner, max_size=2)
    if not parts and further is not False:
        return st.sampled_from([{}, {"alpha": 1}, {"beta": {"gamma": ["delta"]}}])
    optional = {name: part for name, part in parts.items() if name not in required}
    if tolerance:
        optional["aFieldNobodyDocumented"] = st.just({"deep": [1, None]})
    fixed = {name: parts[name] for name in required}
    # All, some or only the required: most of what goes wrong does so at the edges.
    whole = st.fixed_dictionaries(parts) if optional else None
    some = st.fixed_dictionaries(fixed, optional=optional)
    return st.one_of(some, whole) if whole is not None else some


def _texts(schema: Schema) -> Strategy:
    known = _FORMATS.get(schema.get("format", ""))
    if known is not None:
        return known
    fewest, most = schema.get("minLength", 0), schema.get("maxLength", 12)
    if "pattern" in schema:
        pattern: str = schema["pattern"]
        return st.from_regex(pattern.removesuffix("$") + r"\Z").filter(
            lambda text: text.isascii() and len(text) <= max(most, 64)
        )
    return st.one_of(_WORD, st.just("w" * max(fewest, 1))).filter(
        lambda text: fewest <= len(text) <= max(most, 12)
    )

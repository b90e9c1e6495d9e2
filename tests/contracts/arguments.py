"""Valid arguments for each tool, by its own schema and by what its names promise."""

from collections.abc import Awaitable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from hypothesis import strategies as st

from callpost.arguments import OCCURRENCE, validated
from callpost.errors import InvalidArguments
from callpost.models import Args
from callpost.schema import input_schema
from callpost.toolset import Tool
from callpost_vocobase.telephony_fields import CONNECTIONS, DEFAULTS, Needs
from contracts.strategies import Schema, Strategy, values

ReturnT = TypeVar("ReturnT")

CUID = st.from_regex(r"c[a-z0-9]{24}", fullmatch=True)
UUID = st.uuids(version=4).map(str)
NUMBER = st.sampled_from(["+14155550100", "+442079460000", "+4930901820"])
LATER = ["2099-01-02T03:04:05+01:00", "2099-12-31T23:00:00Z"]

SECRET = st.just("Zx9-Qw8-Er7-secret")
"""Found nowhere else: an answer with a part of a secret in it is withheld."""

# What a schema does not say, because saying it would cost every listing.
NAMED: Mapping[str, Strategy] = {
    "api_key": SECRET,
    "api_token": SECRET,
    "auth_token": SECRET,
    "caller_id": NUMBER,
    "clear": st.just("voicemail_message"),
    "content_type": st.sampled_from(["IMAGE", "REEL", "image/jpeg"]),
    "cursor": st.sampled_from(["20", "40"]),
    "did_number": NUMBER,
    "email": st.just("someone@example.com"),
    "exe_number": NUMBER,
    "first_comment_delay_s": st.integers(0, 60),
    "from_number": NUMBER,
    "inputs": st.sampled_from(["{}", '{"alpha": 1}']),
    "jwt_token": SECRET,
    "limit": st.integers(1, 100),
    "metadata": st.just('{"alpha": "beta"}'),
    "modules": st.sampled_from(["{}", '{"voice": {"tone": "warm"}}']),
    "number": NUMBER,
    "options": st.just("{}"),
    "password": SECRET,
    "path": st.sampled_from(["media/sound.wav", "notes.pdf"]),
    "phone": NUMBER,
    "platform": st.sampled_from(["twitter", "FACEBOOK", "Instagram"]),
    "platforms": st.sampled_from(["twitter", "FACEBOOK", "Instagram"]),
    "request": st.just('{"alpha": 1}'),
    "settings": st.sampled_from(["{}", '{"alpha": 1}']),
    "since": st.sampled_from(["7d", "4w"]),
    "slug": st.sampled_from(["quiet-office", "rain_2"]),
    "source": st.sampled_from(["media/photo.jpg", "https://example.com/a.png"]),
    "timezone": st.just("Europe/Berlin"),
    "to_number": NUMBER,
    "transfer_number": NUMBER,
    "when": st.sampled_from(["draft", "now", "queue", *LATER]),
}

CARRIERS = {"create_telephony_connection": CONNECTIONS, "set_telephony_credentials": DEFAULTS}
"""Tools where the choice of carrier decides which of their arguments belong together."""

PARTS = ("cursor", "limit", "text_from", "transcript_from", "transcript_limit")
"""Arguments that ask for a part of an answer."""

SPECIAL: Mapping[str, Mapping[str, Any]] = {
    "list_voicelink_numbers": {"which": "available", "connection_id": "some-connection"},
}
"""Combinations that chance rarely finds, because the handler refuses their neighbours."""


def _carrier(schema: Any, carrier: str, needs: Needs) -> Any:
    known = {n: p for n, p in schema["properties"].items() if n in {*needs.wire, "name"}}
    return {
        **schema,
        "properties": {**known, "provider": {"const": carrier}},
        "required": ["provider", *(n for n in known if n in needs.required or n == "name")],
    }


@dataclass(frozen=True)
class Way:
    """One way to call a tool, and how many examples it is worth."""

    arguments: st.SearchStrategy[Args]
    examples: int


def _own_schema(tool: Tool, without: Collection[str] = ()) -> Any:
    schema = _with_items(input_schema(tool))
    left = {n: p for n, p in schema["properties"].items() if n not in {OCCURRENCE, *without}}
    return {**schema, "properties": left}


def wholes(tool: Tool) -> list[st.SearchStrategy[Args]]:
    """Arguments that ask for all there is, not for a part of it; for each carrier its own."""
    schema = _own_schema(tool, PARTS)
    for name, part in schema["properties"].items():
        choices = part.get("items", {}).get("enum")
        if choices:
            schema["properties"][name] = {"const": choices}
    carriers = CARRIERS.get(tool.name)
    if carriers is None:
        return [_taken(schema, tool)]
    return [_taken(_carrier(schema, name, needs), tool) for name, needs in carriers.items()]


def ways(tool: Tool) -> Iterator[Way]:
    """All arguments at random; then each optional one for sure, with each of its choices."""
    schema = _own_schema(tool)
    carriers = CARRIERS.get(tool.name)
    if carriers is not None:
        for name, needs in carriers.items():
            yield Way(_taken(_carrier(schema, name, needs), tool), 8)
        return
    yield Way(_taken(schema, tool), 15)
    if tool.name in SPECIAL:
        yield Way(st.just(validated(tool.args, SPECIAL[tool.name])), 1)
    required = schema.get("required", [])
    for name, part in schema["properties"].items():
        for choice in _choices(part):
            if choice is part and name in required:
                continue
            named = {**schema["properties"], name: choice}
            sure = {**schema, "properties": named, "required": [*required, name]}
            yield Way(_taken(sure, tool), 3)


def _choices(part: Schema) -> list[Schema]:
    """The argument with each of its closed values, or with each of its own optional parts."""
    if part.get("type") == "boolean":
        return [{"const": not part.get("default", False)}]
    if "enum" in part:
        return [{"const": value} for value in part["enum"]]
    if part.get("type") == "array":
        return [{**part, "items": item} for item in _choices(part.get("items", {}))]
    required = part.get("required", [])
    optional = [name for name in part.get("properties", {}) if name not in required]
    return [{**part, "required": [*required, name]} for name in optional] or [part]


def _taken(schema: Schema, tool: Tool) -> st.SearchStrategy[Args]:
    identifier = CUID if tool.api.name == "voxburst" else UUID

    def hint(name: str, schema: Schema) -> Strategy | None:
        kind = schema.get("type")
        if kind not in {"string", "integer"} or "enum" in schema or "format" in schema:
            return None
        if name in NAMED:
            return NAMED[name]
        if name.endswith(("_id", "_ids")):
            return identifier if kind == "string" else st.integers(1, 9999)
        if name.endswith("_json"):
            return st.just('{"alpha": 1}')
        if name.endswith("url"):
            return st.sampled_from(["https://example.com/a", "https://example.org/b?c=d"])
        return None

    def take(given: dict[str, Any]) -> Args | None:
        try:
            return validated(tool.args, given)
        except InvalidArguments:
            return None

    return values(schema, hint=hint).map(take).filter(lambda args: args is not None).map(_certain)


def _with_items(schema: Any) -> Any:
    """Where a list is given, something is in it: most tools want that, and few schemas say so."""
    if isinstance(schema, list):
        return [_with_items(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    made = {name: _with_items(part) for name, part in cast("dict[str, Any]", schema).items()}
    return {"minItems": 1} | made if made.get("type") == "array" else made


def _certain(args: Args | None) -> Args:
    assert args is not None
    return args


def finish(coroutine: Awaitable[ReturnT]) -> ReturnT:
    """Run what never really waits, without the cost of an event loop."""
    try:
        next(iter(coroutine.__await__()))
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited for something that is no fake")

"""What an operation is given and what it is: one request, and an entry in the table of routes."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.state import State
from callpost_sandbox.voxburst.values import instant

__all__ = ["Body", "Call", "Dispatch", "Handler", "Operation"]

Dispatch = Callable[[str, str, bytes, Mapping[str, str]], Awaitable[Answer]]
"""Method, path below the base, body and headers of an operation inside a batch."""


class Body(BaseModel):
    """A request body: camelCase on the wire, no type is guessed, unknown members are ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_alias=True, strict=True, extra="ignore"
    )


M = TypeVar("M", bound=Body)


@dataclass(frozen=True)
class Call:
    """One request that passed the gate."""

    state: State
    method: str
    path: str
    ids: Mapping[str, str]
    """Path parameters."""
    query: Mapping[str, str]
    raw: bytes
    base_url: str
    """Scheme, host and port under which the client reached the sandbox, without a slash."""
    dispatch: Dispatch

    @property
    def now(self) -> float:
        """The sandbox's time."""
        return self.state.now()

    def json(self, *, required: bool = True) -> Json:
        """Read the body as an object."""
        if not self.raw and not required:
            return {}
        try:
            body: Any = json.loads(self.raw)
        except ValueError as error:
            raise ApiError(400, "The body is not JSON") from error
        if not isinstance(body, dict):
            raise ApiError(400, "The body has to be a JSON object")
        return dict[str, Any](body)  # pyright: ignore[reportUnknownArgumentType] -- JSON's keys are strings

    def body(self, model: type[M], *, required: bool = True) -> M:
        """Read the body as a model, or refuse it as the contract does."""
        content = self.json(required=required)
        try:
            return model.model_validate(content)
        except ValidationError as error:
            raise _refusal(error) from error

    def range(self, first: str, last: str) -> tuple[float | None, float | None]:
        """Read two optional instants of the query."""
        low, high = (
            instant(self.query[name], name) if name in self.query else None
            for name in (first, last)
        )
        return low, high

    def choice(self, name: str, allowed: tuple[str, ...], *, any_case: bool = False) -> str | None:
        """Read an optional value of a closed set from the query."""
        value = self.query.get(name)
        if value is None:
            return None
        found = next((a for a in allowed if a == value or (any_case and a == value.upper())), None)
        if found is None:
            raise ApiError(400, f"{name} has an unknown value", "VALIDATION_ERROR", field=name)
        return found


def _refusal(error: ValidationError) -> ApiError:
    first = error.errors(include_url=False)[0]
    details: dict[str, object] = {"field": ".".join(str(part) for part in first["loc"])}
    if first["type"] == "string_too_long":
        details["maxLength"] = first["ctx"]["max_length"]  # pyright: ignore[reportTypedDictNotRequiredAccess] -- always there for this type
        details["actualLength"] = len(first["input"])
    return ApiError(400, first["msg"], "VALIDATION_ERROR", **details)


Handler = Callable[[Call], Answer | Awaitable[Answer]]


@dataclass(frozen=True)
class Operation:
    """One operation of the contract.

    Attributes:
        method: HTTP method.
        path: Path below `/v1`, with `{names}`; each name but `platform` has to be a cuid2.
        handle: What it does.
        scope: Scope of a key that it needs; None where the contract states none.
        needs_key: False for the few that take none.
    """

    method: str
    path: str
    handle: Handler
    scope: str | None = None
    needs_key: bool = True
    parts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.path.strip("/").split("/")))

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path parameters if the request is for this operation."""
        parts = path.strip("/").split("/")
        if method != self.method or len(parts) != len(self.parts):
            return None
        ids: dict[str, str] = {}
        for pattern, part in zip(self.parts, parts, strict=True):
            if pattern.startswith("{"):
                ids[pattern[1:-1]] = part
            elif pattern != part:
                return None
        return ids

"""Base models: arguments are strict but forgive notation; results are tolerant and compact."""

import json
import re
from typing import Any, ClassVar, Self, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

__all__ = ["Args", "Result"]

_JSON_LIKE = re.compile(r"\s*[\[{]")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _snake(name: str) -> str:
    return _HUMP.sub("_", name).lower()


class Args(BaseModel):
    """Arguments of a tool, or a part of them. Unknown names are refused.

    Some hosts send an explicit null for what was left out, and lists and objects as JSON in a
    string; both mean what they would mean without that (notes: MCP ecosystem, schema portability).
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _read_as_meant(cls, data: Any) -> Any:
        if isinstance(data, str) and _JSON_LIKE.match(data):
            data = _parsed(data)
        if not isinstance(data, dict):
            return data
        meant: dict[str, Any] = {}
        for name, value in cast("dict[str, Any]", data).items():
            if value is None:
                continue
            field = cls.model_fields.get(name)
            takes_text = field is not None and _takes_text(field.annotation)
            if isinstance(value, bool) and field is not None and _is_number(field.annotation):
                meant[name] = str(value)  # true is no number, whatever Python says
            elif isinstance(value, str) and _JSON_LIKE.match(value) and not takes_text:
                meant[name] = _parsed(value)
            else:
                meant[name] = value
        return meant

    def given(self) -> dict[str, Any]:
        """Only what differs from leaving it out, as JSON values under our names."""
        return self.model_dump(mode="json", exclude_none=True, exclude_unset=True)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_number(annotation: Any) -> bool:
    if annotation in {int, float}:
        return True
    parts = getattr(annotation, "__args__", ())
    return bool(parts) and bool not in parts and any(_is_number(part) for part in parts)


def _takes_text(annotation: Any) -> bool:
    if annotation is str or annotation is Any:
        return True
    return any(
        _takes_text(part) for part in getattr(annotation, "__args__", ()) if part is not ...
    ) and (getattr(annotation, "__origin__", None) not in {list, tuple, dict, set, frozenset})


class Result(BaseModel):
    """What an API answered, or what we made of it. Unknown fields and values are tolerated.

    Names may come in camelCase or snake_case; answers to a model are snake_case without nulls.
    """

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True
    )

    unstored: ClassVar[frozenset[str]] = frozenset()
    """Fields that a replay does not need and the ledger therefore must not hold: numbers, texts."""
    forgives: ClassVar[bool] = False
    """Whether an optional field that cannot be read is left out; not for lists, which would seem
    empty."""
    upstream_id_field: ClassVar[str] = "id"
    """Which field identifies the effect upstream."""

    @model_validator(mode="before")
    @classmethod
    def _either_casing(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        named: dict[str, Any] = {}
        for name, value in cast("dict[str, Any]", data).items():
            snake = name if name in cls.model_fields else _snake(name)
            if named.get(snake) is None:
                named[snake] = value
        return named

    @model_validator(mode="wrap")
    @classmethod
    def _without_what_cannot_be_read(cls, data: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """One odd optional field must not spoil the answer to a write that happened."""
        try:
            return read(data)
        except ValidationError as error:
            if not cls.forgives or not isinstance(data, dict):
                raise
            odd = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        odd -= {name for name, field in cls.model_fields.items() if field.is_required()}
        given = cast("dict[str, Any]", data)
        return read({name: value for name, value in given.items() if _snake(name) not in odd})

    @property
    def upstream_id(self) -> str | None:
        """The identifier of the effect, where there is one."""
        value = getattr(self, self.upstream_id_field, None)
        return value if isinstance(value, str) else None

    def compact(self) -> dict[str, Any]:
        """JSON values without nulls, as a model is shown them."""
        return self.model_dump(mode="json", exclude_none=True)

    def stored(self) -> dict[str, Any]:
        """The same, less what the ledger must not hold."""
        return self.model_dump(mode="json", exclude_none=True, exclude=set(self.unstored))

    @classmethod
    def from_stored(cls, data: Any) -> Self:
        """Back from the ledger."""
        return cls.model_validate(data)

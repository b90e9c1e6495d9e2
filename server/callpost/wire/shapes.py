"""What clients say of themselves, as far as it is plainly right. Standard library only.

Stricter than the protocol on purpose: what is not in here is looked at by the SDK.
"""

from typing import Any, cast

__all__ = ["CAPABILITIES", "IMPLEMENTATION", "fits"]

ANYTHING: dict[str, Any] = {"*": None}
"""An object with whatever in it."""

_OBJECTS: dict[str, Any] = {"*": ANYTHING}
"""An object of objects."""

CAPABILITIES: dict[str, Any] = {
    "experimental": _OBJECTS,
    "extensions": _OBJECTS,
    "roots": {"listChanged": bool},
    "sampling": {"context": ANYTHING, "tools": ANYTHING},
    "elicitation": {"form": ANYTHING, "url": ANYTHING},
}

IMPLEMENTATION: dict[str, Any] = {
    "!name": str,
    "!version": str,
    "title": str,
    "description": str,
    "websiteUrl": str,
    "icons": [{"!src": str, "mimeType": str, "sizes": [str]}],
}
"""A mark is before the names that must be there."""


def fits(value: Any, shape: Any) -> bool:
    """Whether a value of JSON has this shape: a type, a list of one shape, names to shapes."""
    if shape is None:
        return True
    if isinstance(shape, list):
        (item,) = cast("list[Any]", shape)
        return isinstance(value, list) and all(fits(v, item) for v in cast("list[Any]", value))
    if isinstance(shape, dict):
        return isinstance(value, dict) and _fits_object(
            cast("dict[str, Any]", value), cast("dict[str, Any]", shape)
        )
    return type(value) is shape


def _fits_object(value: dict[str, Any], shape: dict[str, Any]) -> bool:
    if "*" in shape:
        return all(fits(part, shape["*"]) for part in value.values())
    needed = {name[1:] for name in shape if name[0] == "!"}
    known = {name.removeprefix("!"): part for name, part in shape.items()}
    return needed <= value.keys() <= known.keys() and all(
        fits(part, known[name]) for name, part in value.items()
    )

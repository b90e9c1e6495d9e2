"""JSON text with the place of every value, comments and trailing commas allowed where asked.

Only reading; `jsonedit` changes the text. Nothing is normalised: a place is a pair of offsets into
the text as it is.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["JsonTextError", "Node", "parse"]

DEEPEST = 200
"""Levels of nesting; a configuration with more is no configuration."""

_SPACE = re.compile(r"[ \t\r\n]+")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null", re.ASCII)


class JsonTextError(Exception):
    """The text is not what its format says; the message says where."""


@dataclass(slots=True)
class Node:
    """A value and its place; `text[start:end]` is the value as written."""

    kind: Literal["object", "array", "scalar"]
    start: int
    end: int
    value: Any = None
    """Of a scalar."""
    keys: list[str] = field(default_factory=list[str])
    """Of an object's members, as they come; a key may come twice."""
    starts: list[int] = field(default_factory=list[int])
    """Where each member (its key) or element begins."""
    items: list["Node"] = field(default_factory=list["Node"])
    commas: list[int] = field(default_factory=list[int])
    """Offsets of the commas; as many as items if the last one is followed by one."""

    def member(self, key: str) -> "Node | None":
        """The member of that name; the last one, which is what parsers take."""
        found = [item for name, item in zip(self.keys, self.items, strict=True) if name == key]
        return found[-1] if found else None

    def plain(self) -> Any:
        """The value as `json.loads` would give it."""
        match self.kind:
            case "object":
                return {key: item.plain() for key, item in zip(self.keys, self.items, strict=True)}
            case "array":
                return [item.plain() for item in self.items]
            case "scalar":
                return self.value


def parse(text: str, *, comments: bool) -> Node:
    """The root value and the places in it.

    Args:
        text: Without a byte order mark.
        comments: Whether comments and trailing commas are allowed.

    Raises:
        JsonTextError: The text is not such JSON.
    """
    reader = _Reader(text, comments)
    at = reader.skip(0)
    root = reader.value(at, 0)
    at = reader.skip(root.end)
    if at != len(text):
        raise reader.error(at, "more follows the value")
    return root


@dataclass(frozen=True, slots=True)
class _Reader:
    text: str
    comments: bool

    def error(self, at: int, problem: str) -> JsonTextError:
        before = self.text[:at]
        line = before.count("\n") + 1
        return JsonTextError(f"line {line}, column {at - before.rfind(chr(10))}: {problem}")

    def skip(self, at: int) -> int:
        """The next offset that is neither space nor comment."""
        while True:
            if found := _SPACE.match(self.text, at):
                at = found.end()
            elif self.text.startswith(("//", "/*"), at):
                comment = _COMMENT.match(self.text, at)
                if not self.comments:
                    raise self.error(at, "comments are not allowed here")
                if comment is None:
                    raise self.error(at, "a comment does not end")
                at = comment.end()
            else:
                return at

    def value(self, at: int, depth: int) -> Node:
        if depth > DEEPEST:
            raise self.error(at, "nested too deeply")
        match self.text[at : at + 1]:
            case "{":
                return self._object(at, depth)
            case "[":
                return self._array(at, depth)
            case '"':
                end = self._string_end(at)
            case _:
                found = _SCALAR.match(self.text, at)
                if found is None:
                    raise self.error(at, "a value is missing")
                end = found.end()
        try:
            value = json.loads(self.text[at:end])
        except ValueError:  # a number of more digits than Python reads
            raise self.error(at, "the value cannot be read") from None
        return Node("scalar", at, end, value)

    def _object(self, at: int, depth: int) -> Node:
        node = Node("object", at, at)
        for place in self._items(node, "}"):
            if not self.text.startswith('"', place):
                raise self.error(place, "a name in double quotes is missing")
            end = self._string_end(place)
            colon = self.skip(end)
            if not self.text.startswith(":", colon):
                raise self.error(colon, "a colon is missing")
            node.keys.append(json.loads(self.text[place:end]))
            node.items.append(self.value(self.skip(colon + 1), depth + 1))
        return node

    def _array(self, at: int, depth: int) -> Node:
        node = Node("array", at, at)
        for place in self._items(node, "]"):
            node.items.append(self.value(place, depth + 1))
        return node

    def _items(self, node: Node, closing: str) -> Iterator[int]:
        """Where each item begins; whoever iterates appends the item before the next step."""
        at = self.skip(node.start + 1)
        while not self.text.startswith(closing, at):
            if len(node.commas) < len(node.items):
                raise self.error(at, f"a comma or «{closing}» is missing")
            node.starts.append(at)
            yield at
            at = self.skip(node.items[-1].end)
            if self.text.startswith(",", at):
                node.commas.append(at)
                at = self.skip(at + 1)
                if self.text.startswith(closing, at) and not self.comments:
                    raise self.error(at, "a comma before the end is not allowed here")
        node.end = at + 1

    def _string_end(self, at: int) -> int:
        found = _STRING.match(self.text, at)
        if found is None:
            raise self.error(at, "a text does not end, or has a character it must escape")
        return found.end()

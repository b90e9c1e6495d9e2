"""Changes to JSON text that leave every byte alone that they are not about.

Comments, order, number notation, indentation and line ends stay as a person or another program
wrote them, because nothing is written anew but the value that changes.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from callpost.cli.jsontext import JsonTextError, Node, parse

__all__ = ["JsonDocument"]

_INDENT = re.compile(r"[\r\n]([ \t]+)\"")
_LINE_END = re.compile(r"\r\n|\n|\r")
_BLANK = " \t"
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """A JSON text and what may be done to it; each change is a new document."""

    text: str
    comments: bool
    bom: str = ""

    @classmethod
    def read(cls, data: bytes, *, comments: bool) -> "JsonDocument":
        """The document in these bytes; an empty file is an empty object.

        Raises:
            JsonTextError: They are not UTF-8, not JSON, or no object.
        """
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise JsonTextError(f"byte {error.start + 1}: the file is not UTF-8") from None
        bom = "\ufeff" if text.startswith("\ufeff") else ""
        text = text[len(bom) :]
        document = cls(text if text.strip() else "{}\n", comments, bom)
        if document.root.kind != "object":
            raise JsonTextError("line 1: the file must hold one JSON object")
        return document

    @property
    def root(self) -> Node:
        """The text, parsed."""
        return parse(self.text, comments=self.comments)

    def encoded(self) -> bytes:
        """What belongs into the file."""
        return (self.bom + self.text).encode()

    def at(self, path: Sequence[str]) -> Node | None:
        """The value there, if there is one."""
        node: Node | None = self.root
        for key in path:
            node = node.member(key) if node is not None and node.kind == "object" else None
        return node

    def merge(self, path: Sequence[str], wanted: Any) -> "JsonDocument":
        """Make the value at `path` hold `wanted`, and keep what else an object there holds.

        Raises:
            JsonTextError: Something above `path` is no object.
        """
        found = self.at(path)
        if found is None:
            return self._insert(path, wanted)
        value: Any = wanted
        if isinstance(value, dict) and found.kind == "object":
            document = self
            for key, inner in cast("dict[str, Any]", value).items():
                document = document.merge((*path, key), inner)
            return document
        if found.plain() == wanted and type(found.plain()) is type(wanted):
            return self
        depth = _indentation(self.text, found.start)
        text = _spliced(self.text, found.start, found.end, self._written(wanted, depth))
        return replace(self, text=text)

    def append(self, path: Sequence[str], element: Any) -> "JsonDocument":
        """Add an element to the array at `path`, which is made if it is missing.

        Raises:
            JsonTextError: There is something else.
        """
        found = self.at(path)
        if found is None:
            return self.merge(path, [element])
        if found.kind != "array":
            raise JsonTextError(f"«{'.'.join(path)}» must be a list")
        return self._added(found, "", element)

    def remove(self, path: Sequence[str]) -> "JsonDocument":
        """Take a member away, every time it comes."""
        document = self
        while (above := document.at(path[:-1])) is not None and path[-1] in above.keys:
            document = document._without(above, above.keys.index(path[-1]))
        return document

    def remove_element(self, path: Sequence[str], index: int) -> "JsonDocument":
        """Take one element of an array away."""
        found = self.at(path)
        return self if found is None else self._without(found, index)

    def _insert(self, path: Sequence[str], wanted: Any) -> "JsonDocument":
        above = self.at(path[:-1])
        if above is None:
            return self._insert(path[:-1], {path[-1]: wanted})
        if above.kind != "object":
            raise JsonTextError(f"«{'.'.join(path[:-1])}» must be an object")
        return self._added(above, json.dumps(path[-1], ensure_ascii=False) + ": ", wanted)

    def _added(self, container: Node, head: str, value: Any) -> "JsonDocument":
        """The document with an item more at the end of a container."""
        end = last = self._last_of(container)
        trailing = bool(container.items) and len(container.commas) == len(container.items)
        if self._is_inline(container):
            new = (" " if container.items else "") + head + self._written(value, "")
            new += "," if trailing else ""
        else:
            outer = _indentation(self.text, container.start)
            inner = self._indentation_in(container, outer)
            new = self._newline + inner + head + self._written(value, inner)
            new += "," if trailing else ""
            if not _LINE_END.search(self.text, last, container.end - 1):
                new += self._newline + outer
                end = container.end - 1  # the blanks before the bracket become its indentation
        text = _spliced(self.text, last, end, new)
        if container.items and not trailing:
            after = container.items[-1].end
            text = _spliced(text, after, after, ",")
        return replace(self, text=text)

    def _last_of(self, container: Node) -> int:
        """Where the last thing before the closing bracket ends, be it a comment."""
        inside = self.text[container.start + 1 : container.end - 1]
        return container.start + 1 + len(inside.rstrip(_SPACE))

    def _without(self, container: Node, index: int) -> "JsonDocument":
        start, end = container.starts[index], container.items[index].end
        text = self.text
        if index < len(container.commas):  # a comment between the value and its comma stays
            text = _spliced(text, container.commas[index], container.commas[index] + 1, "")
        text = _spliced(text, start, end, "")
        if 0 < index >= len(container.commas):
            before = container.commas[index - 1]
            text = _spliced(text, before, before + 1, "")
            start -= 1
        opening = container.start + 1
        inside = text[opening : container.end - 1 - (len(self.text) - len(text))]
        if not inside.strip(_SPACE):
            return replace(self, text=_spliced(text, opening, opening + len(inside), ""))
        return replace(self, text=_tidied(text, start))

    def _is_inline(self, container: Node) -> bool:
        """Whether the container is on one line, and stays so."""
        if _LINE_END.search(self.text, container.start, container.end):
            return False
        return bool(container.items) or self._is_one_line

    @property
    def _is_one_line(self) -> bool:
        """Whether the whole text is written on one line, and says something."""
        return bool(self.root.items) and not _LINE_END.search(self.text.strip(_SPACE))

    @property
    def _newline(self) -> str:
        found = _LINE_END.search(self.text)
        return found[0] if found else "\n"

    @property
    def _unit(self) -> str:
        """One level of indentation, as the text has it."""
        found = _INDENT.search(self.text)
        return found[1] if found else "  "

    def _indentation_in(self, container: Node, outer: str) -> str:
        if container.starts:
            line = _line_start(self.text, container.starts[-1])
            lead = self.text[line : container.starts[-1]]
            if line > container.start and not lead.strip(_BLANK):
                return lead
        return outer + self._unit

    def _written(self, value: Any, indentation: str) -> str:
        if self._is_one_line:
            return json.dumps(value, ensure_ascii=False)
        text = json.dumps(value, ensure_ascii=False, indent=self._unit)
        return text.replace("\n", self._newline + indentation)


def _indentation(text: str, at: int) -> str:
    """The white space that begins the line of this offset."""
    line = text[_line_start(text, at) : at]
    return line[: len(line) - len(line.lstrip(_BLANK))]


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _spliced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _tidied(text: str, at: int) -> str:
    """Take away the blanks around a place that became empty, and its line if it did."""
    left = len(text[:at].rstrip(_BLANK))
    right = len(text) - len(text[at:].lstrip(_BLANK))
    begins = text[:left].endswith(("\n", "\r"))
    ends = _LINE_END.match(text, right)
    if begins and ends:
        return _spliced(text, left, ends.end(), "")
    closes = text.startswith(("}", "]"), right)
    return _spliced(text, left if closes and not begins else at, right, "")

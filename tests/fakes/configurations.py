"""Configurations as people and programs write them: any comments, space and line ends."""

import json
import re
from dataclasses import dataclass
from typing import Any, cast

from hypothesis import strategies as st

COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|(//[^\r\n]*|/\*.*?\*/)', re.DOTALL)

_words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n*/"), max_size=8)
_names = st.sampled_from(["a", "b", "env", "args", "x y", "ключ", "servers", "mcpServers"]) | _words
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), _words, st.sampled_from([0.5, -1e-9])
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=3),
    max_leaves=6,
)
_optional: dict[str, st.SearchStrategy[Any]] = {
    "args": st.lists(_words, max_size=2),
    "env": st.dictionaries(_names, _words, max_size=2),
    "disabled": st.booleans(),
}
_required: dict[str, st.SearchStrategy[Any]] = {"command": _words}
_server: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(_required, optional=_optional)
_servers = st.dictionaries(st.sampled_from(["callpost", "github", "x"]), _server, max_size=3)


@dataclass(frozen=True)
class Configuration:
    """A file and what is in it."""

    text: str
    plain: dict[str, Any]
    bom: bool

    @property
    def data(self) -> bytes:
        return (("\ufeff" if self.bom else "") + self.text).encode()


def comments_of(text: str) -> list[str]:
    """Every comment, in its order."""
    return [found[1] for found in COMMENT.finditer(text) if found[1]]


@st.composite
def configurations(draw: st.DrawFn, *, servers_key: str, comments: bool) -> Configuration:
    """A configuration whose `servers_key`, if it is there, holds servers."""
    plain = draw(st.dictionaries(_names, _values, max_size=4))
    plain.pop(servers_key, None)
    plain.pop("inputs", None)
    if draw(st.booleans()):
        items = list(plain.items())
        items.insert(draw(st.integers(0, len(items))), (servers_key, draw(_servers)))
        plain = dict(items)
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    spaces = st.sampled_from(["", " ", "\t", line_end, line_end + "  ", line_end + "\t\t"])
    if comments:
        block = _words.map(lambda word: f"/*{word}*/")
        line = _words.map(lambda word: f"//{word}{line_end}")
        spaces = spaces | st.builds("{}{}{}".format, spaces, block | line, spaces)

    def written(value: Any) -> str:
        if isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            return enclosed(
                "{", [f"{text(key)}{gap()}:{gap()}{written(v)}" for key, v in members.items()], "}"
            )
        if isinstance(value, list):
            return enclosed("[", [written(item) for item in cast("list[Any]", value)], "]")
        return text(value)

    def enclosed(opening: str, items: list[str], closing: str) -> str:
        body = f"{gap()},{gap()}".join(items)
        comma = f"{gap()}," if comments and items and draw(st.booleans()) else ""
        return f"{opening}{gap()}{body}{comma}{gap()}{closing}"

    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=draw(st.booleans()))

    def gap() -> str:
        return draw(spaces)

    return Configuration(gap() + written(plain) + gap(), plain, bom=draw(st.booleans()))

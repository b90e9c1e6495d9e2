"""The platforms VoxBurst posts to, and the little that is known about each.

Source: contract `voxburst.md` section 8. A limit that is not documented is not here: the service
knows it, and `validate_post` asks.
"""

import difflib
import re
import unicodedata
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from callpost.fields import unordered

__all__ = [
    "PLATFORMS",
    "TEXT_LIMITS",
    "THREADED",
    "Lower",
    "Platform",
    "Platforms",
    "graphemes",
    "shortest_length",
    "too_long",
]

PLATFORMS = (
    "TWITTER",
    "LINKEDIN",
    "INSTAGRAM",
    "FACEBOOK",
    "TIKTOK",
    "THREADS",
    "BLUESKY",
    "YOUTUBE",
    "PINTEREST",
    "REDDIT",
    "SNAPCHAT",
    "TELEGRAM",
    "GOOGLE_BUSINESS",
    "MASTODON",
    "WHATSAPP",
)
"""Constants of requests; an open set (section 8)."""

TEXT_LIMITS = MappingProxyType({"TWITTER": 280, "BLUESKY": 300})
"""Longest text, in what the platform counts as characters."""

THREADED = frozenset({"TWITTER", "THREADS"})
"""Where `threadPosts` is documented."""

_LINK = re.compile(r"https?://\S+")
_LINK_WEIGHT = 23
"""What X counts a link as, however long it is."""

_MEANT = {"X": "TWITTER", "GBP": "GOOGLE_BUSINESS", "GOOGLE": "GOOGLE_BUSINESS"}
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,39}")


def _platform(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    name = re.sub(r"[\s-]+", "_", value.strip()).upper()
    name = _MEANT.get(name, name)
    if name in PLATFORMS:
        return name
    near = difflib.get_close_matches(name, PLATFORMS, n=1, cutoff=0.75)
    if near:
        raise ValueError(f"is not a platform; did you mean {near[0].lower()}?")
    if not _NAME.fullmatch(name):
        raise ValueError(f"expected a platform: {', '.join(PLATFORMS).lower()}")
    return name


Platform = Annotated[str, BeforeValidator(_platform), WithJsonSchema({"type": "string"})]
"""A platform in any casing, and «x»; the constant of requests afterwards.

A name nobody knows yet passes, because new platforms come without notice; a misspelt one does not.
"""

Platforms = Annotated[tuple[Platform, ...], unordered]
"""Several; their order means nothing."""


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Lower = Annotated[str, BeforeValidator(_lower)]
"""A status or platform of an answer: both casings occur, and mean the same (section 5)."""


def graphemes(text: str) -> int:
    """What a person counts as characters, never more than there are.

    Marks, joiners, variants and skin tones belong to the character before them, and two regional
    indicators are one flag.
    """
    count = 0
    joined = flag = False
    for character in unicodedata.normalize("NFC", text):
        if character == "\u200d":
            joined = True
            continue
        if unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"}:
            continue
        if "\U0001f3fb" <= character <= "\U0001f3ff":
            continue
        is_indicator = "\U0001f1e6" <= character <= "\U0001f1ff"
        if not joined and not (is_indicator and flag):
            count += 1
        flag = is_indicator and not flag
        joined = False
    return count


def shortest_length(platform: str, text: str) -> int:
    """The least that a platform may count a text as: what is over the limit even so, is."""
    if platform == "TWITTER":
        links = _LINK.findall(text)
        saved = sum(max(0, len(link) - _LINK_WEIGHT) for link in links)
        return max(0, graphemes(text) - saved)
    return graphemes(text)


def too_long(platform: str, text: str) -> str | None:
    """What is wrong with the length of a text, where that is surely known."""
    limit = TEXT_LIMITS.get(platform)
    length = shortest_length(platform, text)
    if limit is None or length <= limit:
        return None
    return f"{platform.lower()} takes at most {limit} characters, these are {length}"

"""What each platform takes (voxburst.md section 8). Unknown limits are not invented."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["CONSTANTS", "Problem", "constant", "length", "problems", "takes_first_comment"]

CONSTANTS = (
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
_TEXT_LIMITS = {"TWITTER": 280, "BLUESKY": 300}
_FIRST_COMMENTS = frozenset({"INSTAGRAM", "FACEBOOK", "LINKEDIN", "YOUTUBE"})
_JOINERS = frozenset("\u200d\ufe0f") | {chr(tone) for tone in range(0x1F3FB, 0x1F400)}


@dataclass(frozen=True)
class Problem:
    """Why a platform would refuse a post; the codes are those of the recovery guide."""

    code: str
    message: str
    field: str
    max_length: int | None = None
    actual_length: int | None = None


def constant(slug: str) -> str:
    """Return the constant of a lowercase slug."""
    return slug.upper()


def takes_first_comment(platform: str) -> bool:
    """Whether a first comment is posted there; elsewhere it is skipped in silence."""
    return platform in _FIRST_COMMENTS


def length(platform: str, text: str) -> int:
    """Count as the platform does: Bluesky counts graphemes (approximated), others code points."""
    if platform != "BLUESKY":
        return len(text)
    joined = text.count("\u200d")  # a joiner makes one grapheme of its neighbours
    marks = sum(1 for char in text if char in _JOINERS or unicodedata.combining(char))
    return max(0, len(text) - marks - joined)


def problems(
    platform: str, text: str, *, media: int, content_type: str | None, type_is_known: bool = True
) -> Iterator[Problem]:
    """Find what the platform's known rules say against a post."""
    limit = _TEXT_LIMITS.get(platform)
    actual = length(platform, text)
    if limit is not None and actual > limit:
        yield Problem(
            "CONTENT_TOO_LONG",
            f"{platform} takes at most {limit} characters",
            "content",
            limit,
            actual,
        )
    if platform != "INSTAGRAM":
        return
    if not media:
        yield Problem("MEDIA_REQUIRED", "INSTAGRAM needs at least one image or video", "media")
    if content_type is None and type_is_known:
        yield Problem("CONTENT_TYPE_REQUIRED", "INSTAGRAM needs a content type", "contentType")
    if content_type == "STORY":
        yield Problem("CONTENT_TYPE_NOT_SUPPORTED", "INSTAGRAM takes no STORY here", "contentType")

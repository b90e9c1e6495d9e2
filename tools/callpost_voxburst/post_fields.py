"""What the arguments of several post tools are made of.

Source: contract `voxburst.openapi.yaml`, CreatePostRequest and its parts.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from callpost.errors import FieldProblem, InvalidArguments
from callpost.fields import Id, Text, instant_text, unordered
from callpost.models import Args
from callpost_voxburst.freeform import JsonObject, object_of
from callpost_voxburst.platforms import Platform, too_long

__all__ = [
    "AccountIds",
    "Content",
    "ContentType",
    "FirstComment",
    "FirstCommentDelay",
    "HttpsUrl",
    "Metadata",
    "PlatformOverride",
    "PlatformOverrides",
    "PlatformTexts",
    "Tags",
    "Thread",
    "ThreadPost",
    "When",
    "content_of",
    "is_past",
    "or_none",
    "overrides_body",
    "refuse_past",
    "thread_body",
]

PAST_SLACK = timedelta(seconds=60)
"""Clocks differ by so much without anybody noticing."""

_WHEN = 'expected "draft", "now", "queue" or an instant such as 2026-12-01T09:00:00+01:00'


def _when(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(_WHEN)  # noqa: TRY004 because pydantic reports only ValueError
    text = value.strip()
    if text.lower() in {"draft", "now", "queue"}:
        return text.lower()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_WHEN) from None
    if instant.tzinfo is None:
        raise ValueError("has no offset; add Z or one such as +01:00, so that it is one instant")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected an instant of this age, with an offset") from None


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _https(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError("expected an https URL")
    return value


When = Annotated[
    datetime | Literal["draft", "now", "queue"],
    BeforeValidator(_when),
    WithJsonSchema({"type": "string"}),
]
"""When a post goes out."""

ContentType = Annotated[
    Literal["TEXT", "IMAGE", "VIDEO", "CAROUSEL", "THREAD", "STORY", "REEL"],
    BeforeValidator(_upper),
]
"""What kind of post it is; Instagram needs to be told."""

HttpsUrl = Annotated[str, AfterValidator(_https)]

Content = Annotated[
    Text, Field(min_length=1, max_length=10_000), WithJsonSchema({"type": "string"})
]
"""A post's text, as long as the service takes one."""

AccountIds = Annotated[tuple[Id, ...], Field(min_length=1), unordered]
FirstComment = Annotated[
    Text, Field(min_length=1, max_length=2200), WithJsonSchema({"type": "string"})
]
FirstCommentDelay = Annotated[int, Field(ge=0, le=60), WithJsonSchema({"type": "integer"})]
Tags = Annotated[tuple[Text, ...], unordered]


class ThreadPost(Args):
    """One more post of a thread."""

    content: Annotated[Text, Field(min_length=1), WithJsonSchema({"type": "string"})]
    media_ids: tuple[Id, ...] = ()


MOST_POSTS = 25


def _whole_thread(items: tuple[ThreadPost, ...]) -> tuple[ThreadPost, ...]:
    if not 0 < len(items) <= MOST_POSTS:
        raise ValueError(f"a thread has 1 to {MOST_POSTS} posts")
    return items


Thread = Annotated[tuple[ThreadPost, ...], AfterValidator(_whole_thread)]


class PlatformText(Args):
    """Another text on one platform."""

    platform: Platform
    content: Content

    @model_validator(mode="after")
    def _fits(self) -> Self:
        return _fitting(self, self.platform, self.content)


class PlatformOverride(Args):
    """What is different on one platform."""

    platform: Platform
    content: Content | None = None
    settings_json: JsonObject | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.content is None and self.settings_json is None:
            raise ValueError("has neither content nor settings_json")
        return _fitting(self, self.platform, self.content or "")


OverrideT = TypeVar("OverrideT", PlatformText, PlatformOverride)


def _fitting(override: OverrideT, platform: str, text: str) -> OverrideT:
    problem = too_long(platform, text)
    if problem:
        raise ValueError(problem)
    return override


def _one_each(overrides: tuple[OverrideT, ...]) -> tuple[OverrideT, ...]:
    names = [override.platform for override in overrides]
    if len(set(names)) < len(names):
        raise ValueError("has more than one entry for a platform")
    return tuple(sorted(overrides, key=lambda override: override.platform))


PlatformTexts = Annotated[tuple[PlatformText, ...], AfterValidator(_one_each)]
"""Bulk creation documents texts only."""

PlatformOverrides = Annotated[tuple[PlatformOverride, ...], AfterValidator(_one_each)]

LONGEST_KEY, LONGEST_VALUE, MOST_ITEMS, LONGEST_ITEM = 100, 1000, 100, 200


def _within_limits(text: str) -> str:
    """Contract MetadataMap: beyond these the service answers 422."""
    for key, value in object_of(text).items():
        if len(key) > LONGEST_KEY:
            raise ValueError(f"a key has at most {LONGEST_KEY} characters")
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            raise ValueError(f"a text has at most {LONGEST_VALUE} characters")
        items = cast("list[Any]", value) if isinstance(value, list) else []
        if len(items) > MOST_ITEMS or any(len(str(item)) > LONGEST_ITEM for item in items):
            raise ValueError(f"a list has at most {MOST_ITEMS} texts of {LONGEST_ITEM} characters")
    return text


Metadata = Annotated[JsonObject, AfterValidator(_within_limits)]


def overrides_body(overrides: Iterable[PlatformOverride | PlatformText]) -> dict[str, Any]:
    """Texts and settings by platform, each under its wire name."""
    texts = {o.platform: {"content": o.content} for o in overrides if o.content is not None}
    settings = {
        o.platform: object_of(o.settings_json)
        for o in overrides
        if isinstance(o, PlatformOverride) and o.settings_json is not None
    }
    return {
        **({"platformOverrides": texts} if texts else {}),
        **({"platformMetadata": settings} if settings else {}),
    }


def thread_body(thread: Iterable[ThreadPost]) -> list[dict[str, Any]]:
    """Items numbered from 1 without gaps."""
    return [
        {
            "sequence": number,
            "content": item.content,
            **({"mediaIds": list(item.media_ids)} if item.media_ids else {}),
        }
        for number, item in enumerate(thread, 1)
    ]


_WIRE = {
    "content": "content",
    "account_ids": "accountIds",
    "content_type": "contentType",
    "media_ids": "media",
    "tags": "tags",
    "persona_id": "personaId",
    "first_comment": "firstComment",
    "first_comment_delay_s": "firstCommentDelay",
}


def content_of(args: Args) -> dict[str, Any]:
    """The part of a body that creating, updating and bulk creation share, without defaults."""
    given = args.model_dump(mode="json", exclude_defaults=True)
    body: dict[str, Any] = {wire: given[name] for name, wire in _WIRE.items() if name in given}
    if "metadata" in given:
        body["metadata"] = object_of(given["metadata"])
    if "thread" in given:
        body["threadPosts"] = thread_body(cast("Any", args).thread)
    if "platform_overrides" in given:
        body |= overrides_body(cast("Any", args).platform_overrides)
    return body


def or_none(value: int | None) -> int | None:
    """Nought said is nought left out."""
    return value or None


def is_past(when: datetime, now: datetime) -> bool:
    """Whether an instant is past, by any clock that is about right."""
    return when < now - PAST_SLACK


def refuse_past(when: datetime, now: datetime, *, path: str = "when") -> None:
    """What a past instant does is not documented (section 11), so it is not sent.

    Raises:
        InvalidArguments: The instant is past.
    """
    if is_past(when, now):
        raise InvalidArguments(
            f"{path} is in the past.",
            fields=(FieldProblem(path, f"is in the past; it is {instant_text(now)} now"),),
        )

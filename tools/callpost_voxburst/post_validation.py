"""Asking VoxBurst whether platforms would take a post, before there is one.

Source: contract `voxburst.md` section 8: limits we do not know are asked for.
"""

from collections.abc import Iterable
from typing import Any, Literal

from callpost.errors import FieldProblem, InvalidArguments, Upstream
from callpost.models import Args
from callpost.toolset import Call, route
from callpost_voxburst.account_models import Account, AccountList
from callpost_voxburst.api import our_name
from callpost_voxburst.freeform import object_of
from callpost_voxburst.platforms import too_long
from callpost_voxburst.post_fields import PlatformOverride
from callpost_voxburst.post_models import Verdict

__all__ = ["MediaFacts", "platforms_of", "refuse_unfit", "verdict_on"]

MOST_PAGES = 10


class MediaFacts(Args):
    """A file that is not uploaded yet, described."""

    type: Literal["image", "video", "gif"]
    url: str | None = None
    mime_type: str | None = None
    size_bytes: int | None = None
    duration_ms: int | None = None

    def body(self) -> dict[str, Any]:
        """ValidateMediaItem."""
        wire = {"mime_type": "mimeType", "size_bytes": "sizeBytes", "duration_ms": "durationMs"}
        return {wire.get(name, name): value for name, value in self.given().items()}


async def platforms_of(call: Call, account_ids: Iterable[str]) -> tuple[str, ...]:
    """The platform constants of accounts that can publish now.

    Raises:
        InvalidArguments: One is not there, or is not active (only active accounts can publish).
    """
    missing = set(account_ids)
    found: list[Account] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await call.get(
            route("/accounts"), into=AccountList, query={"limit": 100, "cursor": cursor}
        )
        found += [account for account in page.data if account.id in missing]
        missing -= {account.id for account in page.data}
        cursor = page.pagination.following if page.pagination else None
        if not missing or cursor is None:
            break
    problems = [f"{account_id} is not connected" for account_id in sorted(missing)]
    problems += [f"{a.id} is {a.status}, not active" for a in found if a.status != "active"]
    if problems:
        raise InvalidArguments(
            "Not every account can publish.",
            fields=tuple(FieldProblem("account_ids", problem) for problem in problems),
        )
    return tuple(sorted({(account.platform or "").upper() for account in found}))


async def verdict_on(
    call: Call,
    *,
    content: str,
    platforms: Iterable[str],
    overrides: tuple[PlatformOverride, ...] = (),
    media_ids: tuple[str, ...] = (),
    media: tuple[MediaFacts, ...] = (),
    first_comment: str | None = None,
) -> Verdict:
    """What the service says of every text, asked with the platforms that would get it."""
    by_platform = {override.platform: override for override in overrides}
    texts: dict[str, list[str]] = {}
    for platform in platforms:
        override = by_platform.get(platform)
        text = (override.content if override else None) or content
        texts.setdefault(text, []).append(platform)
    verdicts: list[Verdict] = []
    for text, asked in texts.items():
        settings = {
            name: object_of(by_platform[name].settings_json)
            for name in asked
            if name in by_platform and by_platform[name].settings_json is not None
        }
        body: dict[str, Any] = {
            "content": text,
            "platforms": asked,
            **({"mediaIds": list(media_ids)} if media_ids else {}),
            **({"media": [item.body() for item in media]} if media else {}),
            **({"firstComment": first_comment} if first_comment else {}),
            **({"platformMetadata": settings} if settings else {}),
        }
        verdicts.append(await call.ask(route("/posts/validate"), body, into=Verdict))
    return Verdict(
        valid=all(verdict.valid for verdict in verdicts),
        platforms=tuple(one for verdict in verdicts for one in verdict.platforms),
    )


async def refuse_unfit(
    call: Call,
    *,
    content: str,
    account_ids: tuple[str, ...],
    overrides: tuple[PlatformOverride, ...],
    media_ids: tuple[str, ...],
    first_comment: str | None,
) -> None:
    """Refuse what a platform of these accounts would refuse.

    Raises:
        InvalidArguments: An account cannot publish, or a platform would refuse its text.
    """
    platforms = await platforms_of(call, account_ids)
    overridden = {override.platform for override in overrides if override.content is not None}
    lengths = [too_long(name, content) for name in platforms if name not in overridden]
    known = tuple(FieldProblem("content", length) for length in lengths if length)
    if known:
        raise _unfit(known, ())
    _refuse(
        await verdict_on(
            call,
            content=content,
            platforms=platforms,
            overrides=overrides,
            media_ids=media_ids,
            first_comment=first_comment,
        )
    )


def _refuse(verdict: Verdict) -> None:
    issues = [
        (one.platform or "", issue)
        for one in verdict.platforms
        if one.valid is not True
        for issue in one.errors or ()
    ]
    if verdict.valid and not issues:
        return
    fields = tuple(
        FieldProblem(our_name(issue.field or "content"), f"{platform}: {issue.code or 'refused'}")
        for platform, issue in issues
    )
    raise _unfit(fields, tuple(issue.message or "" for _, issue in issues))


def _unfit(fields: tuple[FieldProblem, ...], messages: tuple[str, ...]) -> InvalidArguments:
    said = " ".join(message for message in messages if message)
    return InvalidArguments(
        "A platform would refuse this post.",
        fields=fields,
        upstream=Upstream("voxburst", message=said) if said else None,
    )

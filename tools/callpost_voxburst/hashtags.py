"""Hashtag sets: saved lists of hashtags (contract path /hashtag-sets)."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from callpost.fields import Id, Text
from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_voxburst.answers import Deleted, Wrapped, least
from callpost_voxburst.api import FAMILY
from callpost_voxburst.lost_creation import found_of
from callpost_voxburst.pages import Page
from callpost_voxburst.paging import Paged, Pagination

__all__ = ["hashtags"]

hashtags = FAMILY.toolset("hashtags", title="Hashtag sets")

SHOWN_TAGS = 20
"""Of each set in a list, so that 100 sets fit an answer."""


def _as_kept(tags: tuple[str, ...]) -> tuple[str, ...]:
    """As the upstream keeps them (contract HashtagSet): no «#», trimmed, lower case.

    Their order stays: it is the order in which they will stand below a post.
    """
    kept = dict.fromkeys(tag.strip().lstrip("#").strip().lower() for tag in tags)
    if "" in kept:
        raise ValueError("a tag is empty")
    return tuple(kept)


Name = Annotated[Text, Field(min_length=1, max_length=100)]
Tags = Annotated[
    tuple[Annotated[str, Field(max_length=200)], ...],
    AfterValidator(_as_kept),
    Field(min_length=1, max_length=500),
]


class HashtagSet(Wrapped):
    """A saved list (contract HashtagSet)."""

    id: str | None = None
    name: str | None = None
    tags: tuple[str, ...] | None = None
    created_at: str | None = None
    updated_at: str | None = None


class NewHashtagSet(Wrapped):
    """The same, just created."""

    id: str
    name: str | None = None
    tags: tuple[str, ...] | None = None
    created_at: str | None = None
    updated_at: str | None = None


class HashtagSetLine(HashtagSet):
    """A set in a list: its first tags."""

    tag_count: int | None = None


class HashtagSets(Page):
    """One part of the list."""

    items: tuple[HashtagSetLine, ...] = ()


class _UpstreamSets(Result):
    data: tuple[HashtagSet, ...]
    pagination: Pagination | None = None


class ListHashtagSets(Paged):
    """Which part of the list."""


class GetHashtagSet(Args):
    """Which set."""

    hashtag_set_id: Id


class CreateHashtagSet(Args):
    """A new set (contract HashtagSetWrite)."""

    name: Name
    tags: Tags

    def body(self) -> dict[str, Any]:
        """The wire's names."""
        return {"name": self.name, "tags": list(self.tags)}


class UpdateHashtagSet(Args):
    """What to change (contract HashtagSetWrite)."""

    hashtag_set_id: Id
    name: Name | None = None
    tags: Annotated[Tags, Field(description="Replaces all tags")] | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        least(self.body(), "name, tags")
        return self

    def body(self) -> dict[str, Any]:
        """The wire's names, of what changes."""
        return {k: v for k, v in self.given().items() if k != "hashtag_set_id"}


class DeleteHashtagSet(Args):
    """Which set."""

    hashtag_set_id: Id


@hashtags.tool(effect=Effect.READS, operations=("listHashtagSets",))
async def list_hashtag_sets(args: ListHashtagSets, call: Call) -> HashtagSets:
    """List saved hashtag sets, latest change first, with the first 20 tags of each."""
    page = await call.get(route("/hashtag-sets"), into=_UpstreamSets, query=args.page())
    cursor = page.pagination.following if page.pagination else None
    return HashtagSets(items=tuple(map(_line, page.data)), next_cursor=cursor)


def _line(found: HashtagSet) -> HashtagSetLine:
    tags = found.tags or ()
    shown = {"tags": tags[:SHOWN_TAGS], "tag_count": len(tags)}
    return HashtagSetLine.model_validate(found.compact() | shown)


@hashtags.tool(effect=Effect.READS, operations=("getHashtagSet",))
async def get_hashtag_set(args: GetHashtagSet, call: Call) -> HashtagSet:
    """Read one saved hashtag set."""
    return await call.get(route("/hashtag-sets/{}", args.hashtag_set_id), into=HashtagSet)


@hashtags.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createHashtagSet",))
async def create_hashtag_set(args: CreateHashtagSet, call: Call) -> NewHashtagSet:
    """Save a list of hashtags under a name no other set has. Unconfirmed: the path."""

    async def settle(sent: Sent) -> NewHashtagSet | None:
        page = await call.get(route("/hashtag-sets"), into=_UpstreamSets, query={"limit": 100})
        # Latest change first, so a new one is on the first page.
        alike = [found for found in page.data if found.name == args.name]
        found = await found_of(alike, sent, call)
        return NewHashtagSet.model_validate(found.compact()) if found else None

    return await call.post(route("/hashtag-sets"), args.body(), into=NewHashtagSet, settle=settle)


@hashtags.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updateHashtagSet",))
async def update_hashtag_set(args: UpdateHashtagSet, call: Call) -> HashtagSet:
    """Rename a saved hashtag set or replace its tags. Unconfirmed: the method."""
    path = route("/hashtag-sets/{}", args.hashtag_set_id)
    return await call.patch(path, args.body(), into=HashtagSet)


@hashtags.tool(effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("deleteHashtagSet",))
async def delete_hashtag_set(args: DeleteHashtagSet, call: Call) -> Deleted:
    """Delete a saved hashtag set; posts keep their text. Unconfirmed: the path."""
    await call.delete(route("/hashtag-sets/{}", args.hashtag_set_id), into=Deleted)
    return Deleted(id=args.hashtag_set_id)

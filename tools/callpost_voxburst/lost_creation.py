"""Finding, in a list, what a create made whose answer was lost and whose key is forgotten.

Posts have their own way (`post_settlement`), because many of them look alike.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from callpost.errors import Unsettled
from callpost.toolset import Call, Sent
from callpost_voxburst.post_settlement import by_their_clock, instant_of, is_of

__all__ = ["found_of"]


class Dated(Protocol):
    """Something with an id that tells when it was created."""

    @property
    def id(self) -> str | None: ...
    @property
    def created_at(self) -> str | None: ...


DatedT = TypeVar("DatedT", bound=Dated)


async def found_of(alike: Iterable[DatedT], sent: Sent, call: Call) -> DatedT | None:
    """The one of these that the request made: created then, and no other intent's.

    Raises:
        Unsettled: One of them does not tell when it was created, or nothing tells their time.
    """
    named = {item.id: item for item in alike if item.id}
    claimed = await call.claimed(named)
    for item_id, item in named.items():
        created_at = instant_of(item.created_at)
        if item_id in claimed:
            continue
        if created_at is None:
            raise Unsettled(
                "Something like it exists, and does not tell when it was created.",
                next_step="Tell the person to look it up in VoxBurst; do not create it again.",
            )
        if is_of(created_at, by_their_clock(sent)):
            return item
    return None

"""How the outcome of a create whose answer was lost is found out.

The API honours no idempotency key and stores no client reference (contract section 4), so a create
is looked for in a list, where there is one, by what its arguments say and when it appeared.
"""

from datetime import UTC, datetime, timedelta
from typing import Self

from pydantic import model_validator

from callpost.errors import Unsettled
from callpost.toolset import Result, Sent

__all__ = ["Identified", "appeared_before", "undecidable"]

_CLOCKS_DIFFER = timedelta(seconds=30)
"""How far the upstream's clock may be behind ours where it did not tell its time."""


class Identified(Result):
    """The answer to a create: without an identifier it is spoiled, and counts as lost."""

    @model_validator(mode="after")
    def _has_an_identifier(self) -> Self:
        if self.upstream_id is None:
            raise ValueError("the answer names nothing")
        return self


def appeared_before(created_at: str | None, sent: Sent) -> bool:
    """Whether something surely existed before the request left; an unread time decides nothing."""
    try:
        created = datetime.fromisoformat(created_at or "")
    except ValueError:
        return False
    created = created if created.tzinfo else created.replace(tzinfo=UTC)
    by_theirs = sent.at + (sent.clock_offset or timedelta(0))
    slack = timedelta(seconds=2) if sent.clock_offset is not None else _CLOCKS_DIFFER
    return created < by_theirs - slack


def undecidable(what: str, next_step: str) -> Unsettled:
    """What is said where no read of the API shows whether a create took effect."""
    return Unsettled(
        f"The answer was lost, and Vocobase has no way to look for {what}.",
        retry="never",
        next_step=next_step,
    )

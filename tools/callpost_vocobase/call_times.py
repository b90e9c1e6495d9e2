"""Where the time of a listed call lies, by what is known of the clock of the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeGuard, final

from callpost_vocobase.call_models import CallRow, instant

__all__ = ["NARROW", "ROUNDING", "WIDE", "Place", "Times", "measured"]

NARROW = (timedelta(seconds=-5), timedelta(seconds=90))
"""A start answers before anyone picks up, so the row is made within seconds of the request."""

WIDE = timedelta(minutes=15)
"""Farther apart than this no two machines' clocks are taken to be."""

ROUNDING = timedelta(seconds=2)
"""What a length may be too long by: times and lengths come in whole seconds."""

LONGEST_S = 1e6
"""No call is longer; `nan` is not shorter."""


class Place(Enum):
    """Where the time of a row lies."""

    NARROW = "narrow"
    ODD = "odd"
    """It proves that clocks disagree, or nothing is known of them."""
    WIDE = "wide"
    ELSEWHERE = "elsewhere"


@final
@dataclass(frozen=True, slots=True)
class Times:
    """When the lost start left, and what is known of the clock of the list."""

    sent_at: datetime
    """By our clock, as is `now`."""
    now: datetime
    measured: timedelta | None = None
    """The list's clock minus ours, by other calls of ours that are in the list."""
    told: timedelta | None = None
    """The API's clock minus ours, by the `Date` of its newest reply."""

    @property
    def sent_by_them(self) -> datetime:
        """When it left, by the clock of the list, as well as that is known."""
        return self.sent_at + self._offset

    @property
    def _offset(self) -> timedelta:
        best = self.told if self.measured is None else self.measured
        return best if best is not None else timedelta(0)

    def rule_out(self, row: CallRow) -> bool:
        """Whether it lasted longer than the time since the send; then it was made before."""
        elapsed = self.now - self.sent_at
        length = _length(row)
        return length is not None and timedelta(0) <= elapsed < length - ROUNDING

    def place(self, created: datetime | None) -> Place:
        """Where a time of the list lies."""
        if created is None:
            return Place.WIDE
        is_narrow = _is_narrow(created - self.sent_by_them)
        if self.measured is not None:
            if is_narrow:
                return Place.NARROW
            is_told = self.told is not None and _is_narrow(created - self.sent_at - self.told)
            return Place.WIDE if is_told else Place.ELSEWHERE
        is_future = created > self.now + self._offset - NARROW[0]
        if is_narrow:
            return Place.ODD if self.told is None else Place.NARROW
        if abs(created - self.sent_by_them) > WIDE:
            return Place.WIDE if is_future else Place.ELSEWHERE
        return Place.ODD if is_future else Place.WIDE


def _is_narrow(off: timedelta) -> bool:
    return NARROW[0] <= off <= NARROW[1]


def _length(row: CallRow) -> timedelta | None:
    """How long a call lasted at least, by what its row says of itself."""
    made, ended = instant(row.created_at) or instant(row.started_at), instant(row.ended_at)
    by_times = ended - made if made and ended else None
    told = timedelta(seconds=row.duration_seconds) if _is_length(row.duration_seconds) else None
    return min((length for length in (by_times, told) if length is not None), default=None)


def _is_length(seconds: float | None) -> TypeGuard[float]:
    """Of a call that nobody answered a length of nothing may be told."""
    return seconds is not None and 0 < seconds < LONGEST_S


def measured(rows: Sequence[CallRow], claimed: Mapping[str, datetime | None]) -> timedelta | None:
    """The clock of the list minus ours, by rows that are the effect of other intents of ours.

    Args:
        rows: Of the list, whomever they called.
        claimed: Their identifiers, with when the request left, where that is known.
    """
    found = sorted(
        created - sent_at
        for row in rows
        if (sent_at := claimed.get(row.call_id or "")) and (created := instant(row.created_at))
    )
    return found[(len(found) - 1) // 2] if found else None

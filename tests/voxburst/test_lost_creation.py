from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from callpost.errors import Unsettled
from callpost.toolset import Call, Sent
from callpost_voxburst.lost_creation import found_of

ZERO = timedelta(0)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    id: str | None
    created_at: str | None


class Claims:
    """The one thing of a call that a look needs."""

    def __init__(self, *claimed: str) -> None:
        self.taken = frozenset(claimed)

    async def claimed(self, upstream_ids: Iterable[str]) -> Mapping[str, datetime | None]:
        return dict.fromkeys(self.taken & frozenset(upstream_ids))


async def found(*made: Made, claimed: str = "", offset: timedelta | None = ZERO) -> str | None:
    sent = Sent(at=NOON, upstream_clock=lambda: offset)
    item = await found_of(made, sent, cast("Call", cast("Any", Claims(claimed))))
    return item.id if item else None


@pytest.mark.parametrize(
    ("created_at", "offset", "is_found"),
    [
        ("2026-01-01T12:00:01Z", ZERO, True),
        ("2026-01-01T11:59:55Z", ZERO, True),
        ("2026-01-01T11:59:54Z", ZERO, False),
        ("2026-01-01T12:14:59Z", ZERO, True),
        ("2026-01-01T12:15:01Z", ZERO, False),
        ("2026-01-01T12:01:01Z", timedelta(minutes=1), True),
        ("2026-01-01T12:00:01Z", timedelta(minutes=1), False),
    ],
)
async def test_only_what_was_created_then_is_the_effect(
    created_at: str, offset: timedelta, *, is_found: bool
) -> None:
    expected = "a" if is_found else None
    assert await found(Made("a", created_at), offset=offset) == expected


async def test_effect_of_another_intent_is_passed_over() -> None:
    made = (Made("a", "2026-01-01T12:00:01Z"), Made("b", "2026-01-01T12:00:02Z"))
    assert await found(*made, claimed="a") == "b"
    assert await found(made[0], claimed="a") is None


async def test_undated_twin_leaves_it_undecided() -> None:
    with pytest.raises(Unsettled):
        await found(Made("a", None))


async def test_twin_is_nobody_s_for_sure_where_nothing_tells_their_time() -> None:
    with pytest.raises(Unsettled) as raised:
        await found(Made("a", "2026-01-01T12:00:01Z"), offset=None)
    assert raised.value.retry == "never"
    assert await found(Made("a", "2026-01-01T12:00:01Z"), claimed="a", offset=None) is None


async def test_nothing_alike_is_nothing_found() -> None:
    assert await found(Made(None, "2026-01-01T12:00:01Z")) is None

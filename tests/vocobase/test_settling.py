from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from callpost.toolset import Sent
from callpost_vocobase.settling import appeared_before
from harness import harness

pytestmark = pytest.mark.anyio

AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created_at", "offset", "before"),
    [
        ("2026-12-01T08:00:00Z", None, True),
        ("2026-12-01T08:59:50Z", None, False),
        ("2026-12-01T08:59:50Z", timedelta(0), True),
        ("2026-12-01T09:59:59Z", timedelta(hours=1, seconds=10), True),
        ("2026-12-01T08:00:00", None, True),
        ("2026-12-01T09:00:01Z", None, False),
        ("yesterday", None, False),
        (None, None, False),
    ],
)
async def test_only_what_surely_was_there_before_is_left_out(
    created_at: str | None, offset: timedelta | None, *, before: bool
) -> None:
    assert appeared_before(created_at, Sent(AT, lambda: offset)) is before


async def test_create_whose_answer_names_nothing_is_looked_for() -> None:
    async with harness() as h:
        h.vocobase.only = "POST /api/v2/projects"
        h.vocobase.replies.append(httpx2.Response(200, json={"success": True, "data": {}}))
        answer = await h.run("create_project", {"name": "Clinic"})
        assert answer["error"]["code"] == "outcome_unknown"
        h.clock.advance(120)
        answer = await h.run("create_project", {"name": "Clinic"})
        # The API said that it took the request, so nothing found is a question for a person.
        assert answer["error"]["code"] == "outcome_unknown"
        assert answer["error"]["retry"] == "never"
        assert len(h.vocobase.sent("POST", "/projects")) == 1

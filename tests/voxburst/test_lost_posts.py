"""Looking for a post, where the sandbox's list is too orderly to show what a real one may do."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callpost.errors import Broken, Refused, Unsettled
from callpost.toolset import Sent
from callpost_voxburst.api import FAMILY
from callpost_voxburst.post_settlement import find_created, find_published

ZERO = timedelta(0)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Looks:
    """Answers reads one after the other, and knows what is claimed."""

    def __init__(self, *answers: Any, claimed: Mapping[str, datetime | None] | None = None) -> None:
        self.answers = list(answers)
        self.taken = claimed or {}
        self.queries: list[Mapping[str, Any] | None] = []

    async def get(self, _path: str, *, into: Any, query: Mapping[str, Any] | None = None) -> Any:
        self.queries.append(query)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return into.model_validate(answer)

    async def claimed(self, upstream_ids: Iterable[str]) -> Mapping[str, datetime | None]:
        return {name: self.taken[name] for name in upstream_ids if name in self.taken}

    def now(self) -> datetime:
        return NOW


def post(name: str, *, seconds: float = 1, content: str = "A", accounts: str = "ab") -> Any:
    return {
        "id": name,
        "content": content,
        "status": "draft",
        "createdAt": (NOW + timedelta(seconds=seconds)).isoformat(),
        "platforms": [{"platform": "twitter", "accountId": account} for account in accounts],
    }


def page(*posts: Any, cursor: str | None = None) -> Any:
    return {"data": posts, "pagination": {"hasMore": cursor is not None, "nextCursor": cursor}}


async def found(call: Any, *, offset: timedelta | None = ZERO) -> str | None:
    created = await find_created(call, "A", ("a", "b"), Sent(NOW, lambda: offset))
    return created.id if created else None


async def test_post_with_the_same_text_and_accounts_made_then_is_it() -> None:
    others = [post("p1", content="B"), post("p2", accounts="a"), post("p3", seconds=-600)]
    assert await found(Looks(page(post("p0"), *others))) == "p0"


async def test_post_of_another_intent_is_not_it() -> None:
    assert await found(Looks(page(post("p0"), post("p1", seconds=5)), claimed={"p0": None})) == "p1"
    assert await found(Looks(page(post("p0")), claimed={"p0": None})) is None


async def test_nearest_in_time_of_several_is_it() -> None:
    assert await found(Looks(page(post("p9", seconds=90), post("p1")))) == "p1"


async def test_post_made_much_later_is_not_it() -> None:
    assert await found(Looks(page(post("p0", seconds=3600)))) is None


async def test_upstream_clock_that_is_ahead_is_allowed_for() -> None:
    hour = timedelta(hours=1)
    assert await found(Looks(page(post("p0", seconds=3600))), offset=hour) == "p0"


async def test_known_clock_leaves_little_room_before() -> None:
    assert await found(Looks(page(post("p0", seconds=-5)))) == "p0"
    assert await found(Looks(page(post("p0", seconds=-6)))) is None


@pytest.mark.parametrize("offset", [None, ZERO, timedelta(seconds=250)])
async def test_other_post_of_ours_tells_how_their_clock_differs(offset: timedelta | None) -> None:
    measured = {"p1": NOW - timedelta(seconds=60)}
    ours, first = post("p0", seconds=301), post("p1", seconds=240, content="B")
    assert await found(Looks(page(ours, first), claimed=measured), offset=offset) == "p0"
    twin = post("p2", seconds=200)
    assert await found(Looks(page(first, twin), claimed=measured), offset=None) is None


async def test_twin_on_which_clocks_disagree_is_nobody_s_for_sure() -> None:
    measured = {"p1": NOW - timedelta(seconds=60)}
    first = post("p1", seconds=240, content="B")
    with pytest.raises(Unsettled) as raised:
        await found(Looks(page(first, post("p0", seconds=1)), claimed=measured))
    assert raised.value.retry == "never"


@pytest.mark.parametrize("seconds", [-200, 1, 100, 4000])
async def test_twin_is_nobody_s_for_sure_where_nothing_tells_their_time(seconds: float) -> None:
    with pytest.raises(Unsettled):
        await found(Looks(page(post("p0", seconds=seconds))), offset=None)
    assert await found(Looks(page(post("p0", content="B"))), offset=None) is None


@given(
    seconds=st.floats(-2000, 2000),
    skew=st.integers(-4000, 4000).map(lambda s: timedelta(seconds=s)),
)
def test_post_is_ours_exactly_if_it_was_made_then_by_their_clock(
    seconds: float, skew: timedelta
) -> None:
    made = post("p0", seconds=seconds)
    name = anyio.run(partial(found, Looks(page(made)), offset=skew))
    off = datetime.fromisoformat(made["createdAt"]) - NOW - skew
    assert (name == "p0") is (timedelta(seconds=-5) <= off <= timedelta(minutes=15))


async def test_looking_goes_through_pages_until_older_posts_come() -> None:
    newer = [post(f"n{n}", seconds=9000) for n in range(3)]
    call = Looks(page(*newer, cursor="2"), page(post("p0"), post("o", seconds=-900), cursor="3"))
    assert await found(call) == "p0"
    assert [query and query["cursor"] for query in call.queries] == [None, "2"]


async def test_more_posts_than_can_be_looked_through_leave_it_open() -> None:
    call = Looks(*(page(post("n", content="B"), cursor="more") for _ in range(20)))
    with pytest.raises(Unsettled):
        await found(call)


async def test_list_without_instants_leaves_it_open() -> None:
    with pytest.raises(Unsettled):
        await found(Looks(page(post("p0") | {"createdAt": None})))


async def test_list_that_names_only_platforms_is_matched_by_text() -> None:
    assert await found(Looks(page(post("p0") | {"platforms": ["TWITTER"]}))) == "p0"


@pytest.mark.parametrize(
    ("status", "due_s", "is_done"),
    [
        ("draft", None, False),
        ("pending_approval", None, False),
        ("approved", None, False),
        ("cancelled", None, False),
        ("scheduled", 10, True),
        ("scheduled", 3600, False),
        ("scheduled", None, False),
        ("PUBLISHING", None, True),
        ("published", None, True),
        ("partial", None, True),
        ("failed", None, True),
        ("something_new", None, True),
    ],
)
async def test_publish_is_done_when_the_post_is_beyond_it(
    status: str,
    due_s: float | None,
    is_done: bool,  # noqa: FBT001 because it is a column of the table above
) -> None:
    due = (NOW + timedelta(seconds=due_s)).isoformat() if due_s is not None else None
    call: Any = Looks(post("p0") | {"status": status, "scheduledFor": due})
    assert (await find_published(call, "p0", Sent(NOW, lambda: None)) is not None) is is_done


async def probed(*answers: Any) -> Mapping[str, Any]:
    assert FAMILY.probe is not None
    call: Any = Looks(*answers)
    return await FAMILY.probe(call)


async def test_probe_tells_the_workspace_and_plan() -> None:
    told = await probed({"workspaceId": "w", "plan": "PRO", "somethingNew": 1})
    assert told == {"workspace_id": "w", "plan": "pro"}


@pytest.mark.parametrize("code", ["not_found", "forbidden"])
async def test_probe_without_auth_me_reads_accounts_instead(code: Any) -> None:
    assert await probed(Refused("no", code=code), page()) == {}


async def test_probe_with_a_bad_key_says_so() -> None:
    with pytest.raises(Refused):
        await probed(Refused("no", code="unauthorized"))
    with pytest.raises(Broken):
        await probed(Broken("no"))

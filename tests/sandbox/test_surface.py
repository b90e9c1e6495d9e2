from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import anyio
import httpx2
import pytest

from callpost_sandbox.clock import SandboxClock, real_now
from callpost_sandbox.faults import HUGE_BYTES, Fault
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import DEMO_AGENT_ID, VocobaseWorld

START = {"agent_id": DEMO_AGENT_ID, "to_number": "+12025550199"}


def vocobase(now: list[float] | None = None, **settings: Any) -> VocobaseWorld:
    whole = SandboxSettings(speed=0, **settings)
    clock = SandboxClock(speed=0)
    if now is None:
        return VocobaseWorld(whole, clock)
    return VocobaseWorld(whole, clock, lambda: now[0])


def client_of(world: VocobaseWorld, key: str | None = None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(world.app),
        base_url="http://127.0.0.1/api/v2",
        headers={"Authorization": f"Bearer {key or world.settings.vocobase_key}"},
    )


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic rg_live_sandbox_0000000000000000",
        "rg_live_sandbox_0000000000000000",
        "Bearer rg_live_other",
        "Bearer vb_live_sandbox_0000000000000000",
    ],
)
async def test_a_missing_or_wrong_key_is_unauthorized(header: str) -> None:
    world = vocobase()
    async with client_of(world) as client:
        answer = await client.get("/config", headers={"Authorization": header})
    assert answer.status_code == 401
    error = answer.json()
    assert (error["success"], error["error"]["code"]) == (False, "UNAUTHORIZED")


async def test_calls_and_everything_else_have_limits_of_their_own() -> None:
    now = [0.0]
    world = vocobase(now)
    async with client_of(world) as client:
        calls = [(await client.get("/calls")).status_code for _ in range(10)]
        over = await client.get("/calls/concurrency")
        general = [(await client.get("/projects")).status_code for _ in range(61)]
        now[0] = 59.9
        still = await client.post("/calls/start", json=START)
        now[0] = 60.0
        free = await client.post("/calls/start", json=START)
    assert calls == [200] * 10
    assert general == [200] * 60 + [429]
    assert over.json()["error"]["code"] == "LIMIT_REACHED"
    names = {name.lower() for name in over.headers}
    assert not names & {"retry-after", "x-ratelimit-limit", "x-ratelimit-reset"}
    assert (still.status_code, free.status_code) == (429, 200)
    assert world.journal.refused_by_limit == 3


async def test_browser_sessions_have_a_limit_of_their_own() -> None:
    world = vocobase([0.0], webrtc_limit=1)
    async with client_of(world) as client:
        body = {"agent_id": DEMO_AGENT_ID}
        statuses = [
            (await client.post("/sessions/webrtc", json=body)).status_code for _ in range(2)
        ]
    assert statuses == [200, 429]


async def test_a_fault_before_the_application_leaves_no_effect() -> None:
    world = vocobase()
    world.faults.add(Fault(path_pattern="/calls/start", status=503, retry_after=7))
    async with client_of(world) as client:
        lost = await client.post("/calls/start", json=START)
        untouched = await client.get("/calls")
    assert (lost.status_code, lost.headers["Retry-After"]) == (503, "7")
    assert lost.json()["success"] is False
    assert untouched.status_code == 200
    assert world.journal.effects("call") == []
    assert (world.journal.requests[0].status, world.journal.requests[0].fault) == (
        0,
        "before:status",
    )


async def test_a_fault_after_the_application_spoils_the_answer_of_a_real_effect() -> None:
    world = vocobase()
    for kind in ("status", "html", "empty", "garbage", "huge", "truncated_json"):
        fault = {"method": "POST", "path_pattern": "/projects", "when": "after", "kind": kind}
        world.faults.add(Fault.model_validate(fault))
    async with client_of(world) as client:
        answers = [await client.post("/projects", json={"name": "A"}) for _ in range(7)]
    assert len(world.journal.effects("project")) == 7
    status, html, empty, garbage, huge, cut, whole = answers
    assert (status.status_code, status.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert (html.status_code, html.headers["Content-Type"]) == (500, "text/html")
    assert empty.content == b""
    assert garbage.content.startswith(b"\x00\xff")
    assert (len(huge.content), huge.json().keys()) == (HUGE_BYTES, {"padding"})
    assert (cut.status_code, whole.content.startswith(cut.content[:20])) == (201, True)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        cut.json()


async def test_a_fault_is_met_as_often_as_planned_and_can_be_forgotten() -> None:
    world = vocobase()
    world.faults.add(Fault(times=2))
    async with client_of(world) as client:
        assert [(await client.get("/config")).status_code for _ in range(3)] == [500, 500, 200]
        world.faults.add(Fault())
        world.faults.clear()
        assert (await client.get("/config")).status_code == 200


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_delay_changes_nothing_but_time(when: str) -> None:
    world = vocobase(response_delay_s=0.001)
    world.faults.add(Fault.model_validate({"kind": "delay", "delay_s": 0.001, "when": when}))
    async with client_of(world) as client:
        answer = await client.post("/calls/start", json=START)
    assert answer.status_code == 200
    assert len(world.journal.effects("call")) == 1


async def test_an_effect_stands_although_its_client_has_gone() -> None:
    world = vocobase()
    world.faults.add(
        Fault.model_validate({"when": "after", "kind": "delay", "delay_s": 3600, "method": "POST"})
    )
    async with client_of(world) as client:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:

                async def start() -> None:
                    await client.post("/calls/start", json=START)

                tasks.start_soon(start)
                while not world.journal.effects("call"):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        assert (await client.get("/calls")).json()["data"]["total"] == 1


async def test_another_process_can_read_the_journal_plan_faults_and_move_time() -> None:
    world = vocobase()
    async with client_of(world, key="none") as stranger, client_of(world) as client:
        origin = "http://127.0.0.1/_sandbox"
        planned = await stranger.post(f"{origin}/faults", json={"path_pattern": "/calls/start"})
        assert planned.json() == {"planned": 1}
        lost = await client.post(
            "/calls/start", json=START, headers={"Idempotency-Key": "k", "X-Secret": "s"}
        )
        assert lost.status_code == 500
        await stranger.post(f"{origin}/faults", json={})
        assert (await stranger.delete(f"{origin}/faults")).json() == {"planned": 0}
        started = (await client.post("/calls/start", json=START)).json()["data"]
        before = world.clock.now()
        moved = await stranger.post(f"{origin}/advance", json={"seconds": 60})
        assert moved.json() == {"now": before + 60}
        details = await client.get(f"/calls/{started['call_id']}")
        assert details.json()["data"]["status"] == "completed"
        journal = (await stranger.get(f"{origin}/journal")).json()
    assert journal["statuses"] == {"0": 1, "200": 2}
    assert journal["requests"][0]["idempotency_key"] == "k"
    assert ["call", started["call_id"]] in journal["effects"]
    assert "+12025550199" not in str(journal)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "faults", {"kind": "fire"}, 400),
        ("POST", "faults", {"colour": "red"}, 400),
        ("POST", "advance", {"seconds": -1}, 400),
        ("GET", "faults", None, 404),
        ("POST", "else", {}, 404),
    ],
)
async def test_a_wrong_command_is_refused(method: str, path: str, body: Any, status: int) -> None:
    async with client_of(vocobase()) as client:
        answer = await client.request(method, f"http://127.0.0.1/_sandbox/{path}", json=body)
    assert answer.status_code == status


async def test_a_new_call_stays_out_of_the_list_while_the_list_lags() -> None:
    world = vocobase(list_lag_s=30, list_order="oldest", calls_limit=100)
    async with client_of(world) as client:
        ids = [
            (await client.post("/calls/start", json=START)).json()["data"]["call_id"]
            for _ in range(2)
        ]
        assert (await client.get("/calls")).json()["data"]["total"] == 0
        assert (await client.get(f"/calls/{ids[0]}")).status_code == 200
        world.clock.advance(30)
        listed = (await client.get("/calls")).json()["data"]["calls"]
    assert [call["call_id"] for call in listed] == ids


async def test_instants_stay_with_the_calendar_however_fast_lives_run() -> None:
    settings = SandboxSettings(speed=1_000_000, clock_offset_s=-3600)
    world = VocobaseWorld(settings, SandboxClock(speed=1_000_000, offset_s=-3600))
    async with client_of(world) as client:
        started = (await client.post("/calls/start", json=START)).json()["data"]
        answer = await client.get(f"/calls/{started['call_id']}")
    created_at = datetime.fromisoformat(answer.json()["data"]["created_at"]).timestamp()
    said_at = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert created_at == pytest.approx(real_now() - 3600, abs=60)
    assert said_at == pytest.approx(created_at, abs=60)

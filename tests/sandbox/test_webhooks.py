import hashlib
import hmac
import json

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callpost_sandbox.clock import SandboxClock
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import DEMO_AGENT_ID, VocobaseWorld
from callpost_sandbox.webhooks import Outbox, is_loopback, sign_vocobase, sign_voxburst

HOOK = "http://127.0.0.1:9/hook"


class Receiver:
    """A receiver that answers what it was told to, in order, and keeps what it got."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.got: list[tuple[bytes, httpx2.Headers]] = []
        app = Starlette(routes=[Route("/hook", self.hook, methods=["POST"])])
        self.transport = httpx2.ASGITransport(app)

    async def hook(self, request: Request) -> Response:
        self.got.append((await request.body(), httpx2.Headers(request.headers.raw)))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204)


def outbox(receiver: Receiver) -> Outbox:
    clock = SandboxClock(speed=0)
    return Outbox(sign_vocobase, clock, speed=0, transport=receiver.transport)


async def test_a_delivery_is_tried_four_times_and_then_dropped() -> None:
    receiver = Receiver(500, 404, 302, 503, 200)
    box = outbox(receiver)
    box.post(HOOK, "whsec_1", b"{}")
    with anyio.fail_after(5):
        await box.flush()
    assert [attempt.status for attempt in box.attempts] == [500, 404, 302, 503]
    assert [attempt.number for attempt in box.attempts] == [1, 2, 3, 4]


async def test_a_taken_delivery_is_not_repeated() -> None:
    receiver = Receiver(500, 204)
    box = outbox(receiver)
    box.post(HOOK, "whsec_1", b"{}")
    with anyio.fail_after(5):
        await box.flush()
    assert [attempt.delivered for attempt in box.attempts] == [False, True]


async def test_a_dead_receiver_is_an_attempt_without_a_status() -> None:
    def dead(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    clock = SandboxClock(speed=0)
    box = Outbox(sign_vocobase, clock, speed=0, delays_s=(), transport=httpx2.MockTransport(dead))
    box.post(HOOK, "whsec_1", b"{}")
    with anyio.fail_after(5):
        await box.flush()
    assert [attempt.status for attempt in box.attempts] == [0]


async def test_nothing_is_sent_off_this_machine() -> None:
    receiver = Receiver()
    box = outbox(receiver)
    box.post("https://example.com/hook", "whsec_1", b"{}")
    with anyio.fail_after(5):
        await box.flush()
    assert receiver.got == []
    assert [attempt.status for attempt in box.attempts] == [-1]


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8/a", True),
        ("http://[::1]/a", True),
        ("http://localhost/a", True),
        ("http://127.0.0.1.example.com/a", False),
        ("http://127.0.0.1@example.com/a", False),
        ("http://10.0.0.1/a", False),
        ("nonsense", False),
    ],
)
def test_loopback_is_recognised_by_address(url: str, *, loopback: bool) -> None:
    assert is_loopback(url) is loopback


def test_voxburst_signs_the_body_alone() -> None:
    digest = hmac.new(b"secret", b"{}", hashlib.sha256).hexdigest()
    assert sign_voxburst("secret", b"{}", 0) == {"X-VoxBurst-Signature": f"sha256={digest}"}


async def test_the_end_of_a_call_is_told_signed_to_every_enabled_endpoint() -> None:
    receiver = Receiver(500)
    settings = SandboxSettings(speed=0)
    world = VocobaseWorld(settings, SandboxClock(speed=0), transport=receiver.transport)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(world.app),
        base_url="http://127.0.0.1/api/v2",
        headers={"Authorization": f"Bearer {settings.vocobase_key}"},
    ) as client:
        hooks = [{"label": "on", "url": HOOK}, {"label": "off", "url": HOOK, "enabled": False}]
        made = [(await client.post("/config/webhooks", json=hook)).json()["data"] for hook in hooks]
        body = {"agent_id": DEMO_AGENT_ID, "to_number": "+12025550104", "variables": {"n": 1}}
        started = (await client.post("/calls/start", json=body)).json()["data"]
        await client.post("/sessions/webrtc", json={"agent_id": DEMO_AGENT_ID})
        world.clock.advance(30)
        world.settle()
        with anyio.fail_after(5):
            await world.outbox.flush()
        config = (await client.get("/config")).json()["data"]
        world.clock.advance(60)
        world.settle()
        with anyio.fail_after(5):
            await world.outbox.flush()
    lost, raw, browser = receiver.got
    assert lost[0] == raw[0]
    stamp = raw[1]["X-Webhook-Timestamp"].encode()
    digest = hmac.new(made[0]["secret"].encode(), stamp + b"." + raw[0], hashlib.sha256).hexdigest()
    assert raw[1]["X-Webhook-Signature"] == f"sha256={digest}"
    event = json.loads(raw[0])
    assert event["event"] == "session.completed"
    data = event["data"]
    assert (data["session_id"], data["variables"]) == (started["session_id"], {"n": "1"})
    assert data["processing_complete"] is True
    assert data["call"]["call_id"] == started["call_id"]
    assert (data["call"]["disposition"], data["call"]["answered_by"]) == ("voicemail", "machine")
    assert "call" not in json.loads(browser[0])["data"]
    assert config["webhooks"][0]["last_delivery_status"] == "success"
    assert config["webhooks"][1]["last_delivery_at"] is None
    assert world.journal.effects("webhook") == [("webhook", made[0]["id"])] * 2

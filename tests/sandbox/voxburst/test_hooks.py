import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx2
import pytest

from callpost_sandbox.clock import SandboxClock
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.voxburst import VoxburstWorld

Ask = Callable[..., Any]
Body = Callable[..., dict[str, Any]]
RECEIVER = "http://127.0.0.1:9/hook"


class Receiver:
    """A webhook receiver in place of a socket."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[httpx2.Request] = []
        self.came = anyio.Event()
        self.transport = httpx2.MockTransport(self.take)

    def take(self, request: httpx2.Request) -> httpx2.Response:
        self.got.append(request)
        self.came.set()
        return httpx2.Response(self.status)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.got]


@pytest.fixture
async def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def world(receiver: Receiver) -> VoxburstWorld:
    settings = SandboxSettings(speed=0)
    return VoxburstWorld(settings, SandboxClock(speed=0), transport=receiver.transport)


async def deliver(world: VoxburstWorld) -> None:
    world.settle()
    with anyio.fail_after(5):
        await world.state.outbox.flush()


async def test_events_are_signed_over_the_raw_body_in_upper_case(
    world: VoxburstWorld, receiver: Receiver, ask: Ask, body: Body
) -> None:
    hook = await ask("POST", "/webhooks", {"url": RECEIVER, "events": ["post.published"]})
    post = await ask("POST", "/posts", body("twitter", "linkedin", content="[fail:linkedin]"))
    world.state.clock.advance(2)
    await deliver(world)
    (request,) = receiver.got
    digest = hmac.new(hook["secret"].encode(), request.content, hashlib.sha256).hexdigest()
    assert request.headers["X-VoxBurst-Signature"] == f"sha256={digest}"
    (event,) = receiver.events
    assert event["type"] == "post.published"
    assert event["data"]["id"] == post["id"]
    assert event["data"]["status"] == "PARTIAL"
    states = {row["platform"]: row["status"] for row in event["data"]["platforms"]}
    assert states == {"TWITTER": "PUBLISHED", "LINKEDIN": "FAILED"}
    assert (await ask("GET", f"/webhooks/{hook['id']}"))["lastDeliveryAt"] is not None


async def test_a_star_subscribes_to_everything_and_a_disabled_hook_to_nothing(
    world: VoxburstWorld, receiver: Receiver, ask: Ask, body: Body
) -> None:
    hook = await ask("POST", "/webhooks", {"url": RECEIVER, "events": ["*"]})
    await ask("POST", "/posts", body(scheduledFor="2099-01-01T00:00:00Z"))
    await deliver(world)
    assert {event["type"] for event in receiver.events} == {"post.created", "post.scheduled"}
    await ask("PATCH", f"/webhooks/{hook['id']}", {"enabled": False})
    await ask("POST", "/posts", body(saveAsDraft=True))
    await deliver(world)
    assert len(receiver.got) == 2


async def test_the_secret_is_shown_once(ask: Ask, refused: Callable[..., Any]) -> None:
    hook = await ask("POST", "/webhooks", {"url": RECEIVER, "events": ["*"]})
    assert hook["secret"]
    assert "secret" not in await ask("GET", f"/webhooks/{hook['id']}")
    (listed,) = (await ask("GET", "/webhooks"))["data"]
    assert "secret" not in listed
    await ask("DELETE", f"/webhooks/{hook['id']}")
    assert await refused("GET", f"/webhooks/{hook['id']}") == (404, "NOT_FOUND")


async def test_a_test_delivery_tells_a_refusal_by_the_receiver_with_200(
    receiver: Receiver, ask: Ask, refused: Callable[..., Any]
) -> None:
    hook = await ask("POST", "/webhooks", {"url": RECEIVER, "events": ["*"]})
    wish = {"webhookId": hook["id"]}
    assert (await ask("POST", "/webhooks/test", wish))["data"]["success"] is True
    receiver.status = 500
    outcome = (await ask("POST", "/webhooks/test", wish))["data"]
    assert (outcome["success"], outcome["statusCode"]) == (False, 500)
    await ask("PATCH", f"/webhooks/{hook['id']}", {"enabled": False})
    assert await refused("POST", "/webhooks/test", wish) == (409, "CONFLICT")


async def test_nothing_is_sent_beyond_loopback(receiver: Receiver, ask: Ask) -> None:
    hook = await ask("POST", "/webhooks", {"url": "https://a.example/h", "events": ["*"]})
    outcome = (await ask("POST", "/webhooks/test", {"webhookId": hook["id"]}))["data"]
    assert outcome["success"] is False
    assert outcome["statusCode"] is None
    assert receiver.got == []


@pytest.mark.parametrize(
    "wish", [{"url": "x", "events": ["*"]}, {"url": RECEIVER, "events": ["post.partial"]}]
)
async def test_a_wrong_subscription_is_refused(
    refused: Callable[..., Any], wish: dict[str, Any]
) -> None:
    assert await refused("POST", "/webhooks", wish) == (400, "VALIDATION_ERROR")


async def test_time_acts_and_deliveries_leave_without_a_request(
    world: VoxburstWorld, receiver: Receiver, ask: Ask, body: Body
) -> None:
    await ask("POST", "/webhooks", {"url": RECEIVER, "events": ["post.published"]})
    await ask("POST", "/posts", body())
    world.state.clock.advance(2)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.run)
            await receiver.came.wait()
            tasks.cancel_scope.cancel()
    assert receiver.events[0]["type"] == "post.published"

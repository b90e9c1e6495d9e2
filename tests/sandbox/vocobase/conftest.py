from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.clock import SandboxClock
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import VocobaseWorld


@pytest.fixture
def world() -> VocobaseWorld:
    """A world whose clock stands still until it is advanced, with room for any test's requests."""
    settings = SandboxSettings(speed=0, general_limit=1000, calls_limit=1000)
    return VocobaseWorld(settings, SandboxClock(speed=0))


@pytest.fixture
async def client(world: VocobaseWorld) -> AsyncGenerator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(world.app),
        base_url="http://127.0.0.1/api/v2",
        headers={"Authorization": f"Bearer {world.settings.vocobase_key}"},
    ) as client:
        yield client


@pytest.fixture
def ask(client: httpx2.AsyncClient) -> Callable[..., Awaitable[Any]]:
    """Send a request that has to succeed, and return its data."""

    async def ask(method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = await client.request(method, path, json=body, params=query)
        assert answer.is_success, answer.text
        envelope = answer.json()
        assert envelope["success"] is True
        return envelope["data"]

    return ask

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from callpost_sandbox.clock import SandboxClock
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.voxburst import ACCOUNT_IDS, VoxburstWorld


@pytest.fixture
def make() -> Callable[..., VoxburstWorld]:
    """Make a world whose two times stand still: the clock until advanced, real time for good."""

    def make(**settings: Any) -> VoxburstWorld:
        known = SandboxSettings.model_validate({"speed": 0, "plan": "agency", **settings})
        return VoxburstWorld(known, SandboxClock(speed=0), lambda: 1_000.0)

    return make


@pytest.fixture
async def connect() -> AsyncGenerator[Callable[..., httpx2.AsyncClient]]:
    """Connect to a world inside the process, with its key unless another is given."""
    async with AsyncExitStack() as stack:

        def connect(world: VoxburstWorld, key: str | None = None) -> httpx2.AsyncClient:
            key = world.state.settings.voxburst_key if key is None else key
            client = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(world.app),
                base_url="http://127.0.0.1/v1",
                headers={"Authorization": f"Bearer {key}"} if key else {},
            )
            stack.push_async_callback(client.aclose)
            return client

        yield connect


@pytest.fixture
def world(make: Callable[..., VoxburstWorld]) -> VoxburstWorld:
    return make()


@pytest.fixture
async def client(
    world: VoxburstWorld, connect: Callable[..., httpx2.AsyncClient]
) -> httpx2.AsyncClient:
    return connect(world)


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    """Write the body of a create for some platforms."""

    def body(*platforms: str, **more: Any) -> dict[str, Any]:
        ids = [ACCOUNT_IDS[platform] for platform in platforms or ("twitter",)]
        return {"content": "Hello", "accountIds": ids, **more}

    return body


@pytest.fixture
def ask(client: httpx2.AsyncClient) -> Callable[..., Awaitable[Any]]:
    """Send a request that has to succeed, and return its body."""

    async def ask(method: str, path: str, content: Any = None, **query: Any) -> Any:
        answer = await client.request(method, path, json=content, params=query)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    return ask


@pytest.fixture
def refused(client: httpx2.AsyncClient) -> Callable[..., Awaitable[Any]]:
    """Send a request that has to be refused, and return status and code."""

    async def refused(method: str, path: str, content: Any = None, **query: Any) -> Any:
        answer = await client.request(method, path, json=content, params=query)
        return answer.status_code, answer.json()["error"]["code"]

    return refused

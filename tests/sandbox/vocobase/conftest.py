import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from jsonschema import Draft202012Validator

from callpost_sandbox.clock import SandboxClock
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import VocobaseWorld
from callpost_sandbox.vocobase.gate import PREFIX

CONTRACT = Path(__file__).parents[3] / "docs" / "contracts" / "vocobase.openapi.yaml"


class Contract:
    """The documented answers, and whether an answer is one of them."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.components: dict[str, Any] = document["components"]
        self.operations: dict[tuple[str, str], dict[str, Any]] = {
            (method.upper(), path): operation
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }

    async def check(self, answer: httpx2.Response) -> None:
        """Fail unless status and body of an answer of a known operation are documented."""
        operation = self._operation(answer.request)
        if operation is None:
            return
        await answer.aread()
        wanted = "2XX" if answer.is_success else str(answer.status_code)
        assert wanted in operation["responses"], f"undocumented: {answer.status_code}"
        if answer.is_success:
            assert answer.status_code == operation["x-sandbox-status"]
        documented: dict[str, Any] = operation["responses"][wanted]
        if "$ref" in documented:
            documented = self.components["responses"][documented["$ref"].rpartition("/")[2]]
        schema = documented["content"]["application/json"]["schema"]
        whole = {**schema, "components": self.components}
        validator: Any = Draft202012Validator(whole)  # Any: its stubs are only partly typed
        problems = [error.message for error in validator.iter_errors(answer.json())]
        assert problems == []

    def _operation(self, request: httpx2.Request) -> dict[str, Any] | None:
        path = request.url.path.removeprefix(PREFIX)
        fixed_first = sorted(self.operations.items(), key=lambda one: one[0][1].count("{"))
        for (method, template), operation in fixed_first:
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
            if method == request.method and re.fullmatch(pattern, path):
                return operation
        return None


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract(yaml.safe_load(CONTRACT.read_text("utf-8")))


@pytest.fixture
def documented(contract: Contract) -> set[tuple[str, str]]:
    """Method and path of every operation in the contract."""
    return set(contract.operations)


@pytest.fixture
def world() -> VocobaseWorld:
    """A world whose clock stands still until it is advanced, with room for any test's requests."""
    settings = SandboxSettings(speed=0, general_limit=1000, calls_limit=1000)
    return VocobaseWorld(settings, SandboxClock(speed=0))


@pytest.fixture
async def client(world: VocobaseWorld, contract: Contract) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client that checks every answer against the contract."""
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(world.app),
        base_url="http://127.0.0.1/api/v2",
        headers={"Authorization": f"Bearer {world.settings.vocobase_key}"},
        event_hooks={"response": [contract.check]},
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

"""The whole of Callpost without sockets: the real engine and ledger over the sandbox's apps.

Tests say what an agent calls and look at what the upstream did::

    async with harness() as h:
        answer = await h.run("start_call", {"agent_id": AGENT, "to_number": "+14155550111"})
        assert answer["ok"]
"""

import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx2

from callpost.assembly import Callpost, assemble
from callpost.engine import Turn
from callpost.toolset import Family
from callpost_sandbox.serve import Sandbox, build_apps
from callpost_sandbox.settings import SandboxSettings

ORIGIN = "http://127.0.0.1"
VOCOBASE = f"{ORIGIN}:1001"
VOXBURST = f"{ORIGIN}:1002"


@dataclass
class FakeClock:
    """Time that passes only by sleeping, at once; the sandbox's real time follows it."""

    instant: float = 0.0
    slept: list[float] = field(default_factory=list[float])
    while_asleep: Callable[[float], None] | None = None

    def now(self) -> float:
        return self.instant

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        await anyio.lowlevel.checkpoint()

    def advance(self, seconds: float) -> None:
        self.instant += seconds
        if self.while_asleep is not None:
            self.while_asleep(seconds)


class Lossy(httpx2.AsyncBaseTransport):
    """An app behind a line that can lose requests or answers."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self.requests: list[httpx2.Request] = []
        self.lose_answers = 0
        self.lose_requests = 0
        self.refuse_connections = 0
        self.only: str | None = None
        """Lose only requests whose «METHOD path» contains this."""
        self.replies: list[httpx2.Response] = []
        """Answers given instead of the app's, which is not asked."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        applies = self.only is None or self.only in f"{request.method} {request.url.path}"
        if applies and self.refuse_connections:
            self.refuse_connections -= 1
            raise httpx2.ConnectError("refused", request=request)
        self.requests.append(request)
        if applies and self.replies:
            return self.replies.pop(0)
        if applies and self.lose_requests:
            self.lose_requests -= 1
            raise httpx2.ReadError("reset", request=request)
        response = await self._inner.handle_async_request(request)
        if applies and self.lose_answers:
            self.lose_answers -= 1
            await response.aread()
            raise httpx2.RemoteProtocolError("cut", request=request)
        return response

    def sent(self, method: str, path_end: str) -> list[httpx2.Request]:
        """The requests of this method whose path ends so."""
        return [r for r in self.requests if r.method == method and r.url.path.endswith(path_end)]


@dataclass
class Harness:
    """Everything a test may look at."""

    callpost: Callpost
    sandbox: Sandbox
    clock: FakeClock
    vocobase: Lossy
    voxburst: Lossy
    state: Path
    progress: list[str] = field(default_factory=list[str])

    async def run(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        client_key: str | None = None,
    ) -> dict[str, Any]:
        """One tool call as a model makes it, of any tool there is; the answer as it gets it."""
        tool = self.callpost.catalog.find(name)
        assert tool is not None, f"no tool {name}"

        async def told(message: str, done: float, total: float | None) -> None:
            self.progress.append(message)

        turn = Turn(client_key=client_key, progress=told)
        with anyio.fail_after(20):
            answer = await self.callpost.engine.run(tool, arguments, turn)
        return dict(answer.content)


@asynccontextmanager
async def harness(
    *,
    sandbox: SandboxSettings | None = None,
    state: Path | None = None,
    share: Harness | None = None,
    families: list[Family] | None = None,
    **environ: str,
) -> AsyncGenerator[Harness]:
    """A Callpost on a new ledger (or `state`) and a new sandbox (or another harness's world).

    Args:
        sandbox: The sandbox's settings; by default its life cycles move with the clock alone.
        state: The ledger's file.
        share: Another harness, whose sandbox, clock and ledger this one shares: a second process.
        families: Instead of the installed ones.
        environ: More environment.
    """
    async with AsyncExitStack() as stack:
        if share is not None:
            clock, box, state = share.clock, share.sandbox, share.state
        else:
            clock = FakeClock()
            box = build_apps(sandbox or SandboxSettings(speed=0), now=clock.now)
            clock.instant = box.clock.wall()
            clock.while_asleep = box.clock.advance
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            state = state or Path(folder) / "ledger.sqlite3"
        vocobase, voxburst = Lossy(box.vocobase.app), Lossy(box.voxburst.app)
        env = {
            "VOCOBASE_API_KEY": box.vocobase_key,
            "VOCOBASE_API_URL": f"{VOCOBASE}/api/v2",
            "VOXBURST_API_KEY": box.voxburst_key,
            "VOXBURST_API_URL": f"{VOXBURST}/v1",
            "CALLPOST_STATE": str(state),
        }
        callpost = assemble(
            {k: v for k, v in (env | environ).items() if v},
            clock=clock,
            transports={VOCOBASE: vocobase, VOXBURST: voxburst},
            families=families,
        )
        try:
            yield Harness(callpost, box, clock, vocobase, voxburst, state)
        finally:
            await callpost.close()

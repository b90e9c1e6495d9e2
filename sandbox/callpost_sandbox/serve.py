"""Both sandboxes, with sockets (`serve_sandbox`) or without (`build_apps`)."""

import contextlib
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, replace

import anyio
import uvicorn
from starlette.types import ASGIApp

from callpost_sandbox.clock import SandboxClock, real_now
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import VocobaseWorld
from callpost_sandbox.voxburst import VoxburstWorld

__all__ = ["Sandbox", "build_apps", "serve_sandbox"]

_HOST = "127.0.0.1"
_START_S = 10.0
_STOP_S = 3.0


@dataclass(frozen=True)
class Sandbox:
    """Two worlds on one clock."""

    settings: SandboxSettings
    clock: SandboxClock
    vocobase: VocobaseWorld
    voxburst: VoxburstWorld
    vocobase_url: str = f"http://{_HOST}/api/v2"
    voxburst_url: str = f"http://{_HOST}/v1"

    @property
    def vocobase_key(self) -> str:
        """The key that Vocobase's sandbox takes."""
        return self.settings.vocobase_key

    @property
    def voxburst_key(self) -> str:
        """The key that VoxBurst's sandbox takes."""
        return self.settings.voxburst_key

    async def run(self) -> None:
        """Let time act in both worlds, until cancelled; `serve_sandbox` does it by itself."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.vocobase.run)
            tasks.start_soon(self.voxburst.run)


def build_apps(
    settings: SandboxSettings | None = None, *, now: Callable[[], float] = real_now
) -> Sandbox:
    """Build both applications without sockets.

    Args:
        settings: Everything that can be told; None takes the defaults.
        now: Real time for the rate windows; tests pass their own.
    """
    settings = settings or SandboxSettings()
    clock = SandboxClock(speed=settings.speed, offset_s=settings.clock_offset_s)
    return Sandbox(
        settings=settings,
        clock=clock,
        vocobase=VocobaseWorld(settings, clock, now),
        voxburst=VoxburstWorld(settings, clock, now),
    )


@contextlib.asynccontextmanager
async def serve_sandbox(
    settings: SandboxSettings | None = None, *, vocobase_port: int = 0, voxburst_port: int = 0
) -> AsyncGenerator[Sandbox]:
    """Serve both APIs on loopback while the context is open; port 0 takes a free one."""
    sandbox = build_apps(settings)
    raised: Exception | None = None
    with _listening(vocobase_port) as vocobase_socket, _listening(voxburst_port) as voxburst_socket:
        sandbox = replace(
            sandbox,
            vocobase_url=_url(vocobase_socket, "/api/v2"),
            voxburst_url=_url(voxburst_socket, "/v1"),
        )
        servers = [_Server(sandbox.vocobase.app), _Server(sandbox.voxburst.app)]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(servers[0].run_on, vocobase_socket)
            tasks.start_soon(servers[1].run_on, voxburst_socket)
            tasks.start_soon(sandbox.run)
            try:
                with anyio.fail_after(_START_S):
                    for server in servers:
                        await server.ready.wait()
                yield sandbox
            except Exception as error:  # noqa: BLE001 -- raised again below, outside the group that would wrap it
                raised = error
            finally:
                with anyio.move_on_after(_STOP_S, shield=True):
                    for server in servers:
                        server.should_exit = True
                    for server in servers:
                        await server.stopped.wait()
                for server in servers:
                    server.scope.cancel()
                tasks.cancel_scope.cancel()
    if raised is not None:
        raise raised


class _Server(uvicorn.Server):
    """A server that is a task among others: signals are its owner's business."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,  # the owner decides; by default warnings go to stderr
                log_level="warning",
                access_log=False,
                date_header=False,  # the surface gives the sandbox's own
                timeout_graceful_shutdown=1,
            )
        )
        self.ready = anyio.Event()
        self.stopped = anyio.Event()
        self.scope = anyio.CancelScope(shield=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the process's signal handlers alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.ready.set()

    async def run_on(self, listener: socket.socket) -> None:
        """Serve until told to stop, then say so.

        A cancellation of the owner does not reach the server, which would leave its connections
        behind: the owner tells it to stop, and cancels `scope` if it does not.
        """
        try:
            with self.scope:
                await self.serve(sockets=[listener])
        finally:
            self.stopped.set()


@contextlib.contextmanager
def _listening(port: int) -> Generator[socket.socket]:
    # Bound and listening before the server runs: the port is known, and early clients queue.
    # The protocol is named because asyncio turns off Nagle's delay only where it is.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(128)
        yield listener


def _url(listener: socket.socket, base: str) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}{base}"

"""A real server on stdio, real sandboxes on sockets, and a proxy that loses things between them."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio

from callpost_sandbox.faults import FaultPlan
from callpost_sandbox.proxy import FaultProxy
from callpost_sandbox.serve import Sandbox, serve_sandbox
from callpost_sandbox.settings import SandboxSettings
from deeds import WIDE
from processes.child import Child, child

TIMEOUT_S = 0.4
SETTLE_AFTER_S = 0.2
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cfc00000000301010018dd8db00000000049454e44ae426082"
)


@dataclass
class Faulty:
    """Both APIs behind proxies, and the environment of servers that use them."""

    box: Sandbox
    vocobase: FaultProxy
    voxburst: FaultProxy
    folder: Path
    env: dict[str, str] = field(default_factory=dict[str, str])

    def count(self, kind: str) -> int:
        """Effects of a kind upstream."""
        journals = (self.box.vocobase.journal, self.box.voxburst.journal)
        return sum(len(journal.effects(kind)) for journal in journals)

    def proxy(self, tool: str) -> FaultProxy:
        return self.vocobase if tool == "start_call" else self.voxburst

    def faults(self, tool: str) -> FaultPlan:
        return self.box.vocobase.faults if tool == "start_call" else self.box.voxburst.faults

    def file(self, name: str) -> str:
        """A file that may be uploaded; each name has another content."""
        path = self.folder / name
        path.write_bytes(PNG + name.encode())
        return str(path)


@asynccontextmanager
async def faulty(folder: Path, **environ: str) -> AsyncGenerator[Faulty]:
    settings = SandboxSettings(
        speed=100,
        calls_limit=100_000,
        general_limit=100_000,
        post_limit=100_000,
        active_calls=100_000,
    )
    await anyio.Path(folder).mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(serve_sandbox(settings))
        proxies: list[FaultProxy] = []
        for url in (box.vocobase_url, box.voxburst_url):
            parts = urlsplit(url)
            proxy = FaultProxy(parts.hostname or "", parts.port or 0)
            proxies.append(await stack.enter_async_context(proxy))
        vocobase, voxburst = proxies
        env = {
            "VOCOBASE_API_KEY": box.vocobase_key,
            "VOCOBASE_API_URL": f"{vocobase.url_base}/api/v2",
            "VOXBURST_API_KEY": box.voxburst_key,
            "VOXBURST_API_URL": f"{voxburst.url_base}/v1",
            "CALLPOST_STATE": str(folder / "state" / "ledger.sqlite3"),
            "CALLPOST_UPLOAD_DIRS": str(folder),
            "CALLPOST_TIMEOUT_S": str(TIMEOUT_S),
            "CALLPOST_SETTLE_AFTER_S": str(SETTLE_AFTER_S),
            "CALLPOST_MAX_WAIT_S": "0.5",
            "CALLPOST_LIMITS": WIDE,
        }
        yield Faulty(box, vocobase, voxburst, folder, env | environ)


@asynccontextmanager
async def server(w: Faulty, **environ: str) -> AsyncGenerator[Child]:
    async with child(env=w.env | environ) as running:
        await running.handshake()
        yield running


async def until_done(
    running: Child, tool: str, arguments: Mapping[str, Any], *, times: int = 4
) -> list[dict[str, Any]]:
    """Call as the answers say; they name the seconds, which are waited for."""
    answers: list[dict[str, Any]] = []
    for _ in range(times):
        answers.append(await running.call(tool, arguments))
        error = answers[-1].get("error")
        if error is None or error["retry"] != "same_arguments":
            break
        await anyio.sleep(min(error.get("retry_after_s", 0.0), 12.0))
    return answers

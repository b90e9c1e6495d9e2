"""How much of a limit many processes get through, and how many refusals they provoke.

Real processes share one ledger and send real requests to an upstream with a low limit and short
windows; the upstream counts. Run: `make bench-goodput`. Prints one row per case:
processes, window kind, goodput as a share of what the limit permits, refusals at the upstream.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route as HttpRoute

LIMIT = 30
WINDOW_S = 3.0
WINDOWS = 4


@dataclass
class Counter:
    """An upstream that does nothing but count, by a window of either kind."""

    kind: str
    granted: list[float] = field(default_factory=list[float])
    refused: int = 0
    log: deque[float] = field(default_factory=deque[float])
    start: float = 0.0
    used: int = 0

    def allows(self, now: float) -> bool:
        if self.kind == "sliding":
            while self.log and self.log[0] <= now - WINDOW_S:
                self.log.popleft()
            if len(self.log) >= LIMIT:
                return False
            self.log.append(now)
        else:
            if now >= self.start + WINDOW_S:
                self.start += WINDOW_S * ((now - self.start) // WINDOW_S)
                self.used = 0
            if self.used >= LIMIT:
                return False
            self.used += 1
        return True

    async def answer(self, request: Request) -> JSONResponse:
        now = anyio.current_time()
        if not self.allows(now):
            self.refused += 1
            body = {"success": False, "error": {"code": "LIMIT_REACHED", "message": "slow down"}}
            return JSONResponse(body, 429)
        self.granted.append(now)
        data: dict[str, object] = {"calls": [], "total": 0, "limit": 1, "offset": 0}
        if "/accounts" in request.url.path:
            return JSONResponse({"data": [], "pagination": {"hasMore": False}})
        return JSONResponse({"success": True, "data": data})

    def app(self) -> Starlette:
        return Starlette(routes=[HttpRoute("/{path:path}", self.answer, methods=["GET", "POST"])])


WORKER = """
import sys, anyio
from callpost.assembly import assemble
async def main():
    callpost = assemble()
    tool = callpost.catalog.find(sys.argv[1])
    async def one():
        while True:
            answer = await callpost.engine.run(tool, {})
            if not answer.content["ok"]:
                await anyio.sleep(answer.content["error"].get("retry_after_s", 1))
    async with anyio.create_task_group() as tasks:
        for _ in range(int(sys.argv[2])):
            tasks.start_soon(one)
anyio.run(main)
"""


async def measure(tool: str, processes: int, kind: str, *, kill_one: bool) -> tuple[float, int]:
    """Share of the permitted requests that were answered, and refusals."""
    import uvicorn  # noqa: PLC0415 because only the measuring side serves

    counter = Counter(kind)
    begin = end = 0.0
    answered = refused = 0
    server = uvicorn.Server(
        uvicorn.Config(counter.app(), port=0, log_level="error", access_log=False, lifespan="off")
    )
    with tempfile.TemporaryDirectory() as folder:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve)
            while not server.started:
                await anyio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            env = os.environ | {
                "VOCOBASE_API_KEY": "rg_live_bench",
                "VOCOBASE_API_URL": f"http://127.0.0.1:{port}",
                "VOXBURST_API_KEY": "vb_live_bench",
                "VOXBURST_API_URL": f"http://127.0.0.1:{port}",
                "CALLPOST_STATE": str(Path(folder) / "ledger.sqlite3"),
                "CALLPOST_MAX_WAIT_S": "20",
                "CALLPOST_LIMITS": (
                    f"vocobase.calls={LIMIT}/{WINDOW_S}s, voxburst.requests={LIMIT}/{WINDOW_S}s"
                ),
            }
            busy = str(max(2, 2 * LIMIT // processes))
            children = [
                subprocess.Popen([sys.executable, "-c", WORKER, tool, busy], env=env)  # noqa: ASYNC220 because it starts our own worker
                for _ in range(processes)
            ]
            while not counter.granted:
                await anyio.sleep(0.01)
            await anyio.sleep(WINDOW_S)  # the first window also holds the processes' start
            begin, refused = anyio.current_time(), counter.refused
            if kill_one:
                children[0].send_signal(signal.SIGKILL)
            await anyio.sleep(WINDOWS * WINDOW_S)
            end = anyio.current_time()
            for child in children:
                child.kill()
                child.wait()
            answered = sum(begin <= at < end for at in counter.granted)
            server.should_exit = True
    return answered / (LIMIT * (end - begin) / WINDOW_S), counter.refused - refused


async def main(cases: list[int]) -> None:
    print("| API | processes | window | goodput | 429s |")
    print("|---|---|---|---|---|")
    for tool, api in (("list_calls", "Vocobase"), ("list_accounts", "VoxBurst")):
        for kind in ("sliding", "fixed"):
            for processes in cases:
                share, refused = await measure(tool, processes, kind, kill_one=False)
                print(f"| {api} | {processes} | {kind} | {share:.3f} | {refused} |", flush=True)
    share, refused = await measure("list_calls", 4, "sliding", kill_one=True)
    print(f"| Vocobase | 4, one killed | sliding | {share:.3f} | {refused} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 4, 16])
    anyio.run(main, parser.parse_args().processes)

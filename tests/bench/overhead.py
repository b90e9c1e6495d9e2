"""One read over stdio against the same request by the HTTP client alone, and what a write adds.

Interleaved rounds on the sandbox over loopback. The write's figure is claim, departure, record and
finish on the ledger, against the same request sent bare. Run: `make bench`.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2

from callpost_sandbox.serve import Sandbox, serve_sandbox
from callpost_sandbox.settings import SandboxSettings

MANY = 1_000_000
WARM_UP = 30
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


class Server:
    """The stdio server, spoken to in bare JSON-RPC: a client library's cost is not ours."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "callpost"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(env),
        )
        self._ids = itertools.count(1)
        self.ask("initialize", INITIALIZE)
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps(message).encode() + b"\n")
        self.child.stdin.flush()

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        assert self.child.stdout is not None
        number = next(self._ids)
        self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            answer = json.loads(self.child.stdout.readline())
            if answer.get("id") == number:
                return answer["result"]

    def call(self, name: str, arguments: Mapping[str, Any]) -> None:
        answer = self.ask("tools/call", {"name": name, "arguments": arguments})
        assert not answer.get("isError"), answer

    def end(self) -> None:
        self.child.kill()
        self.child.wait()


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def _measure(sandbox: Sandbox, rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {
            "VOXBURST_API_KEY": sandbox.voxburst_key,
            "VOXBURST_API_URL": sandbox.voxburst_url,
            "CALLPOST_STATE": str(Path(folder) / "ledger.sqlite3"),
            "CALLPOST_LIMITS": f"voxburst.requests={MANY}/60s",
        }
        key = {"Authorization": f"Bearer {sandbox.voxburst_key}"}
        server = Server(env)
        figures: dict[str, list[float]] = {}
        with httpx2.Client(base_url=sandbox.voxburst_url, headers=key) as bare:
            account = bare.get("/accounts").json()["data"][0]["id"]
            for n in range(rounds + WARM_UP):
                plain = {"content": f"bare {n}", "accountIds": [account], "saveAsDraft": True}
                asked = {"content": f"server {n}", "account_ids": [account], "when": "draft"}
                ways: dict[str, Callable[[], object]] = {
                    "read, bare": lambda: bare.get("/accounts").json(),
                    "read, server": lambda: server.call("list_accounts", {}),
                    "write, bare": lambda p=plain: bare.post("/posts", json=p).json(),
                    "write, server": lambda a=asked: server.call("create_post", a),
                }
                for name, work in ways.items():
                    cost = _timed(work)
                    if n >= WARM_UP:
                        figures.setdefault(name, []).append(cost)
        server.end()
    return {name: statistics.median(costs) for name, costs in figures.items()}


async def main(rounds: int) -> None:
    box = SandboxSettings(general_limit=MANY, calls_limit=MANY, post_limit=MANY)
    async with serve_sandbox(box) as sandbox:
        median = await anyio.to_thread.run_sync(_measure, sandbox, rounds)
    print("| what | bare ms | over stdio ms | ratio | added ms |")
    print("|---|---|---|---|---|")
    for what in ("read", "write"):
        one, other = median[f"{what}, bare"], median[f"{what}, server"]
        print(f"| {what} | {one:.2f} | {other:.2f} | {other / one:.2f} | {other - one:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    anyio.run(main, parser.parse_args().rounds)

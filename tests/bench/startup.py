"""From spawning the stdio server to `initialize` answered, and the memory it then holds.

Interleaved runs of Callpost, of a bare server of the same SDK, and of any further command given as
`--other NAME COMMAND`. Prints medians and the ratio to Callpost. Run: `make bench`.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

BARE = """
import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
async def main():
    server = Server("bare")
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
anyio.run(main)
"""
INITIALIZE: dict[str, object] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}
LIST: dict[str, object] = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
SETTLED_S = 3.0


def once(command: list[str], env: dict[str, str]) -> tuple[float, float, float]:
    """Seconds to `initialize`, seconds to `tools/list`, MiB resident a while after."""
    begin = time.perf_counter()
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        _ask(child, INITIALIZE)
        initialized = time.perf_counter() - begin
        child.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        _ask(child, LIST)
        listed = time.perf_counter() - begin
        _pause(SETTLED_S)
        resident = _resident(child.pid)
    finally:
        child.stdin.close()
        child.kill()
        child.wait()
    return initialized, listed, resident


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def _ask(child: "subprocess.Popen[bytes]", message: dict[str, object]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(message).encode() + b"\n")
    child.stdin.flush()
    while True:
        line = child.stdout.readline()
        if not line:
            raise SystemExit("the server ended")
        if json.loads(line).get("id") == message["id"]:
            return


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--other", nargs=2, action="append", metavar=("NAME", "COMMAND"))
    given = parser.parse_args()
    others: list[tuple[str, str]] = given.other or []
    servers = {
        "Callpost": [str(Path(sys.executable).with_name("callpost"))],
        "bare server of the SDK": [sys.executable, "-c", BARE],
    } | {name: shlex.split(command) for name, command in others}
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in servers}
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"CALLPOST_STATE": str(Path(folder) / "ledger.sqlite3")}
        for _ in range(int(given.rounds)):
            for name, command in servers.items():
                figures[name].append(once(command, env))
    print("| server | initialize ms | ratio | tools/list ms | MiB |")
    print("|---|---|---|---|---|")
    base = statistics.median(f[0] for f in figures["Callpost"])
    for name, found in figures.items():
        first, second, memory = (statistics.median(f[n] for f in found) for n in range(3))
        row = f"{first * 1000:.0f} | {first / base:.2f} | {second * 1000:.0f} | {memory:.0f}"
        print(f"| {name} | {row} |")


if __name__ == "__main__":
    main()

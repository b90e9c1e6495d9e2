"""What a place in a window costs, with many processes at the same file.

Each process takes and gives back places as fast as it can on one ledger; every taking is timed with
a monotonic clock. Prints the median and the 95th percentile in milliseconds. Run: `make bench`.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WORKER = """
import json, sys, time, anyio
from pathlib import Path
from callpost.clock import SystemClock
from callpost.ledger import Departure
from callpost.ledger.sqlite import SqliteLedger
from callpost.pace import Limit, Priority
async def main():
    clock = SystemClock()
    ledger = SqliteLedger(Path(sys.argv[1]), clock.now)
    limits = {"w": Limit(1_000_000, 60.0)}
    costs = []
    for n in range(int(sys.argv[2])):
        ask = Departure("scope", limits, Priority.READ, f"{sys.argv[3]}-{n}", 1.0)
        begin = time.perf_counter()
        departed = await ledger.depart(ask, clock.now())
        costs.append(time.perf_counter() - begin)
        await ledger.arrive("scope", departed.places, {"w": Limit(1, 0.001)}, clock.now())
        await anyio.sleep(float(sys.argv[4]))
    print(json.dumps(costs))
anyio.run(main)
"""
TAKEN = 200


def measure(processes: int) -> list[float]:
    """Seconds of every taking, over all processes."""
    pause = str(0.02 * processes)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "ledger.sqlite3")
        children = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, path, str(TAKEN), str(n), pause],
                stdout=subprocess.PIPE,
                text=True,
            )
            for n in range(processes)
        ]
        return [cost for child in children for cost in json.loads(child.communicate()[0])]


def main() -> None:
    print("| processes | median ms | p95 ms |")
    print("|---|---|---|")
    for processes in (1, 4, 16):
        costs = sorted(cost * 1000 for cost in measure(processes))
        p95 = costs[int(len(costs) * 0.95)]
        print(f"| {processes} | {statistics.median(costs):.2f} | {p95:.2f} |", flush=True)


if __name__ == "__main__":
    main()

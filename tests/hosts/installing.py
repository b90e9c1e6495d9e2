"""Each client in an environment of its own below .hosts/, pinned, with hashes."""

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

import anyio

__all__ = ["NODE_PROJECT", "ROOT", "Broken", "install_node", "install_python", "version_of"]

ROOT = Path(__file__).resolve().parents[2]
HOSTS = ROOT / ".hosts"
PINS = ROOT / "requirements" / "hosts"
NODE_PROJECT = Path(__file__).parent / "node"
OLDEST_NODE = (22, 19)
LONGEST_INSTALL_S = 600


class Broken(Exception):  # noqa: N818 -- it is an outcome of a gate, told in a line
    """A gate did not hold, or could not run; the message says which and why."""


def version_of(package: str, environment: str) -> str:
    """The version that is pinned."""
    if environment == "node":
        pinned = json.loads((NODE_PROJECT / "package.json").read_text())["dependencies"]
        return str(pinned[package])
    text = (PINS / f"{environment}.txt").read_text()
    found = re.search(rf"^{re.escape(package)}(?:\[[^]]*])?==(\S+)", text, re.MULTILINE)
    if found is None:
        raise Broken(f"{package} is not in requirements/hosts/{environment}.txt")
    return found[1]


async def install_python(environment: str) -> Path:
    """The interpreter of an environment, made if it is missing or its pins changed."""
    folder, pins = HOSTS / environment, PINS / f"{environment}.txt"
    python = folder / "bin" / "python"
    async with _lock(environment):
        await _install_python(folder, pins, python)
    return python


async def _install_python(folder: Path, pins: Path, python: Path) -> None:
    if not _is_fresh(folder, pins):
        shutil.rmtree(folder, ignore_errors=True)
        await _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        pip = (sys.executable, "-m", "pip", "--python", str(python), "--quiet")
        await _run(*pip, "install", "--require-hashes", "--no-compile", "-r", str(pins))
        _mark(folder, pins)


async def install_node() -> tuple[Path, Path]:
    """A node that is new enough, and the folder its packages are in."""
    folder = HOSTS / "node"
    async with _lock("node"):
        await _install_node(folder)
    carried = sorted(folder.glob("node_modules/node-*/bin/node"))
    if carried:
        return carried[0], folder
    node = shutil.which("node")
    if node is None or await _node_version(node) < OLDEST_NODE:
        raise Broken("Node 22.19 is needed, and its package is not there for this machine")
    return Path(node), folder


async def _install_node(folder: Path) -> None:
    lock = NODE_PROJECT / "package-lock.json"
    if _is_fresh(folder, lock):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise Broken("npm is needed for the clients on Node; install Node.js")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(NODE_PROJECT, folder)
    await _run(npm, "ci", "--ignore-scripts", "--silent", cwd=folder)
    _mark(folder, lock)


_locks: dict[str, anyio.Lock] = {}


def _lock(environment: str) -> anyio.Lock:
    """Two rows may share an environment."""
    return _locks.setdefault(environment, anyio.Lock())


async def _node_version(node: str) -> tuple[int, ...]:
    done = await anyio.run_process([node, "--version"])
    return tuple(int(part) for part in done.stdout.decode().strip().lstrip("v").split("."))


def _is_fresh(folder: Path, pins: Path) -> bool:
    stamp = folder / ".installed"
    return stamp.is_file() and stamp.read_text() == _digest(pins)


def _mark(folder: Path, pins: Path) -> None:
    (folder / ".installed").write_text(_digest(pins))


def _digest(pins: Path) -> str:
    return hashlib.sha256(pins.read_bytes()).hexdigest()


async def _run(*command: str, cwd: Path | None = None) -> None:
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    with anyio.fail_after(LONGEST_INSTALL_S):
        done = await anyio.run_process(command, cwd=cwd, env=environ, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()[-1500:]
        raise Broken(f"{' '.join(command[:4])} … failed: {said}")

"""What judges a server: Inspector, the conformance suite, the registry's schema, a bundle."""

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import anyio

from callpost import __version__
from callpost.assembly import assemble
from hosts.installing import ROOT, Broken, install_node, install_python
from hosts.story import OURS, serving_http, stdio_command, world

__all__ = ["REVISIONS", "bundle", "conformance", "inspector", "registry"]

REVISIONS = ("2025-11-25", "2026-07-28")
LONGEST_S = 180


async def inspector() -> str:
    """MCP Inspector lists strictly in both eras, and calls."""
    node, folder = await install_node()
    base = [str(node), str(folder / "node_modules/.bin/mcp-inspector"), "--cli"]
    quiet = ["--format", "json", "-q"]
    async with world(loses=False) as there:
        for name, value in there.environ.items():  # it passes no other variables on
            if name.startswith(OURS):
                quiet += ["-e", f"{name}={value}"]
        for era in ("legacy", "auto"):
            era_flags = ["--protocol-era", era]
            listed = await _run(
                [*base, *stdio_command(), "--method", "tools/list", "--strict", *era_flags, *quiet],
                there.environ,
            )
            count = len(json.loads(listed)["result"]["tools"])
            if count != len(assemble({}).tools):
                raise Broken(f"listed {count} tools ({era})")
            called = await _run(
                [*base, *stdio_command(), "--method", "tools/call", "--tool-name", "list_agents",
                 *era_flags, *quiet],
                there.environ,
            )  # fmt: skip
            if '"ok":true' not in called.replace('\\"', '"').replace('": ', '":'):
                raise Broken(f"called list_agents ({era}) and got: {called[:400]}")
    return f"{count} tools, nothing to remark"


async def conformance(revision: str) -> str:
    """Every scenario of a revision that applies passes; the baseline says which do not, and why."""
    node, folder = await install_node()
    baseline = Path(__file__).parent / "conformance" / f"{revision}.yml"
    async with world(loses=False) as there:
        environ = {**there.environ, "PYTHONPATH": str(ROOT / "tests")}
        python = stdio_command()[0]
        async with serving_http(environ, python, "-m", "hosts.conformance_app") as address:
            said = await _run(
                [str(node), str(folder / "node_modules/.bin/conformance"), "server",
                 "--url", address, "--suite", "all", "--spec-version", revision,
                 "--expected-failures", str(baseline)],
                there.environ,
                cwd=folder,
            )  # fmt: skip
    lines = said.splitlines()
    ran = sum(line.startswith(("✓", "✗")) for line in lines)
    apart = sum(line.startswith("  ~ ") for line in lines)
    if ran <= apart:
        raise Broken(f"no scenario was run: {said[-400:]}")
    return f"{ran - apart} scenarios pass, {apart} do not apply"


async def registry() -> str:
    """The registry's entry is valid against the released schema, as are the host's rules."""
    python = await install_python("skillsaw")
    said = await _run(
        [str(python), "-m", "skillsaw", "lint", str(ROOT / "manifests" / "registry")], None
    )
    if "mcp-registry" not in said or not re.search(r"Errors: +0\n", said):
        raise Broken(said[-600:])
    return "valid against schema 2025-12-11"


async def bundle() -> str:
    """The packed bundle starts as a host starts it, and lists its tools."""
    await _run(["make", "--no-print-directory", "bundle"], None, cwd=ROOT)
    packed = ROOT / "dist" / f"callpost-{__version__}.mcpb"
    uv = (await install_python("uv")).with_name("uv")
    client = await install_python("mcp")
    async with world() as there:
        folder = Path(there.environ["HOME"]) / "bundle"
        await anyio.to_thread.run_sync(zipfile.ZipFile(packed).extractall, folder)
        start = [str(uv), "run", "--quiet", "--directory", str(folder), "main.py"]
        said = await _run(
            [str(client), str(ROOT / "examples" / "in_python.py"), *start], there.environ
        )
        calls = there.sandbox.vocobase.journal.effects("call")
    if f"tools: {len(assemble({}).tools)}" not in said or len(calls) != 1:
        raise Broken(said[-600:])
    return f"{packed.name}: {packed.stat().st_size:,} bytes"


async def _run(
    command: list[str], environ: Mapping[str, str] | None, cwd: Path | None = None
) -> str:
    with anyio.move_on_after(LONGEST_S):
        done = await anyio.run_process(command, env=environ, cwd=cwd, check=False)
        said = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            raise Broken(f"ended with {done.returncode}: {(said + done.stderr.decode())[-1500:]}")
        return said
    raise Broken(f"was not done within {LONGEST_S} s")

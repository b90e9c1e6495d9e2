"""`callpost doctor` as a person runs it, against both APIs on loopback."""

import json
import sys
from pathlib import Path
from subprocess import CompletedProcess

import anyio

from callpost_sandbox.serve import serve_sandbox

WAIT_S = 60.0


async def callpost(home: Path, *args: str, **env: str) -> CompletedProcess[bytes]:
    given = {"HOME": str(home), "PATH": "", "CALLPOST_STATE": str(home / "ledger.sqlite3"), **env}
    with anyio.fail_after(WAIT_S):
        return await anyio.run_process(
            [sys.executable, "-m", "callpost", *args], env=given, cwd=home, check=False
        )


async def test_all_is_well_where_it_is(tmp_path: Path) -> None:
    async with serve_sandbox() as box:
        env = {
            "VOCOBASE_API_URL": box.vocobase_url,
            "VOCOBASE_API_KEY": box.vocobase_key,
            "VOXBURST_API_URL": box.voxburst_url,
            "VOXBURST_API_KEY": box.voxburst_key,
        }
        told = await callpost(tmp_path, "doctor", **env)
        assert told.returncode == 0, told.stdout.decode()
        assert told.stdout.decode().rstrip().endswith("All is well.")
        assert box.vocobase_key.encode() not in told.stdout + told.stderr

        env["VOXBURST_API_KEY"] = "vb_live_of_somebody_else"
        told = await callpost(tmp_path, "doctor", "--json", **env)
    report = json.loads(told.stdout)
    assert told.returncode == 1
    assert not report["ok"]
    assert [f["about"] for f in report["findings"] if f["level"] == "broken"] == ["voxburst"]
    assert b"somebody_else" not in told.stdout + told.stderr


async def test_a_host_is_looked_at_with_its_own_settings(tmp_path: Path) -> None:
    async with serve_sandbox() as box:
        key = {"VOCOBASE_API_KEY": box.vocobase_key, "VOCOBASE_API_URL": box.vocobase_url}
        installed = await callpost(tmp_path, "install", "cursor", "--yes", **key)
        assert installed.returncode == 0, installed.stderr.decode()
        url = {"VOCOBASE_API_URL": box.vocobase_url}
        alone = await callpost(tmp_path, "doctor", "--json", **url)
        hosted = await callpost(tmp_path, "doctor", "--host", "cursor", "--json", **url)
    assert "keys" in {f["about"] for f in json.loads(alone.stdout)["findings"]}
    assert hosted.returncode == 0, hosted.stdout.decode()


async def test_a_host_without_callpost_is_one_line(tmp_path: Path) -> None:
    told = await callpost(tmp_path, "doctor", "--host", "vscode")
    assert told.returncode == 2
    assert told.stderr.count(b"\n") == 1


async def test_a_wrong_setting_is_a_finding_and_no_traceback(tmp_path: Path) -> None:
    told = await callpost(tmp_path, "doctor", CALLPOST_TOOLSET="all")
    assert told.returncode == 1
    assert b"CALLPOST_TOOLSETS" in told.stdout
    assert told.stderr == b""

"""The command itself, as a person runs it, in a home of its own."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from callpost.cli.hosts import HOSTS, Host


def callpost(
    home: Path, *args: str, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "callpost", "install", *args],
        env={"HOME": str(home), "PATH": "", **env},
        cwd=cwd or home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("host", HOSTS, ids=[host.name for host in HOSTS])
def test_a_host_gets_an_entry_that_starts_without_a_path_and_holds_no_key(
    tmp_path: Path, host: Host
) -> None:
    done = callpost(tmp_path, host.name, "--yes", VOCOBASE_API_KEY="rg_live_secret")
    assert done.returncode == 0, done.stderr
    written = host.path({}, home=tmp_path).read_text()
    entry = json.loads(written)[host.servers_key]["callpost"]
    assert Path(entry["command"]).is_absolute()
    assert Path(entry["command"]).is_file()
    assert entry["args"][-1] == "serve"
    assert "rg_live_secret" not in written + done.stdout + done.stderr


def test_the_key_goes_into_a_file_of_its_owner_where_the_host_keeps_no_secrets(
    tmp_path: Path,
) -> None:
    done = callpost(tmp_path, "claude-desktop", "--yes", VOCOBASE_API_KEY="rg_live_secret")
    config = json.loads(HOSTS[0].path({}, home=tmp_path).read_text())
    file = Path(config["mcpServers"]["callpost"]["env"]["VOCOBASE_API_KEY_FILE"])
    assert file.read_text() == "rg_live_secret\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "VOXBURST_API_KEY" in done.stdout, "says which key is missing"


def test_installing_twice_writes_once_and_uninstalling_keeps_a_copy(tmp_path: Path) -> None:
    cursor = tmp_path / ".cursor" / "mcp.json"
    assert callpost(tmp_path, "cursor", "--yes").returncode == 0
    first = cursor.read_bytes()
    assert "already" in callpost(tmp_path, "cursor", "--yes").stdout
    assert cursor.read_bytes() == first
    assert [file.name for file in cursor.parent.iterdir()] == ["mcp.json"]
    assert callpost(tmp_path, "cursor", "--uninstall", "--yes").returncode == 0
    assert json.loads(cursor.read_text()) == {"mcpServers": {}}
    assert [file.read_bytes() for file in cursor.parent.glob("*.bak")] == [first]


def test_nothing_is_written_unasked(tmp_path: Path) -> None:
    done = callpost(tmp_path, "cursor")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert "+" in done.stdout
    for mode in ("--print", "--link"):
        assert callpost(tmp_path, "cursor", mode).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_links_carry_the_entry(tmp_path: Path) -> None:
    cursor = callpost(tmp_path, "cursor", "--link").stdout.strip()
    assert parse_qs(urlsplit(cursor).query)["name"] == ["callpost"]
    vscode = callpost(tmp_path, "vscode", "--link").stdout.strip()
    config = json.loads(unquote(vscode.partition("?")[2]))
    assert config["name"] == "callpost"
    assert config["inputs"][0]["password"] is True
    refused = callpost(tmp_path, "claude-desktop", "--link")
    assert refused.returncode == 2


def test_a_project_gets_its_own_configuration(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    done = callpost(tmp_path, "claude-code", "--project", "--yes", cwd=project)
    assert done.returncode == 0, done.stderr
    entry = json.loads((project / ".mcp.json").read_text())["mcpServers"]["callpost"]
    assert entry["env"]["VOXBURST_API_KEY"] == "${VOXBURST_API_KEY:-}"
    assert not (tmp_path / ".claude.json").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("cursor", "--set", "VOCOBASE_API_KEY=x"), "does not belong"),
        (("cursor", "--set", "CALLPOST_TOOLSET=x"), "CALLPOST_TOOLSETS"),
        (("claude-desktop", "--project"), "no configuration of a folder"),
    ],
)
def test_wrong_usage_is_one_line_with_a_remedy(
    tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    done = callpost(tmp_path, *args, "--yes")
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from callpost.cli.findings import Finding
from callpost.cli.host_checks import entries, environment, hosts
from callpost.cli.hosts import HOSTS, Host, host_named

START = (sys.executable, "-m", "callpost")


def cursor() -> Host:
    found = host_named("cursor")
    assert found is not None
    return found


def written(home: Path, entry: dict[str, Any], name: str = "callpost") -> Path:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"mcpServers": {"other": {"command": "other"}, name: entry}}))
    return path


def of_cursor(home: Path, monkeypatch: pytest.MonkeyPatch) -> Finding:
    monkeypatch.setattr(Path, "home", lambda: home)
    found = [f for f in hosts(START, {}, home / "project") if "Cursor" in f.message]
    assert len(found) == 1
    assert (found[0].remedy is None) == (found[0].level == "ok")
    return found[0]


def test_hosts_without_a_configuration_are_told_and_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    found = list(hosts(START, {}, tmp_path))
    assert [finding.level for finding in found] == ["ok"] * len(HOSTS)


def test_an_entry_that_starts_this_installation_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, {"command": START[0], "args": [*START[1:], "serve"]})
    assert of_cursor(tmp_path, monkeypatch).level == "ok"


@pytest.mark.parametrize(
    ("entry", "level", "said"),
    [
        ({"command": "/no/such/callpost"}, "broken", "gone"),
        ({"command": "no-such-callpost", "args": ["serve"]}, "broken", "bare PATH"),
        ({"command": Path(sys.executable).name, "args": []}, "warning", "bare PATH"),
        ({"command": "/bin/sh", "args": ["callpost"]}, "warning", "another installation"),
        ({"args": ["serve"]}, "broken", "starts nothing"),
        ({"url": "http://127.0.0.1:8000/mcp"}, "ok", "http://127.0.0.1:8000/mcp"),
        (
            {"command": START[0], "args": [*START[1:]], "env": {"VOCOBASE_API_KEY_FILE": "/none"}},
            "broken",
            "VOCOBASE_API_KEY_FILE",
        ),
    ],
)
def test_an_entry_that_does_not_work_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any], level: str, said: str
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    written(tmp_path, entry)
    found = of_cursor(tmp_path, monkeypatch)
    assert found.level == level
    assert said in found.message


def test_an_entry_of_another_name_is_known_by_what_it_starts(tmp_path: Path) -> None:
    path = written(tmp_path, {"command": "/opt/bin/callpost"}, name="phones")
    assert list(entries(cursor(), path)) == ["phones"]


def test_other_servers_are_none_of_our_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, {"command": "/opt/bin/something"}, name="something")
    found = of_cursor(tmp_path, monkeypatch)
    assert found.level == "ok"
    assert "callpost install cursor" in found.message


def test_a_file_that_cannot_be_read_is_worth_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, {}).write_text("{")
    assert of_cursor(tmp_path, monkeypatch).level == "warning"


def test_a_configuration_of_this_folder_is_looked_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    project = tmp_path / "project"
    (project / ".vscode").mkdir(parents=True)
    (project / ".vscode" / "mcp.json").write_text('{"servers": {"callpost": {"command": "/no"}}}')
    found = [f for f in hosts(START, {}, project) if f.level == "broken"]
    assert len(found) == 1
    assert "VS Code" in found[0].message


def test_variables_of_an_entry_are_filled_in_as_its_host_does() -> None:
    entry = {"env": {"A": "${A:-}", "B": "${B:-default}", "C": "plain", "D": "${input:x}"}}
    assert environment(entry, {"A": "1"}) == {
        "A": "1",
        "B": "default",
        "C": "plain",
        "D": "${input:x}",
    }

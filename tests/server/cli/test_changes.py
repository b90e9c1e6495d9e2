"""What `callpost install` does to a configuration, over configurations of every look."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callpost.cli.changes import existing_env, install_change, uninstall_change
from callpost.cli.entries import entry_for, input_id, key_setting
from callpost.cli.failures import CommandError
from callpost.cli.hosts import HOSTS, Host, host_named
from callpost.cli.jsonedit import JsonDocument
from callpost.cli.jsontext import JsonTextError, parse
from fakes.configurations import Configuration, comments_of, configurations

COMMAND = ("/opt/callpost/bin/callpost", "serve")
KEYS = {"VOCOBASE_API_KEY": "Vocobase"}

many = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def host(name: str) -> Host:
    found = host_named(name)
    assert found is not None
    return found


def installed(which: Host, path: Path) -> bytes:
    inputs = KEYS if which.name == "vscode" else {}
    env = {"CALLPOST_TOOLSETS": "all"}
    if inputs:
        env |= key_setting("inputs", "VOCOBASE_API_KEY")
    entry = entry_for(which, COMMAND, env)
    return install_change(which, path, "callpost", entry, inputs=inputs, secrets={}).after


def plain(which: Host, data: bytes) -> dict[str, Any]:
    return JsonDocument.read(data, comments=which.format == "jsonc").root.plain()


def comments_outside(which: Host, text: str) -> list[str]:
    """Comments that are not inside our entry, whose values may be replaced."""
    document = JsonDocument.read(text.encode(), comments=which.format == "jsonc")
    ours = document.at((which.servers_key, "callpost"))
    return comments_of(text if ours is None else text[: ours.start] + text[ours.end :])


def anywhere(which: Host) -> st.SearchStrategy[Configuration]:
    return configurations(servers_key=which.servers_key, comments=which.format == "jsonc")


hosts_and_files = st.sampled_from(HOSTS).flatmap(
    lambda which: st.tuples(st.just(which), anywhere(which))
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host") / "mcp.json"


@many
@given(hosts_and_files)
def test_installing_keeps_every_other_value_in_its_order_and_every_comment(
    path: Path, drawn: tuple[Host, Configuration]
) -> None:
    which, configuration = drawn
    path.write_bytes(configuration.data)
    after = installed(which, path)
    old, new = dict(configuration.plain), plain(which, after)
    servers = new[which.servers_key]
    entry = servers.pop("callpost")
    was = old.get(which.servers_key, {}).pop("callpost", {})
    assert entry["command"] == COMMAND[0]
    assert entry["args"] == ["serve"]
    assert entry["env"]["CALLPOST_TOOLSETS"] == "all"
    assert {
        k: v for k, v in was.items() if k not in {"command", "args", "env", "type"}
    }.items() <= (entry.items())
    assert was.get("env", {}).keys() <= entry["env"].keys()
    new.pop("inputs", None)
    old.setdefault(which.servers_key, {})
    assert json.dumps(new) == json.dumps(old)
    text = after.decode().removeprefix("\ufeff")
    assert comments_outside(which, text) == comments_outside(which, configuration.text)
    assert after.startswith(b"\xef\xbb\xbf") == configuration.bom


@many
@given(hosts_and_files)
def test_installing_again_changes_nothing(path: Path, drawn: tuple[Host, Configuration]) -> None:
    which, configuration = drawn
    path.write_bytes(configuration.data)
    after = installed(which, path)
    path.write_bytes(after)
    assert installed(which, path) == after


@many
@given(hosts_and_files)
def test_uninstalling_gives_back_what_was_there(
    path: Path, drawn: tuple[Host, Configuration]
) -> None:
    which, configuration = drawn
    had_it = "callpost" in configuration.plain.get(which.servers_key, {})
    path.write_bytes(configuration.data)
    path.write_bytes(installed(which, path))
    after = uninstall_change(which, path, "callpost", list(KEYS)).after
    old, new = configuration.plain, plain(which, after)
    for document in (old, new):
        document.pop("inputs", None)
        document.setdefault(which.servers_key, {}).pop("callpost", None)
    assert list(new.items()) == list(old.items())
    if not had_it:
        text = after.decode().removeprefix("\ufeff")
        assert comments_of(text) == comments_of(configuration.text)


@many
@given(hosts_and_files, st.data())
def test_a_file_that_is_not_valid_is_refused_and_named(
    path: Path, drawn: tuple[Host, Configuration], data: st.DataObject
) -> None:
    which, configuration = drawn
    text = configuration.text
    at = data.draw(st.integers(0, len(text)))
    broken = (
        text[:at] + data.draw(st.sampled_from(["{", "]", "'", ",,", "nul", "\x00"])) + text[at:]
    )
    try:
        parse(broken, comments=which.format == "jsonc")
    except JsonTextError:
        path.write_bytes(broken.encode())
        with pytest.raises(CommandError, match="nothing changed"):
            installed(which, path)
        assert path.read_bytes() == broken.encode()


@many
@given(st.text('{}[],:"\\/* \n01ae-.tru', max_size=30))
def test_strict_reading_agrees_with_the_standard_library(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(JsonTextError):
            parse(text, comments=False)
    else:
        assert parse(text, comments=False).plain() == expected


@pytest.mark.parametrize(
    "content",
    [b"[]", b'"x"', b"\xff\xfe{}", b'{"mcpServers": null}', b'{"mcpServers": []}', b"{} {}",
     b'{"a": 1,}', b'{"a": 1} // no', b"[" * 5000, b'{"a": NaN}', b'{"a": 1' + b"0" * 5000 + b"}"],
)  # fmt: skip
def test_what_cannot_be_merged_safely_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(CommandError, match="nothing changed"):
        installed(host("claude-desktop"), path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xef\xbb\xbf"])
def test_a_missing_or_empty_file_becomes_a_configuration(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "mcp.json"
    if content is not None:
        path.write_bytes(content)
    for which in HOSTS:
        assert "callpost" in plain(which, installed(which, path))[which.servers_key]


def test_inputs_go_with_the_last_server_that_uses_them(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    which = host("vscode")
    path.write_bytes(installed(which, path))
    both = json.loads(path.read_text())
    both["servers"]["mine"] = {"env": {"K": f"${{input:{input_id('VOCOBASE_API_KEY')}}}"}}
    path.write_text(json.dumps(both))
    kept = json.loads(uninstall_change(which, path, "callpost", list(KEYS)).after)
    assert [item["id"] for item in kept["inputs"]] == [input_id("VOCOBASE_API_KEY")]
    path.write_text(json.dumps(kept))
    gone = json.loads(uninstall_change(which, path, "mine", list(KEYS)).after)
    assert gone == {"servers": {}, "inputs": []}


def test_a_key_that_an_entry_has_is_found(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text('{"mcpServers": {"callpost": {"env": {"VOCOBASE_API_KEY": "k"}}}}')
    assert existing_env(host("cursor"), path, "callpost") == {"VOCOBASE_API_KEY": "k"}


def test_the_shown_change_hides_secrets_of_other_servers(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text('{"mcpServers": {"x": {"env": {"GITHUB_TOKEN": "ghp_very\\"secret"}}}}')
    which = host("claude-desktop")
    change = install_change(
        which, path, "callpost", entry_for(which, COMMAND, {}), inputs={}, secrets={}
    )
    shown = "\n".join(change.lines())
    assert "ghp_very" not in shown
    assert "secret" not in shown
    assert "callpost" in shown

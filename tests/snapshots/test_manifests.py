"""Everything in manifests/ that is generated is what the source says now.

`CALLPOST_SNAPSHOTS=rewrite` writes it anew.
"""

import base64
import json
import os
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from publishing.documents import render
from publishing.sources import ROOT, read_source

SOURCE = read_source()
RENDERED = render(SOURCE)
FOLDER = ROOT / "manifests"


@pytest.mark.parametrize("path", sorted(RENDERED))
def test_a_generated_file_is_what_the_source_says(path: str) -> None:
    file = FOLDER / path
    if os.environ.get("CALLPOST_SNAPSHOTS") == "rewrite":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(RENDERED[path])
    assert file.is_file(), "run `make snapshots`"
    assert file.read_bytes() == RENDERED[path], "run `make snapshots`"


def test_the_bundle_pins_every_dependency() -> None:
    names = {pin.partition("==")[0] for pin in SOURCE.pins}
    wanted = {d.partition(">")[0].partition("=")[0] for d in SOURCE.project["dependencies"]}
    assert wanted <= names
    assert all("\\" not in pin and "--hash" not in pin for pin in SOURCE.pins)


def test_keys_are_marked_sensitive_and_never_given() -> None:
    manifest = json.loads(RENDERED["claude-desktop/manifest.uv.json"])
    for api in SOURCE.apis:
        assert manifest["user_config"][api.key_name.lower()]["sensitive"] is True
    server = json.loads(RENDERED["registry/server.json"])
    secret = {v["name"]: v.get("isSecret") for v in server["packages"][0]["environmentVariables"]}
    for api in SOURCE.apis:
        assert secret[api.key_name] is True


def test_the_registry_takes_the_names_and_lengths() -> None:
    server = json.loads(RENDERED["registry/server.json"])
    assert len(server["description"]) <= 100
    assert server["name"].count("/") == 1
    assert f"mcp-name: {server['name']}" in (ROOT / "README.md").read_text(encoding="utf-8"), (
        "the registry looks for this mark to see who owns the package"
    )


def test_links_decode_to_the_entries_beside_them() -> None:
    text = RENDERED["hosts/install-links.md"].decode()
    links = [part for part in text.split("`") if ":" in part and part.startswith(("cur", "vsc"))]
    cursor = parse_qs(urlsplit(links[0]).query)
    entry = json.loads(base64.b64decode(cursor["config"][0]))
    assert {cursor["name"][0]: entry} == json.loads(RENDERED["hosts/cursor.mcp.json"])["mcpServers"]
    vscode = json.loads(unquote(links[1].partition("?")[2]))
    inputs, name = vscode.pop("inputs"), vscode.pop("name")
    assert {"inputs": inputs, "servers": {name: vscode}} == json.loads(
        RENDERED["hosts/vscode.mcp.json"]
    )

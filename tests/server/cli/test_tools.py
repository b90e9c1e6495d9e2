import json
import math
from typing import Any

import pytest

from callpost.cli import main


def reported(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    assert main(["tools", "--json", *args]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_tool_is_listed_with_what_it_costs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools"]) == 0
    head, *rows, _, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["tool", "toolset", "is", "effect", "dedupe", "tokens"]
    start = next(row for row in rows if row.startswith("start_call ")).split()
    assert start[1:5] == ["calls", "on", "sends", "content"]
    assert total.startswith(f"{sum(row.split()[2] == 'on' for row in rows)} of {len(rows)} tools")


def test_tokens_are_a_quarter_of_the_bytes_a_model_sees(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = reported(capsys)
    size = 0
    for tool in report["tools"]:
        seen = {name: tool[name] for name in ("name", "description", "input_schema")}
        size += tool["on"] * len(
            json.dumps(seen, separators=(",", ":"), ensure_ascii=False).encode()
        )
    assert report["tokens_on"] == math.ceil(size / 4)


def test_settings_decide_what_is_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLPOST_TOOLSETS", "posts")
    monkeypatch.setenv("CALLPOST_READ_ONLY", "1")
    on = [tool for tool in reported(capsys)["tools"] if tool["on"]]
    assert {tool["toolset"] for tool in on} == {"posts"}
    assert {tool["effect"] for tool in on} == {"reads"}


def test_one_toolset_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    tools = reported(capsys, "--toolset", "calls")["tools"]
    assert {tool["toolset"] for tool in tools} == {"calls"}
    assert "start_call" in {tool["name"] for tool in tools}


def test_only_what_is_on_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    report = reported(capsys, "--on")
    assert len(report["tools"]) == report["tools_on"]


def test_a_toolset_there_is_not_is_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["tools", "--toolset", "cals"]) == 2
    told = capsys.readouterr().err
    assert "calls" in told
    assert told.count("\n") == 1


def test_markdown_names_every_tool_once(capsys: pytest.CaptureFixture[str]) -> None:
    names = [tool["name"] for tool in reported(capsys)["tools"]]
    assert main(["tools", "--markdown"]) == 0
    shown = capsys.readouterr().out
    assert {name: shown.count(f"`{name}`") for name in names} == dict.fromkeys(names, 1)

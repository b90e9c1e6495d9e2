"""README.md says what the code says: generated where it can be, held to the code elsewhere.

`make snapshots` rewrites what is generated.
"""

import os
import re
from pathlib import Path
from typing import get_args

import pytest

from callpost.assembly import assemble
from callpost.cli import COMMANDS
from callpost.cli.tables import markdown
from callpost.cli.tools import as_markdown, tokens
from callpost.errors import Code
from callpost.settings import NAMES

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
REWRITE = os.environ.get("CALLPOST_SNAPSHOTS") == "rewrite"
CALLPOST = assemble({})


def left_out() -> str:
    rows = [
        (f"`{operation}`", family.api.title, why)
        for family in CALLPOST.catalog.families
        for operation, why in family.unserved.items()
    ]
    return markdown(("operation", "API", "why not"), rows)


def price() -> str:
    tools = CALLPOST.catalog.tools.values()
    default = [tool for tool in tools if tool.default]
    return (
        f"{len(default)} tools are on by default and cost a model {tokens(default):,} tokens; "
        f"all {len(tools)} cost {tokens(tools):,}."
    )


GENERATED = {
    "tools": f"\n{as_markdown(CALLPOST)}\n",
    "left-out": f"\n{left_out()}\n",
    "price": price(),
}


def section(name: str) -> str:
    found = re.search(
        rf"<!-- {name}:begin -->(.*?)<!-- {name}:end -->", README.read_text(), re.DOTALL
    )
    assert found is not None, f"README.md lost its marks for {name}"
    return found[1]


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_generated_is_what_the_code_says(name: str) -> None:
    if REWRITE:
        text = README.read_text(encoding="utf-8").replace(
            f"<!-- {name}:begin -->{section(name)}<!-- {name}:end -->",
            f"<!-- {name}:begin -->{GENERATED[name]}<!-- {name}:end -->",
        )
        README.write_text(text, encoding="utf-8")
    assert section(name) == GENERATED[name], f"{name} changed; make snapshots"


def test_every_setting_is_told_and_none_that_is_none() -> None:
    known = set(NAMES)
    for family in CALLPOST.catalog.families:
        api = family.api
        label = api.key_name.removesuffix("_KEY") + "_LABEL"
        known |= {api.key_name, f"{api.key_name}_FILE", api.url_name, label, *api.options}
    first_cells = [line.split("|")[1] for line in section("settings").splitlines() if "|" in line]
    assert set(re.findall(r"`([A-Z_]+)`", " ".join(first_cells))) == known


def test_every_error_code_is_told_and_none_that_is_none() -> None:
    codes = re.findall(r"(?m)^\| `([a-z_]+)` \|", README.read_text())
    assert [code for code in codes if code in get_args(Code)] == list(get_args(Code))


def test_every_command_is_told() -> None:
    told = re.findall(
        r"^\| (?:`callpost` or )?`callpost ([a-z]+)", README.read_text(), re.MULTILINE
    )
    assert set(told) == set(COMMANDS)


PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/unknown-outcomes.md"]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    links: list[str] = re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text())
    local = [link.partition("#")[0] for link in links if "://" not in link]
    assert [link for link in local if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_first_two_commands_are_the_demo_and_the_tests() -> None:
    commands = re.findall(
        r"^(make [a-z]+|\.venv/\S+|callpost \S+)", README.read_text(), re.MULTILINE
    )
    assert commands[:2] == ["make demo", "make test"]

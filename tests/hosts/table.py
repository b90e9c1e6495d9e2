"""The table of docs/hosts/README.md, written by a whole run."""

import re
from collections.abc import Mapping

from hosts.checks import REVISIONS
from hosts.installing import ROOT, version_of
from hosts.rows import ROWS

__all__ = ["PAGE", "table", "with_table", "write_table"]

PAGE = ROOT / "docs" / "hosts" / "README.md"
BEGIN, END = "<!-- generated: make hosts-all -->", "<!-- end -->"


def write_table(outcomes: Mapping[str, str]) -> None:
    """Put the table of a run in which everything held into the page."""
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), outcomes), encoding="utf-8")


def with_table(page: str, outcomes: Mapping[str, str]) -> str:
    """The page with this table between its marks."""
    return re.sub(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}",
        lambda _: f"{BEGIN}\n{table(outcomes)}{END}",
        page,
        flags=re.DOTALL,
    )


def table(outcomes: Mapping[str, str]) -> str:
    """Every client, and what was seen."""
    lines = [
        "| client | version | over | lists, calls | lost answer, retried | reads an error | note |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        over = "HTTP" if row.http else "stdio"
        title = f"[{row.title}](../../examples/{row.example})"
        version = version_of(row.package, row.environment)
        lines.append(f"| {title} | {version} | {over} | yes | one call | yes | {row.note} |")
    judges = [("MCP Inspector `--strict`", "@modelcontextprotocol/inspector", "inspector")]
    judges += [
        (f"conformance, {revision}", "@modelcontextprotocol/conformance", f"conformance-{revision}")
        for revision in REVISIONS
    ]
    lines += ["", "| judge | version | verdict |", "|---|---|---|"]
    lines += [
        f"| {title} | {version_of(package, 'node')} | {outcomes[gate]} |"
        for title, package, gate in judges
    ]
    lines.append(f"| registry entry, by skillsaw | {version_of('skillsaw', 'skillsaw')} "
                 f"| {outcomes['registry']} |")  # fmt: skip
    lines.append(
        f"| desktop bundle, started through uv | {version_of('uv', 'uv')} | starts, calls |"
    )
    return "\n".join(lines) + "\n"

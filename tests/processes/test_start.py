"""What a start imports. Time is measured by `make bench`; here only what must not be there."""

import json
import subprocess
import sys

import pytest

SERVER = """
from callpost.wire.lean import import_lean
import_lean()
import callpost.wire.stdio
from callpost.assembly import assemble
from callpost.wire.server import build_server
build_server(assemble({}))
"""
HEAVY = {
    "callpost.wire.http",
    "callpost_sandbox",
    "jsonschema",
    "mcp.client.client",
    "mcp.server.mcpserver",
    "phonenumbers",
    "puremagic",
    "callpost.cli.demo",
    "callpost.cli.install",
}


def modules_after(program: str) -> set[str]:
    show = "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program + show], capture_output=True, check=True, timeout=60
    )
    return set(json.loads(ran.stdout))


def test_the_command_reads_its_first_line_with_the_standard_library_alone() -> None:
    loaded = modules_after("import callpost.cli, callpost.cli.serve")
    foreign = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert foreign <= {"__main__", "callpost", "sitecustomize", "_distutils_hack"} | editable(
        foreign
    )


def editable(names: set[str]) -> set[str]:
    """Finders that an editable installation puts into every interpreter, and those of coverage."""
    return {name for name in names if name.startswith(("__editable__", "_virtualenv", "coverage"))}


def test_a_stdio_server_loads_nothing_that_only_some_calls_need() -> None:
    assert modules_after(SERVER) & HEAVY == set()


def test_a_package_left_out_is_whole_for_whoever_asks_for_it() -> None:
    program = SERVER + "import mcp, mcp.server\nassert mcp.Client and mcp.server.MCPServer\n"
    assert {"mcp.client.client", "mcp.server.mcpserver"} <= modules_after(program)


@pytest.mark.parametrize("name", ["__wrapped__", "no_such_name"])
def test_a_package_left_out_has_no_more_names_than_it_had(name: str) -> None:
    program = SERVER + f"import mcp\nassert not hasattr(mcp, {name!r})\n"
    assert "callpost" in modules_after(program)


def test_where_the_sdk_is_loaded_already_nothing_is_changed() -> None:
    program = "import mcp\nbefore = mcp\n" + SERVER + "import mcp\nassert mcp is before\n"
    assert "mcp.client.client" in modules_after(program)

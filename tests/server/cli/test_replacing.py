"""A file is replaced whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from callpost.cli.failures import CommandError
from callpost.cli.replacing import keep_copy, replace_file

OLD, NEW = b'{"mcpServers": {}}', b'{"mcpServers": {"callpost": {}}}'


class Interrupted(BaseException):
    """Like a kill: nothing may catch it."""


def steps_of(path: Path) -> list[str]:
    steps: list[str] = []
    replace_file(path, NEW, expected=OLD, before=steps.append)
    path.write_bytes(OLD)
    return steps


def test_an_interruption_at_any_step_leaves_the_old_content_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_bytes(OLD)
    steps = steps_of(path)
    assert steps[-1] == "rename"
    for step in steps:

        def interrupt(at: str, step: str = step) -> None:
            if at == step:
                raise Interrupted

        with pytest.raises(Interrupted):
            replace_file(path, NEW, expected=OLD, before=interrupt)
        assert path.read_bytes() == OLD
        assert [file.name for file in tmp_path.iterdir()] == ["mcp.json"]
    replace_file(path, NEW, expected=OLD)
    assert path.read_bytes() == NEW


def test_a_process_killed_at_any_step_leaves_old_or_new_content(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_bytes(OLD)
    for step in [*steps_of(path), "none"]:
        path.write_bytes(OLD)
        child = os.fork()
        if child == 0:

            def end(at: str, step: str = step) -> None:
                if at == step:
                    os._exit(9)

            try:
                replace_file(path, NEW, expected=OLD, before=end)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == (0 if step == "none" else 9)
        assert path.read_bytes() == (NEW if step == "none" else OLD)


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_bytes(b"{}")
    with pytest.raises(CommandError, match="meanwhile"):
        replace_file(path, NEW, expected=OLD)
    assert path.read_bytes() == b"{}"
    with pytest.raises(CommandError, match="meanwhile"):
        replace_file(path, NEW, expected=None)
    assert path.read_bytes() == b"{}"


def test_mode_and_symbolic_link_stay(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "mcp.json"
    real.parent.mkdir()
    real.write_bytes(OLD)
    real.chmod(0o640)
    link = tmp_path / "mcp.json"
    link.symlink_to(real)
    replace_file(link, NEW, expected=OLD)
    assert link.is_symlink()
    assert real.read_bytes() == NEW
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_new_file_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "mcp.json"
    replace_file(path, NEW, expected=None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_copies_never_overwrite_each_other(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_bytes(OLD)
    copies = {keep_copy(path, data, "20261122T000000Z") for data in (OLD, NEW)}
    assert sorted(copy.read_bytes() for copy in copies) == sorted([OLD, NEW])


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CommandError, match="cannot be"):
        replace_file(tmp_path / "file" / "mcp.json", NEW, expected=None)

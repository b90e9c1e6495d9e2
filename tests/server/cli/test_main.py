"""The command as a person meets it: help, mistakes, exit codes."""

import subprocess
import sys

import pytest

from callpost import __version__
from callpost.cli import COMMANDS, main
from callpost.cli.failures import FAILED, STATE, USAGE, CommandError, explained
from callpost.errors import CallpostError, Denied, LedgerError, SettingsError

Capture = pytest.CaptureFixture[str]


def said(capsys: Capture) -> str:
    """The one line on stderr, with nothing on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("callpost: ")
    assert err.count("\n") == 1
    return err


def test_help_names_every_command_and_every_exit_code(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    out = capsys.readouterr().out
    assert left.value.code == 0
    assert all(f"\n    {name}" in out for name in COMMANDS)
    assert all(f"\n  {code} " in out for code in (0, 1, 2, 3, 130, 143))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_a_person_can_use(name: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    out = capsys.readouterr().out
    assert left.value.code == 0
    assert out.startswith(f"usage: callpost {name}")
    assert len(out.splitlines()) > 4


def test_the_version_is_printed(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"callpost {__version__}\n"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["srve"], "did you mean serve?"),
        (["frobnicate"], "there are: serve, demo"),
        (["serve", "--http"], "expected one argument. See callpost serve --help."),
        (["serve", "--http", "8080"], "give HOST:PORT"),
        (["serve", "--http", "localhost:99999"], "give HOST:PORT"),
        (["--nonsense"], "unrecognized arguments: --nonsense. See callpost --help."),
        (["serve", "more"], "unrecognized arguments: more"),
    ],
)
def test_a_mistake_is_one_line_with_what_to_do(
    words: list[str], part: str, capsys: Capture
) -> None:
    assert main(words) == USAGE
    assert part in said(capsys)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SettingsError("set it"), USAGE),
        (LedgerError("make it writable"), STATE),
        (CommandError("try again"), FAILED),
        (CommandError("say how", USAGE), USAGE),
        (Denied("no"), FAILED),
        (CallpostError("something"), FAILED),
    ],
)
def test_what_is_raised_on_purpose_is_a_line_and_a_status(
    error: Exception, status: int, capsys: Capture
) -> None:
    with explained() as outcome:
        raise error
    assert outcome.status == status
    assert str(error) in said(capsys)


def test_the_one_failure_in_a_task_groups_wrapping_is_told_alone(capsys: Capture) -> None:
    with explained() as outcome:
        raise ExceptionGroup("tasks", [ExceptionGroup("more", [SettingsError("set it")])])
    assert outcome.status == USAGE
    assert "set it" in said(capsys)


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (BrokenPipeError(), FAILED)]
)
def test_an_interruption_needs_no_words(error: BaseException, status: int, capsys: Capture) -> None:
    with explained() as outcome:
        raise error
    assert outcome.status == status
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "defect",
    [ValueError("a defect"), ExceptionGroup("tasks", [ValueError("1"), SettingsError("2")])],
)
def test_a_defect_is_not_dressed_up(defect: Exception) -> None:
    with pytest.raises(type(defect)), explained():
        raise defect


def test_python_m_callpost_is_the_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "callpost", "--version"],
        capture_output=True,
        check=True,
        timeout=30,
        text=True,
    )
    assert ran.stdout == f"callpost {__version__}\n"

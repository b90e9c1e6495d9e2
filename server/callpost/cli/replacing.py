"""Files replaced whole or not at all, with the former content kept."""

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from callpost.cli.failures import CommandError

__all__ = ["keep_copy", "read_if_there", "replace_file"]

_OWNER_ONLY = 0o600


def read_if_there(path: Path) -> bytes | None:
    """The file's bytes; None if there is no file.

    Raises:
        CommandError: It is there and cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}); nothing changed.") from None


def replace_file(
    path: Path,
    data: bytes,
    *,
    expected: bytes | None,
    before: Callable[[str], None] = lambda _: None,
) -> None:
    """Put `data` in the place of a file, in one step that an interruption cannot divide.

    The new file is complete on the disk before it takes the name; whatever ends the process leaves
    either the old content or the new. A symbolic link stays one; the file's mode stays too, and a
    new file is its owner's only.

    Args:
        path: The file; folders on the way are made.
        data: The new content.
        expected: What it must still hold; None if there must be none.
        before: Told the name of each step before it is done.

    Raises:
        CommandError: It changed meanwhile, or cannot be written; it is as it was.
    """
    target = path.resolve()
    try:
        before("folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        before("create")
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            before("write")
            file.write(data[: len(data) // 2])
            before("write the rest")
            file.write(data[len(data) // 2 :])
            file.flush()
            before("sync")
            os.fsync(file.fileno())
        if expected is not None:
            before("mode")
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        before("compare")
        _expect(path, expected)
        before("rename")
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unwritable(path, error) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def keep_copy(path: Path, data: bytes, stamp: str) -> Path:
    """Write `data` beside a file under a name that is free, as private as the file.

    Raises:
        CommandError: The copy cannot be written.
    """
    target = path.resolve()
    for number in range(100):
        suffix = f"-{number}" if number else ""
        copy = target.with_name(f"{target.name}.{stamp}{suffix}.bak")
        try:
            mode = stat.S_IMODE(target.stat().st_mode)
            handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, _OWNER_ONLY)
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(copy, error) from None
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        copy.chmod(mode)
        return copy
    raise CommandError(f"There are too many copies of {path} from {stamp}; remove some.")


def _expect(path: Path, expected: bytes | None) -> None:
    if read_if_there(path) != expected:
        raise CommandError(f"{path} was changed by another program meanwhile; run this again.")


_BINARY: int = getattr(os, "O_BINARY", 0)  # only Windows has it, and needs it


def _sync_folder(folder: Path) -> None:
    """Make the new name outlast a power cut, where folders can be synced."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(path: Path, error: OSError) -> CommandError:
    return CommandError(f"{path} cannot be written ({error.strerror}); it is as it was.")

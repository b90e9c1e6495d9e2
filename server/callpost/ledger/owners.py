"""Which processes are alive: each holds a lock on one byte of a file, and the kernel lets go of it.

A process identifier may be used again, a heartbeat is late under load, and a clock may jump; a
kernel lock is none of these. It ends with the process, kill -9 included, at once.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["OwnerLocks"]


class OwnerLocks:
    """Byte locks on a file beside the ledger; the byte's position is the owner's number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: set[int] = set()
        self._fd: int | None = None

    def _file(self) -> int:
        # One descriptor for the life of the process: closing any descriptor of a file drops all of
        # a process's POSIX locks on it.
        if self._fd is None:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        return self._fd

    def hold(self, owner: int) -> bool:
        """Be this owner; False where somebody else is."""
        taken = _lock(self._file(), owner)
        if taken:
            self._own.add(owner)
        return taken

    @contextmanager
    def alone(self) -> Generator[None]:
        """Keep other processes out meanwhile; waits for one that is in."""
        _wait_for(self._file(), 0)
        try:
            yield
        finally:
            _unlock(self._file(), 0)

    def lives(self, owner: int) -> bool:
        """Whether the process that holds this number is still there."""
        if owner in self._own:
            return True
        if not _lock(self._file(), owner):
            return True
        _unlock(self._file(), owner)
        return False

    def close(self) -> None:
        """Let go of everything."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        self._own.clear()


if sys.platform == "win32":

    def _lock(fd: int, byte: int) -> bool:
        os.lseek(fd, byte, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_for(fd: int, byte: int) -> None:
        os.lseek(fd, byte, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_LOCK, 1)

    def _unlock(fd: int, byte: int) -> None:
        os.lseek(fd, byte, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:

    def _lock(fd: int, byte: int) -> bool:
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _wait_for(fd: int, byte: int) -> None:
        fcntl.lockf(fd, fcntl.LOCK_EX, 1, byte)

    def _unlock(fd: int, byte: int) -> None:
        fcntl.lockf(fd, fcntl.LOCK_UN, 1, byte)

"""Which processes are alive: each holds a lock on one byte of a file, and the kernel lets go of it.

A process identifier may be used again, a heartbeat is late under load, and a clock may jump; a
kernel lock is none of these. It ends with the process, kill -9 included, at once.
"""

import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["OwnerLocks"]


class _LockFile:
    """The file, opened once for the whole process.

    Closing any descriptor of a file drops all of a process's POSIX locks on it, and a process never
    sees its own locks as taken: so every ledger of a process on this file shares one descriptor,
    and what the process holds is known here.
    """

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.users = 0
        self.held: set[int] = set()
        self.alone = threading.Lock()


_files: dict[Path, _LockFile] = {}
_guard = threading.Lock()


class OwnerLocks:
    """Byte locks on a file beside the ledger; the byte's position is the owner's number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: set[int] = set()
        self._opened: _LockFile | None = None

    def _file(self) -> _LockFile:
        if self._opened is None:
            with _guard:
                path = self._path.resolve()
                if path not in _files:
                    _files[path] = _LockFile(path)
                self._opened = _files[path]
                self._opened.users += 1
        return self._opened

    def hold(self, owner: int) -> bool:
        """Be this owner; False where somebody else is."""
        file = self._file()
        taken = owner not in file.held and _lock(file.fd, owner)
        if taken:
            self._own.add(owner)
            file.held.add(owner)
        return taken

    @contextmanager
    def alone(self) -> Generator[None]:
        """Keep others out meanwhile; waits for one that is in."""
        file = self._file()
        with file.alone:
            _wait_for(file.fd, 0)
            try:
                yield
            finally:
                _unlock(file.fd, 0)

    def lives(self, owner: int) -> bool:
        """Whether the process that holds this number is still there."""
        file = self._file()
        if owner in file.held:
            return True
        if not _lock(file.fd, owner):
            return True
        _unlock(file.fd, owner)
        return False

    def close(self) -> None:
        """Let go of everything."""
        file, self._opened = self._opened, None
        if file is None:
            return
        with _guard:
            for owner in self._own:
                _unlock(file.fd, owner)
            file.held -= self._own
            self._own.clear()
            file.users -= 1
            if not file.users:
                os.close(file.fd)
                del _files[self._path.resolve()]


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

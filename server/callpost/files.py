"""Local files that may be sent: inside folders the operator allowed, typed by content."""

import hashlib
from pathlib import Path

import anyio
import anyio.to_thread

from callpost.call import LocalFile
from callpost.errors import FieldProblem, InvalidArguments

__all__ = ["allowed"]

CHUNK = 1024 * 1024
HEAD = 8192


async def allowed(path: str, folders: tuple[Path, ...]) -> LocalFile:
    """The file, if it may be sent.

    Raises:
        InvalidArguments: It is outside the allowed folders, or is no readable file.
    """
    return await anyio.to_thread.run_sync(_allowed, path, folders)


def _allowed(path: str, folders: tuple[Path, ...]) -> LocalFile:
    if not folders:
        raise _refused("local files are off: CALLPOST_UPLOAD_DIRS names no folder")
    try:
        real = Path(path).expanduser().resolve(strict=True)
        if not any(real.is_relative_to(folder.resolve()) for folder in folders):
            raise _refused("is outside the folders in CALLPOST_UPLOAD_DIRS")
        if not real.is_file():
            raise _refused("is not a file")
        digest = hashlib.sha256()
        with real.open("rb") as file:
            head = file.read(HEAD)
            digest.update(head)
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        size = real.stat().st_size
    except (OSError, RuntimeError, ValueError):
        raise _refused("cannot be read") from None
    return LocalFile(
        path=str(real),
        name=real.name,
        media_type=_media_type(head, real.name),
        size=size,
        sha256=digest.hexdigest(),
    )


def _media_type(head: bytes, name: str) -> str:
    import puremagic  # noqa: PLC0415 because its tables are for uploads only

    try:
        found = puremagic.from_string(head, mime=True, filename=name)  # pyright: ignore[reportUnknownMemberType] because its PathLike is bare
    except (puremagic.PureError, ValueError):
        found = ""
    return found or "application/octet-stream"


def _refused(problem: str) -> InvalidArguments:
    return InvalidArguments(
        f"The file {problem}. Nothing was sent.", fields=(FieldProblem("source", problem),)
    )

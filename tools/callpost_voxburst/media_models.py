"""What VoxBurst takes and answers about media.

Source: contract `voxburst.md` section 9, `voxburst.openapi.yaml` Media and its neighbours.
"""

import mimetypes
from ipaddress import ip_address
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from callpost.errors import FieldProblem, InvalidArguments
from callpost.models import Result
from callpost.toolset import LocalFile
from callpost_voxburst.paging import Pagination
from callpost_voxburst.platforms import Lower

__all__ = [
    "LARGEST",
    "Dimensions",
    "ImportState",
    "Media",
    "MediaFile",
    "MediaList",
    "MediaPage",
    "MediaSummary",
    "RenewedGrant",
    "UploadGrant",
    "accepted_type",
    "refuse_private",
    "type_of_url",
]

MIB = 1024 * 1024
LARGEST = MappingProxyType(
    {
        **dict.fromkeys(("image/jpeg", "image/png", "image/gif", "image/webp"), 20 * MIB),
        **dict.fromkeys(
            ("video/mp4", "video/quicktime", "video/x-msvideo", "video/webm"), 500 * MIB
        ),
        "application/pdf": 100 * MIB,
        **dict.fromkeys(("application/x-subrip", "text/vtt", "text/plain"), 5 * MIB),
    }
)
"""Types taken, each with its largest size (section 9)."""

_SAME = MappingProxyType(
    {
        "image/jpg": "image/jpeg",
        "image/pjpeg": "image/jpeg",
        "video/avi": "video/x-msvideo",
        "video/msvideo": "video/x-msvideo",
        "video/vnd.avi": "video/x-msvideo",
        "application/mp4": "video/mp4",
        "video/x-m4v": "video/mp4",
        "text/srt": "application/x-subrip",
        "text/x-srt": "application/x-subrip",
    }
)
_BY_ENDING = MappingProxyType(
    {
        ".srt": "application/x-subrip",
        ".vtt": "text/vtt",
        ".txt": "text/plain",
        ".webp": "image/webp",
    }
)
_CAPTIONS = frozenset({"application/x-subrip", "text/vtt", "text/plain"})


class UploadGrant(Result):
    """Where the bytes go, for 15 minutes (UploadResponse).

    The address is a secret for so long, so the ledger does not hold it: an answer from there has
    none.
    """

    upstream_id_field: ClassVar[str] = "media_id"
    unstored: ClassVar[frozenset[str]] = frozenset({"upload_url", "upload_headers"})

    media_id: str
    upload_url: str
    upload_headers: dict[str, str] | None = None
    expires_at: str | None = None

    @classmethod
    def from_stored(cls, data: Any) -> Self:
        """Without the address."""
        return cls.model_validate({"upload_url": "", **data})


class RenewedGrant(UploadGrant):
    """A new address, or the word of the ledger that this step was the upload, and is done."""

    media_id: str = ""

    @property
    def is_uploaded(self) -> bool:
        """A finished upload is kept as a step without any answer."""
        return not self.upload_url and not self.media_id


class Dimensions(Result):
    """Size in pixels."""

    width: int | None = None
    height: int | None = None


class ImportState(Result):
    """How far an import from a URL is."""

    import_status: str | None = None


class Media(Result):
    """A file; only a ready one may be attached to a post."""

    forgives: ClassVar[bool] = True
    id: str
    status: Lower | None = None
    filename: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    url: str | None = None
    public_url: str | None = None
    variants: dict[str, str] | None = None
    dimensions: Dimensions | None = None
    thumbnail_url: str | None = None
    validation_results: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    created_at: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether waiting is over."""
        return self.status in {"ready", "failed"}


class MediaFile(Media):
    """An uploaded file, and what is left to do."""

    next_step: str | None = None


class MediaList(Result):
    """One page as it comes."""

    data: tuple[Media, ...]
    pagination: Pagination | None = None


class MediaSummary(Result):
    """What one needs to choose a file."""

    id: str
    status: str | None = None
    filename: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    created_at: str | None = None


class MediaPage(Result):
    """Media, page by page."""

    items: tuple[MediaSummary, ...]
    next_cursor: str | None = None


def _problem(path: str, problem: str) -> InvalidArguments:
    return InvalidArguments(
        f"{path} {problem}. Nothing was sent.", fields=(FieldProblem(path, problem),)
    )


def _canonical(media_type: str) -> str:
    plain = media_type.partition(";")[0].strip().lower()
    return _SAME.get(plain, plain)


def accepted_type(file: LocalFile, wanted: str | None) -> str:
    """The type to announce for a file: its content decides, its name only between captions.

    Raises:
        InvalidArguments: VoxBurst takes no such file, or none that large.
    """
    actual = _canonical(file.media_type)
    if actual not in LARGEST or actual in _CAPTIONS:
        by_name = _BY_ENDING.get(PurePosixPath(file.name).suffix.lower(), actual)
        is_plain = actual.startswith("text/") or actual in _CAPTIONS | {"application/octet-stream"}
        actual = by_name if is_plain and by_name in _CAPTIONS else actual
    if actual not in LARGEST:
        raise _problem("source", f"is {actual}; taken are {', '.join(sorted(LARGEST))}")
    if wanted is not None and _canonical(wanted) != actual:
        if not {_canonical(wanted), actual} <= _CAPTIONS:
            raise _problem("content_type", f"does not fit the content, which is {actual}")
        actual = _canonical(wanted)
    if file.size < 1:
        raise _problem("source", "is empty")
    if file.size > LARGEST[actual]:
        raise _problem(
            "source",
            f"has {file.size} bytes; {actual} may have {LARGEST[actual]}",
        )
    return actual


def type_of_url(url: str, wanted: str | None) -> str:
    """The type to announce for a URL, from its ending unless it is said.

    Raises:
        InvalidArguments: It is not known, or VoxBurst takes no such file.
    """
    name = urlsplit(url).path
    ending = PurePosixPath(name).suffix.lower()
    guessed = wanted or _BY_ENDING.get(ending) or mimetypes.guess_type(name)[0]
    if guessed is None:
        raise _problem("content_type", "is required: the URL does not show it")
    actual = _canonical(guessed)
    if actual not in LARGEST:
        raise _problem("content_type", f"is {actual}; taken are {', '.join(sorted(LARGEST))}")
    return actual


def refuse_private(url: str) -> None:
    """VoxBurst fetches the URL itself, so it names a public https place (section 9).

    Raises:
        InvalidArguments: It does not.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        raise _problem("source", "is not a URL") from None
    if parts.username or parts.password:
        raise _problem("source", "must not carry a user name or password")
    if port not in {None, 443} or not _is_public(host):
        raise _problem("source", "is not a public https URL; VoxBurst fetches it itself")


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        private = (".local", ".internal", ".localhost", ".lan", ".home.arpa")
        return "." in host and not host.endswith(private)

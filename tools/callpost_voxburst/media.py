"""Files for posts, all steps in one.

Source: contract `voxburst.md` section 9.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from callpost.errors import Fault, FieldProblem, InvalidArguments, Refused
from callpost.fields import Id, Text
from callpost.models import Args
from callpost.toolset import Call, Dedupe, Effect, LocalFile, route
from callpost_voxburst.answers import Deleted
from callpost_voxburst.api import FAMILY
from callpost_voxburst.media_models import (
    Media,
    MediaFile,
    MediaList,
    MediaPage,
    MediaSummary,
    RenewedGrant,
    UploadGrant,
    accepted_type,
    refuse_private,
    type_of_url,
)
from callpost_voxburst.paging import Paged

__all__ = ["media"]

media = FAMILY.toolset("media", title="Media", default=True)

FIRST_POLL_S = 1.0
LONGEST_POLL_S = 5.0
RESERVE_S = 5.0
"""Left for the last read and the answer."""

ASK_AGAIN_S = 10


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class UploadMedia(Args):
    """What to upload."""

    source: Annotated[
        str,
        BeforeValidator(_trimmed),
        Field(min_length=1, description="Path in an allowed folder, or public https URL"),
    ]
    file_name: Annotated[Text | None, Field(max_length=255)] = None
    content_type: str | None = None

    @property
    def is_url(self) -> bool:
        """Whether VoxBurst fetches it."""
        return "://" in self.source


async def upload_identity(args: UploadMedia, call: Call) -> Mapping[str, str]:
    """A file's content is part of the intent: another file under the same path is another."""
    return {} if args.is_url else {"sha256": (await call.file(args.source)).sha256}


@media.tool(
    effect=Effect.CREATES,
    dedupe=Dedupe.CONTENT,
    key_material=upload_identity,
    operations=("requestUpload", "refreshPresign", "registerMedia"),
)
async def upload_media(args: UploadMedia, call: Call) -> MediaFile:
    """Upload an image, video, PDF or caption file for posts and wait until it is ready."""
    media_id = await (_registered(args, call) if args.is_url else _uploaded(args, call))
    return await _when_settled(media_id, call)


async def _registered(args: UploadMedia, call: Call) -> str:
    if not args.source.lower().startswith("https://"):
        problem = FieldProblem("source", "expected a path or an https URL")
        raise InvalidArguments("source is no https URL. Nothing was sent.", fields=(problem,))
    refuse_private(args.source)
    body = {"url": args.source, "contentType": type_of_url(args.source, args.content_type)}
    named = {"filename": args.file_name} if args.file_name else {}
    return (await call.post(route("/media/register"), body | named, into=Media)).id


async def _uploaded(args: UploadMedia, call: Call) -> str:
    file = await call.file(args.source)
    body = {
        "filename": args.file_name or file.name,
        "contentType": accepted_type(file, args.content_type),
        "sizeBytes": file.size,
    }
    # A second record that nothing was sent to is nothing.
    grant = await call.post(route("/media/upload"), body, into=UploadGrant, repeatable=True)
    await _transfer(grant, file, call)
    return grant.media_id


async def _transfer(grant: UploadGrant, file: LocalFile, call: Call) -> None:
    """Send the bytes to where they go.

    After a crash the address is not known any more, or out of date. Whether the bytes arrived is
    read; if not, a new address is asked for, in the place of the step that would have been next.
    """
    url, headers = grant.upload_url, grant.upload_headers
    while not url:
        found = await call.get(route("/media/{}", grant.media_id), into=Media)
        if found.status != "pending":
            return
        path = route("/media/{}/refresh-presign", grant.media_id)
        renewed = await call.post(path, into=RenewedGrant, repeatable=True)
        if renewed.is_uploaded:
            return
        url, headers = renewed.upload_url, renewed.upload_headers
    await call.progress("Uploading", done=0, total=file.size)
    try:
        await call.upload(url, headers or {}, file)
    except Refused as refused:
        status = refused.upstream.status if refused.upstream else None
        raise Refused(
            f"The storage refused the file ({status}).",
            retry="same_arguments",
            retry_after_s=5.0,
            next_step="Call again with the same arguments: it asks for a new upload address.",
        ) from refused
    await call.progress("Uploaded", done=file.size, total=file.size)


async def _when_settled(media_id: str, call: Call) -> MediaFile:
    """The file as it is when it is ready or failed, or when this call has no time left."""
    pause = FIRST_POLL_S
    while True:
        try:
            found = await call.get(route("/media/{}", media_id), into=Media)
        except Fault:
            return MediaFile(id=media_id, next_step=_ADVICE)  # it is there; only looking failed
        if found.is_settled or call.seconds_left() < pause + RESERVE_S:
            return _with_advice(found)
        await call.progress(f"The file is {found.status or 'not ready'}", done=0)
        await call.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL_S)


_ADVICE = f"Call get_media in {ASK_AGAIN_S} s, and attach it once it is ready."
_FAILED = "VoxBurst could not process it: see validation_results, then upload another file."


def _with_advice(found: Media) -> MediaFile:
    by_status = {"ready": None, "failed": _FAILED}
    return MediaFile(**found.model_dump(), next_step=by_status.get(found.status or "", _ADVICE))


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


MediaStatus = Annotated[
    Literal["pending", "processing", "ready", "failed"], BeforeValidator(_lower)
]


class MediaArgs(Args):
    """Which file."""

    media_id: Id


@media.tool(effect=Effect.READS, operations=("getMedia",))
async def get_media(args: MediaArgs, call: Call) -> Media:
    """One file; attach it only when ready."""
    return await call.get(route("/media/{}", args.media_id), into=Media)


class ListMedia(Paged):
    """Which files."""

    status: MediaStatus | None = None


@media.tool(effect=Effect.READS, operations=("listMedia",), default=False)
async def list_media(args: ListMedia, call: Call) -> MediaPage:
    """Uploaded files."""
    status = {"status": args.status.upper() if args.status else None}
    found = await call.get(route("/media"), into=MediaList, query=args.page() | status)
    return MediaPage(
        items=tuple(MediaSummary.model_validate(one.compact()) for one in found.data),
        next_cursor=found.pagination.following if found.pagination else None,
    )


@media.tool(
    effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("deleteMedia",), default=False
)
async def delete_media(args: MediaArgs, call: Call) -> Deleted:
    """Delete an uploaded file."""
    await call.delete(route("/media/{}", args.media_id), into=Deleted)
    return Deleted(id=args.media_id)

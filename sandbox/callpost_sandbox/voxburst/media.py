"""Files: presigned upload, import from a URL, processing (voxburst.md section 9).

    PENDING --bytes arrive, or the import finishes--> PROCESSING --PROCESSING_S--> READY | FAILED

Markers: a filename or a registered URL containing `[fail]` ends in FAILED. So does an upload whose
length is not the announced one. No registered URL is ever fetched. The upload URL belongs to the
sandbox itself and takes no Authorization header, as storage services refuse two ways to sign.
"""

import hashlib
import secrets
from urllib.parse import urlsplit

from pydantic import Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json, page
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.post_views import media_url
from callpost_sandbox.voxburst.records import Media
from callpost_sandbox.voxburst.state import State, stamp
from callpost_sandbox.voxburst.values import new_id

__all__ = ["OPERATIONS", "PROCESSING_S", "UPLOAD_PATH", "UPLOAD_S", "receive", "settle_media"]

PROCESSING_S = 2.0
IMPORT_S = 2.0
UPLOAD_S = 15 * 60.0
UPLOAD_PATH = "/_uploads/{id}"
_MB = 1024 * 1024
_MOST = {
    "image/jpeg": 20 * _MB,
    "image/png": 20 * _MB,
    "image/gif": 20 * _MB,
    "image/webp": 20 * _MB,
    "video/mp4": 500 * _MB,
    "video/quicktime": 500 * _MB,
    "video/x-msvideo": 500 * _MB,
    "video/webm": 500 * _MB,
    "application/pdf": 100 * _MB,
    "application/x-subrip": 5 * _MB,
    "text/vtt": 5 * _MB,
    "text/plain": 5 * _MB,
}
_CONVERTED = ("image/png", "image/webp")
_STATUSES = ("PENDING", "PROCESSING", "READY", "FAILED")


class _Upload(Body):
    filename: str = Field(min_length=1)
    content_type: str
    size_bytes: int = Field(ge=1)


class _Register(Body):
    url: str
    content_type: str
    filename: str = ""


def _upload(call: Call) -> Answer:
    body = call.body(_Upload)
    most = _most(body.content_type)
    if body.size_bytes > most:
        details = {"field": "sizeBytes", "maxLength": most, "actualLength": body.size_bytes}
        raise ApiError(422, "The file is too large", "VALIDATION_ERROR", **details)
    media = Media(new_id(), body.filename, body.content_type, body.size_bytes, call.now)
    call.state.media[media.id] = media
    call.state.did("media_created", media.id)
    return Answer(200, _presigned(call, media))


def _refresh(call: Call) -> Answer:
    media = _find(call)
    if media.status != "PENDING" or media.import_at is not None:
        raise ApiError(409, f"Media that is {media.status} takes no upload")
    return Answer(200, _presigned(call, media))


def _presigned(call: Call, media: Media) -> Json:
    media.upload_token = secrets.token_urlsafe(16)
    media.upload_until = call.now + UPLOAD_S
    path = UPLOAD_PATH.replace("{id}", media.id)
    return {
        "mediaId": media.id,
        "uploadUrl": f"{call.base_url}{path}?signature={media.upload_token}",
        "uploadHeaders": {"Content-Type": media.content_type},
        "expiresAt": stamp(media.upload_until),
    }


async def receive(state: State, request: Request) -> Response:
    """Take the bytes of a presigned upload."""
    media = state.media.get(request.path_params["id"])
    token = request.query_params.get("signature", "")
    if media is None or not secrets.compare_digest(token, media.upload_token):
        return PlainTextResponse("SignatureDoesNotMatch", 403)
    if "authorization" in request.headers:
        return PlainTextResponse("Only one auth mechanism allowed", 400)
    if request.headers.get("content-type") != media.content_type:
        return PlainTextResponse("SignatureDoesNotMatch: Content-Type", 403)
    if state.now() >= media.upload_until:
        return PlainTextResponse("Request has expired", 403)
    digest, size = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        size += len(chunk)
    media.sha256 = digest.hexdigest()
    if size != media.size_bytes:
        media.problem = f"{size} bytes arrived, {media.size_bytes} were announced"
    if media.status == "PENDING":
        media.status = "PROCESSING"
        media.received_at = state.now()
        state.live_media.add(media.id)
        state.did("media_uploaded", media.id)
    return Response(status_code=200, headers={"ETag": f'"{media.sha256[:32]}"'})


def settle_media(state: State) -> None:
    """Let imports and processing finish that are due."""
    now = state.now()
    for media_id in sorted(state.live_media):
        media = state.media[media_id]
        if media.status == "PENDING" and media.import_at is not None and media.import_at <= now:
            media.status = "PROCESSING"
            media.received_at = media.import_at
        if media.status == "PROCESSING" and media.received_at is not None:
            done_at = media.received_at + PROCESSING_S
            if done_at <= now:
                _finish(state, media, done_at)


def _finish(state: State, media: Media, at: float) -> None:
    state.live_media.discard(media.id)
    if "[fail]" in media.filename:
        media.problem = "The file could not be processed"
    if media.problem is not None:
        media.status = "FAILED"
        return
    media.status = "READY"
    if media.content_type in _CONVERTED:
        media.content_type = "image/jpeg"
    state.emit("media.uploaded", show_media(media), at)


def _register(call: Call) -> Answer:
    body = call.body(_Register)
    _most(body.content_type)
    parts = urlsplit(body.url)
    if parts.scheme != "https" or not parts.hostname:
        raise ApiError(400, "url has to be public https", "VALIDATION_ERROR", field="url")
    filename = body.filename or parts.path.rpartition("/")[2] or "file"
    media = Media(new_id(), filename, body.content_type, None, call.now)
    media.import_at = call.now + IMPORT_S
    if "[fail]" in body.url:
        media.problem = "The URL could not be read"
    call.state.media[media.id] = media
    call.state.live_media.add(media.id)
    call.state.did("media_created", media.id)
    return Answer(201, show_media(media))


def show_media(media: Media) -> Json:
    """Show one record; status is UPPERCASE here, as on the media page."""
    shown: Json = {
        "id": media.id,
        "filename": media.filename,
        "contentType": media.content_type,
        "sizeBytes": media.size_bytes,
        "status": media.status,
        "url": media_url(media),
        "publicUrl": media_url(media),
        "variants": {},
        "dimensions": None,
        "thumbnailUrl": None,
        "validationResults": {"errors": [media.problem]} if media.status == "FAILED" else {},
        "metadata": {},
        "createdAt": stamp(media.created_at),
    }
    if media.size_bytes is None:
        del shown["sizeBytes"]  # no null in the schema
    if media.import_at is not None:
        progress = {"PENDING": "IMPORTING", "FAILED": "FAILED"}.get(media.status, "COMPLETED")
        shown["metadata"] = {"importStatus": progress}
    return shown


def _list(call: Call) -> Answer:
    status = call.choice("status", _STATUSES, any_case=True)
    media = [m for m in reversed(call.state.media.values()) if status in (None, m.status)]
    body = page(call.query, media, identify=lambda m: m.id, show=show_media, spelling="camel")
    return Answer(200, body)


def _get(call: Call) -> Answer:
    return Answer(200, show_media(_find(call)))


def _delete(call: Call) -> Answer:
    media = _find(call)
    del call.state.media[media.id]
    call.state.live_media.discard(media.id)
    call.state.did("media_deleted", media.id)
    return Answer(204)


def _find(call: Call) -> Media:
    media = call.state.media.get(call.ids["id"])
    if media is None:
        raise ApiError(404, "No such media")
    return media


def _most(content_type: str) -> int:
    most = _MOST.get(content_type)
    if most is None:
        message = "This type of file is not supported"
        raise ApiError(400, message, "VALIDATION_ERROR", field="contentType")
    return most


OPERATIONS = (
    Operation("POST", "/media/upload", _upload, "media:write"),
    Operation("POST", "/media/{id}/refresh-presign", _refresh, "media:write"),
    Operation("POST", "/media/register", _register, "media:write"),
    Operation("GET", "/media", _list, "media:read"),
    Operation("GET", "/media/{id}", _get, "media:read"),
    Operation("DELETE", "/media/{id}", _delete, "media:write"),
)

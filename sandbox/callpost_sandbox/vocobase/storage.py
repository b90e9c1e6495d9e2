"""The store behind presigned addresses, on the same loopback application.

    PUT /storage/uploads/{token}       bytes of a document or of background audio, once reserved
    GET /storage/files/{name}          what was uploaded
    GET /storage/recordings/{name}     a recording: one second of silence

The addresses need no key and live as long as documented: uploads 15 minutes, recordings 7 days.
"""

import secrets
import struct

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from callpost_sandbox.vocobase.state import Record, State

__all__ = ["UPLOAD_LIVES_S", "Storage", "reserve"]

UPLOAD_LIVES_S = 900
_RATE = 8000


def reserve(state: State, owner: Record, *, mime_type: str, size: int) -> str:
    """Open an upload for a record and return the path of its address."""
    token = secrets.token_urlsafe(24)
    state.stored[token] = {
        "owner": owner,
        "mime_type": mime_type,
        "size": size,
        "expires_at": state.clock.now() + UPLOAD_LIVES_S,
        "bytes": None,
    }
    owner["token"] = token
    return f"/storage/uploads/{token}"


class Storage:
    """Handlers of the store."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def upload(self, request: Request) -> Response:
        """Take the bytes if address, media type and size are as reserved."""
        slot = self.state.stored.get(request.path_params["token"])
        if slot is None or self.state.clock.now() >= slot["expires_at"]:
            return PlainTextResponse("Request has expired", 403)
        if request.headers.get("content-type") != slot["mime_type"]:
            return PlainTextResponse("SignatureDoesNotMatch", 403)
        content = await request.body()
        if len(content) != slot["size"]:
            return PlainTextResponse("EntityTooLarge or too small", 400)
        slot["bytes"] = content
        slot["owner"]["uploaded_at"] = self.state.clock.now()
        self.state.journal.did("upload", slot["owner"]["id"])
        return Response(status_code=200)

    async def file(self, request: Request) -> Response:
        """Give back what was uploaded."""
        slot = self.state.stored.get(request.path_params["name"])
        if slot is None or slot["bytes"] is None:
            return PlainTextResponse("NoSuchKey", 404)
        return Response(slot["bytes"], media_type=slot["mime_type"])

    async def recording(self, request: Request) -> Response:
        """Give a recording while its address lives."""
        session = request.path_params["name"].removesuffix(".wav")
        expires = request.query_params.get("expires", "")
        known = any(call.session_id == session for call in self.state.calls.values())
        if not known or not (expires.isascii() and expires.isdigit()):
            return PlainTextResponse("NoSuchKey", 404)
        if self.state.clock.now() >= int(expires):
            return PlainTextResponse("Request has expired", 403)
        return Response(_silence(), media_type="audio/wav")


def _silence() -> bytes:
    data = b"\x00\x00" * _RATE
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, _RATE * 2, 2, 16)
    body = b"WAVE" + fmt + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body

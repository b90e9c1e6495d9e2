"""Background audio: reserve, upload to the presigned address, finalize."""

import struct
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import Ask, Body, Operation, conflict, invalid, not_found, ok
from callpost_sandbox.vocobase.state import Record
from callpost_sandbox.vocobase.storage import reserve

__all__ = ["OPERATIONS"]

_MOST_BYTES = 5_242_880
_LONGEST_S = 300
_PCM, _FLOAT = 1, 3


class _Reserve(Body):
    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,63}$")]
    label: Annotated[str, Field(min_length=1, max_length=80)]
    mime_type: Literal["audio/wav"]
    size_bytes: Annotated[int, Field(ge=1, le=_MOST_BYTES)]


@dataclass(frozen=True)
class _Wave:
    coding: int
    channels: int
    sample_rate: int
    bytes_per_s: int
    data_bytes: int

    @property
    def duration_s(self) -> float:
        return self.data_bytes / self.bytes_per_s


async def _create(ask: Ask) -> Response:
    body = await ask.body(_Reserve)
    state = ask.state
    if any(asset["slug"] == body.slug for asset in state.audio.values()):
        raise conflict("This slug is taken")
    asset: Record = {
        "id": state.new_id(),
        "slug": body.slug,
        "label": body.label,
        "status": "UPLOADING",
        "uploaded_at": None,
    }
    path = reserve(state, asset, mime_type=body.mime_type, size=body.size_bytes)
    state.audio[asset["id"]] = asset
    state.journal.did("background_audio", asset["id"])
    return ok({"id": asset["id"], "upload_url": ask.origin + path}, 201)


async def _finalize(ask: Ask) -> Response:
    state = ask.state
    asset = state.audio.get(ask.path("id"))
    if asset is None:
        raise not_found("Background audio")
    content = state.stored[asset["token"]]["bytes"]
    if content is None:
        raise invalid("Nothing was uploaded yet")
    wave = _read(content)
    if wave is None or wave.coding not in (_PCM, _FLOAT) or wave.channels != 1:
        asset["status"] = "FAILED"
        raise invalid("Expected RIFF/WAVE, PCM or IEEE float, mono")
    if wave.duration_s > _LONGEST_S:
        asset["status"] = "FAILED"
        raise invalid("Audio is longer than 5 minutes")
    asset["status"] = "READY"
    return ok(
        {
            "id": asset["id"],
            "slug": asset["slug"],
            "label": asset["label"],
            "duration_secs": round(wave.duration_s, 3),
            "sample_rate": wave.sample_rate,
            "preview_url": f"{ask.origin}/storage/files/{asset['token']}",
        }
    )


def _read(content: bytes) -> _Wave | None:
    """Read the chunks that matter; None if this is not RIFF/WAVE."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return None
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        chunks[name] = content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    fmt, data = chunks.get(b"fmt ", b""), chunks.get(b"data")
    if len(fmt) < struct.calcsize("<HHII") or data is None:
        return None
    coding, channels, rate, bytes_per_s = struct.unpack_from("<HHII", fmt)
    return _Wave(coding, channels, rate, bytes_per_s, len(data)) if bytes_per_s else None


OPERATIONS = (
    Operation("POST", "/agent/background-audio", _create),
    Operation("POST", "/agent/background-audio/{id}/finalize", _finalize),
)

import io
import wave
from pathlib import Path

import pytest

from callpost_vocobase import FAMILY
from harness import Harness, harness


def sound(folder: Path, name: str = "office.wav", *, frames: int = 8000, channels: int = 1) -> Path:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\x01\x00" * frames * channels)
    path = folder / name
    path.write_bytes(buffer.getvalue())
    return path


def reserved(h: Harness) -> int:
    return len(h.sandbox.vocobase.journal.effects("background_audio"))


async def test_sound_is_uploaded_in_one_call(tmp_path: Path) -> None:
    async with harness(families=[FAMILY], CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        asked = {"path": str(sound(tmp_path)), "slug": "office", "label": "Office"}
        answer = await h.run("upload_background_audio", asked)
        assert answer["ok"]
        told = answer["data"]
        assert (told["slug"], told["duration_secs"], told["sample_rate"]) == ("office", 1.0, 8000)
        again = await h.run("upload_background_audio", asked)
        assert again["receipt"]["replayed"]
        assert again["data"]["id"] == told["id"]
        assert reserved(h) == 1


async def test_upload_goes_on_where_an_earlier_try_stopped(tmp_path: Path) -> None:
    async with harness(families=[FAMILY], CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        asked = {"path": str(sound(tmp_path)), "slug": "office", "label": "Office"}
        h.vocobase.only = "PUT"
        h.vocobase.refuse_connections = 99
        stopped = await h.run("upload_background_audio", asked)
        assert not stopped["ok"]
        h.vocobase.refuse_connections = 0
        answer = await h.run("upload_background_audio", asked)
        assert answer["ok"]
        assert reserved(h) == 1


async def test_moved_file_is_the_same_upload(tmp_path: Path) -> None:
    async with harness(families=[FAMILY], CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        asked = {"slug": "office", "label": "Office"}
        one, other = sound(tmp_path, "a.wav"), sound(tmp_path, "b.wav")
        await h.run("upload_background_audio", {**asked, "path": str(one)})
        again = await h.run("upload_background_audio", {**asked, "path": str(other)})
        assert again["receipt"]["replayed"]


async def test_taken_slug_asks_for_another(tmp_path: Path) -> None:
    async with harness(families=[FAMILY], CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        asked = {"slug": "office", "label": "Office"}
        one, other = sound(tmp_path, "a.wav"), sound(tmp_path, "b.wav", frames=9000)
        await h.run("upload_background_audio", {**asked, "path": str(one)})
        answer = await h.run("upload_background_audio", {**asked, "path": str(other)})
        assert answer["error"]["code"] == "conflict"
        assert "another" in answer["error"]["next_step"]


@pytest.mark.parametrize(("content", "problem"), [(b"plain text", "WAV"), (None, "bytes")])
async def test_unfit_file_is_not_sent(tmp_path: Path, content: bytes | None, problem: str) -> None:
    async with harness(families=[FAMILY], CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        path = tmp_path / "text.txt"
        path.write_bytes(content or b"")
        if content is None:
            path = sound(tmp_path, frames=3_000_000)
        asked = {"path": str(path), "slug": "office", "label": "Office"}
        answer = await h.run("upload_background_audio", asked)
        assert answer["error"]["code"] == "invalid_arguments"
        assert problem in answer["error"]["fields"][0]["problem"]
        assert h.vocobase.requests == []


async def test_sound_that_vocobase_cannot_use_is_told(tmp_path: Path) -> None:
    async with harness(families=[FAMILY], CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        asked = {"path": str(sound(tmp_path, channels=2)), "slug": "office", "label": "Office"}
        answer = await h.run("upload_background_audio", asked)
        assert answer["error"]["code"] == "invalid_arguments"
        assert "mono" in answer["error"]["upstream"]["message"]

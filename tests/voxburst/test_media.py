import json
from pathlib import Path

import anyio
import httpx2
import pytest

from callpost.engine import Turn
from callpost.errors import InvalidArguments
from callpost.toolset import LocalFile
from callpost_sandbox.faults import Fault
from callpost_voxburst.media_models import MIB, accepted_type, refuse_private, type_of_url
from harness import Harness, harness
from voxburst.world import bodies

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 64


def picture(folder: Path, name: str = "a.png", tail: bytes = b"") -> str:
    path = folder / name
    path.write_bytes(PNG + tail)
    return str(path)


def uploaded(h: Harness) -> int:
    return len(h.sandbox.voxburst.journal.effects("media_uploaded"))


def created(h: Harness) -> int:
    return len(h.sandbox.voxburst.journal.effects("media_created"))


def puts(h: Harness) -> list[httpx2.Request]:
    return [request for request in h.voxburst.requests if request.method == "PUT"]


async def test_file_goes_all_the_way_to_ready(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        answer = await h.run("upload_media", {"source": picture(tmp_path)})
        assert answer["data"]["status"] == "ready"
        assert "next_step" not in answer["data"]
        assert bodies(h, "/media/upload") == [
            {"filename": "a.png", "contentType": "image/png", "sizeBytes": len(PNG)}
        ]
        [put] = puts(h)
        assert "authorization" not in put.headers
        assert "Uploading" in h.progress
        again = await h.run("upload_media", {"source": picture(tmp_path)})
        assert again["receipt"]["replayed"]
        assert uploaded(h) == 1


async def test_other_content_under_the_same_path_is_another_file(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        first = await h.run("upload_media", {"source": picture(tmp_path)})
        second = await h.run("upload_media", {"source": picture(tmp_path, tail=b"more")})
        assert first["data"]["id"] != second["data"]["id"]
        assert uploaded(h) == 2


async def test_file_outside_the_allowed_folders_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    async with harness(CALLPOST_UPLOAD_DIRS=str(inside)) as h:
        answer = await h.run("upload_media", {"source": picture(tmp_path)})
        assert answer["error"]["fields"][0]["path"] == "source"
        assert h.voxburst.requests == []


async def test_file_of_a_kind_not_taken_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"MZ\x90\x00" + b"\x00" * 100)
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        answer = await h.run("upload_media", {"source": str(tmp_path / "a.png")})
        assert answer["error"]["code"] == "invalid_arguments"
        assert h.voxburst.requests == []


@pytest.mark.parametrize("lost", ["/media/upload", "PUT"])
async def test_lost_answer_of_a_step_creates_one_file(tmp_path: Path, lost: str) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        source = {"source": picture(tmp_path)}
        h.voxburst.only, h.voxburst.lose_answers = lost, 20
        assert (await h.run("upload_media", source))["error"]["code"] == "outcome_unknown"
        h.voxburst.lose_answers = 0
        answer = await h.run("upload_media", source)
        assert answer["data"]["status"] == "ready", answer
        assert created(h) == 1


async def test_upload_resumed_after_its_address_expired_gets_a_new_one(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        source = {"source": picture(tmp_path)}
        h.voxburst.only, h.voxburst.lose_requests = "PUT", 20
        assert not (await h.run("upload_media", source))["ok"]
        h.clock.advance(16 * 60)
        assert not (await h.run("upload_media", source))["ok"]
        h.clock.advance(16 * 60)
        h.voxburst.lose_requests = 0
        answer = await h.run("upload_media", source)
        assert answer["data"]["status"] == "ready", answer
        assert (created(h), uploaded(h)) == (1, 1)
        assert len(h.voxburst.sent("POST", "/refresh-presign")) == 2


async def test_storage_that_refuses_is_asked_again_with_a_new_address(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        source = {"source": picture(tmp_path)}
        h.voxburst.only, h.voxburst.replies = "PUT", [httpx2.Response(403, text="<Expired/>")]
        error = (await h.run("upload_media", source))["error"]
        assert (error["retry"], error["side_effect"]) == ("same_arguments", "done")
        answer = await h.run("upload_media", source)
        assert answer["data"]["status"] == "ready", answer
        assert (created(h), uploaded(h)) == (1, 1)


async def test_resumed_upload_that_is_done_is_not_sent_again(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        source = {"source": picture(tmp_path)}

        async def dies(_message: str, done: float, _total: float | None) -> None:
            if done:
                raise anyio.get_cancelled_exc_class()

        tool = h.callpost.catalog.find("upload_media")
        assert tool is not None
        with pytest.raises(BaseException):  # noqa: B017, PT011 because it stands for a kill
            await h.callpost.engine.run(tool, source, Turn(progress=dies))
        # The service has not seen yet that the bytes are there.
        pending = {"id": h.sandbox.voxburst.journal.effects("media_created")[0][1]}
        h.voxburst.only = "GET"
        h.voxburst.replies = [httpx2.Response(200, json=pending | {"status": "PENDING"})]
        answer = await h.run("upload_media", source)
        assert answer["data"]["status"] == "ready", answer
        assert uploaded(h) == 1
        assert h.voxburst.sent("POST", "/refresh-presign") == []


async def test_address_is_not_kept_in_the_ledger(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        await h.run("upload_media", {"source": picture(tmp_path)})
        files = [path.read_bytes() for path in h.state.parent.iterdir()]
        assert not any(b"signature=" in content for content in files)


async def test_file_that_is_slow_is_answered_with_what_to_do_next(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        h.clock.while_asleep = None  # the service makes no progress while we wait
        answer = await h.run("upload_media", {"source": picture(tmp_path)})
        assert answer["data"]["status"] == "processing"
        assert "get_media" in answer["data"]["next_step"]
        assert sum(h.clock.slept) < 45


async def test_file_that_cannot_be_looked_at_is_still_told(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        h.sandbox.voxburst.faults.add(Fault(method="GET", status=403))
        answer = await h.run("upload_media", {"source": picture(tmp_path)})
        assert answer["ok"], answer
        assert answer["data"]["id"]
        assert "get_media" in answer["data"]["next_step"]


async def test_file_that_cannot_be_processed_says_so(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        answer = await h.run("upload_media", {"source": picture(tmp_path, "[fail].png")})
        assert answer["data"]["status"] == "failed"
        assert "validation_results" in answer["data"]["next_step"]


async def test_url_is_registered_once_and_waited_for() -> None:
    async with harness() as h:
        source = {"source": "https://example.com/a.png", "file_name": "b.png"}
        answer = await h.run("upload_media", source)
        assert answer["data"]["status"] == "ready"
        assert bodies(h, "/media/register") == [
            {
                "url": "https://example.com/a.png",
                "contentType": "image/png",
                "filename": "b.png",
            }
        ]
        assert (await h.run("upload_media", source))["receipt"]["replayed"]


@pytest.mark.parametrize(
    "source",
    [
        "http://example.com/a.png",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "https://localhost/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://169.254.169.254/a.png",
        "https://10.0.0.1/a.png",
        "https://intranet/a.png",
        "https://db.internal/a.png",
        "https://user:secret@example.com/a.png",
        "https://example.com:8443/a.png",
        "https://example.com/a",
        "https://example.com/a.exe",
        "https://[bad/a.png",
    ],
)
async def test_url_that_is_not_public_or_not_media_is_refused(source: str) -> None:
    async with harness() as h:
        error = (await h.run("upload_media", {"source": source}))["error"]
        assert error["code"] == "invalid_arguments"
        assert "secret" not in json.dumps(error)
        assert h.voxburst.requests == []


async def test_media_is_listed_read_and_deleted() -> None:
    async with harness() as h:
        media_id = (await h.run("upload_media", {"source": "https://example.com/a.png"}))["data"][
            "id"
        ]
        [item] = (await h.run("list_media", {"status": "ready"}))["data"]["items"]
        assert item["id"] == media_id
        assert (await h.run("get_media", {"media_id": media_id}))["data"]["status"] == "ready"
        assert (await h.run("delete_media", {"media_id": media_id}))["data"]["deleted"]
        answer = await h.run("get_media", {"media_id": media_id})
        assert answer["error"]["code"] == "not_found"


def local(media_type: str, name: str = "file", size: int = 10) -> LocalFile:
    return LocalFile(path=name, name=name, media_type=media_type, size=size, sha256="0")


@pytest.mark.parametrize(
    ("file", "wanted", "expected"),
    [
        (local("image/jpg"), None, "image/jpeg"),
        (local("video/avi"), None, "video/x-msvideo"),
        (local("text/plain", "a.srt"), None, "application/x-subrip"),
        (local("application/octet-stream", "a.vtt"), None, "text/vtt"),
        (local("text/plain", "a.txt"), "text/vtt", "text/vtt"),
        (local("image/png"), "image/png", "image/png"),
        (local("image/png", "a.srt"), None, "image/png"),
    ],
)
def test_content_decides_the_type(file: LocalFile, wanted: str | None, expected: str) -> None:
    assert accepted_type(file, wanted) == expected


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (local("application/zip"), None),
        (local("application/octet-stream", "a.png"), None),
        (local("image/png"), "video/mp4"),
        (local("image/png", size=0), None),
        (local("image/png", size=20 * MIB + 1), None),
        (local("video/mp4", size=500 * MIB + 1), None),
        (local("application/pdf", size=100 * MIB + 1), None),
        (local("text/vtt", size=5 * MIB + 1), None),
    ],
)
def test_file_that_is_not_taken_is_refused(file: LocalFile, wanted: str | None) -> None:
    with pytest.raises(InvalidArguments):
        accepted_type(file, wanted)


def test_type_of_a_url_is_said_or_seen() -> None:
    assert type_of_url("https://example.com/a.MP4?x=1", None) == "video/mp4"
    assert type_of_url("https://example.com/a", "image/webp") == "image/webp"


def test_public_url_passes() -> None:
    refuse_private("https://example.com:443/a.png")
    refuse_private("https://8.8.8.8/a.png")

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import Harness, harness

pytestmark = pytest.mark.anyio


def written(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


async def uploaded(h: Harness, path: str, **more: Any) -> dict[str, Any]:
    answer = await h.run("upload_document", {"path": path, **more})
    assert answer["ok"], answer
    return answer["data"]


@pytest.mark.parametrize(
    ("name", "content", "mime_type"),
    [
        ("prices.txt", b"One, two, three\n", "text/plain"),
        ("prices.md", b"# Prices\n\n- one\n", "text/markdown"),
        ("prices.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        ("logo.png", b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(16), "image/png"),
    ],
)
async def test_upload_reserves_sends_the_bytes_and_tells_the_status(
    tmp_path: Path, name: str, content: bytes, mime_type: str
) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        data = await uploaded(h, written(tmp_path, name, content))
        assert (data["name"], data["mime_type"]) == (name, mime_type)
        assert data["file_size"] == len(content)
        assert "not public" in data["note"]
        (put,) = [r for r in h.vocobase.requests if r.method == "PUT"]
        assert put.headers["content-type"] == mime_type
        assert "authorization" not in put.headers
        h.clock.advance(60)
        answer = await h.run("get_document", {"document_id": data["document_id"]})
        assert answer["data"]["status"] == "ready"


async def test_word_file_is_known_by_its_content(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as word:
        word.writestr("[Content_Types].xml", "<Types/>")
        word.writestr("word/document.xml", "<document/>")
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        data = await uploaded(h, written(tmp_path, "prices.docx", content.getvalue()))
        assert data["mime_type"].endswith("wordprocessingml.document")


async def test_same_file_again_is_the_same_upload_and_another_content_is_not(
    tmp_path: Path,
) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        path = written(tmp_path, "a.txt", b"first text\n")
        first = await uploaded(h, path)
        again = await h.run("upload_document", {"path": path})
        assert again["receipt"]["replayed"]
        assert again["data"]["document_id"] == first["document_id"]
        named = await h.run("upload_document", {"path": path, "name": "a.txt"})
        assert named["receipt"]["replayed"]
        written(tmp_path, "a.txt", b"second text\n")
        assert (await uploaded(h, path))["document_id"] != first["document_id"]


async def test_upload_survives_the_loss_of_each_of_its_answers(tmp_path: Path) -> None:
    for lost in ("POST /api/v2/documents/upload", "PUT /storage", "GET /api/v2/documents/"):
        async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
            h.vocobase.only, h.vocobase.lose_answers = lost, 1
            path = written(tmp_path, "a.txt", b"text\n")
            data = await uploaded(h, path)
            h.clock.advance(60)
            answer = await h.run("get_document", {"document_id": data["document_id"]})
            assert answer["data"]["status"] == "ready"


async def test_file_that_vocobase_does_not_take_is_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        for name, content in (("a.zip", b"PK\x03\x04" + bytes(30)), ("a.txt", b"")):
            answer = await h.run("upload_document", {"path": written(tmp_path, name, content)})
            assert answer["error"]["code"] == "invalid_arguments"
            assert answer["error"]["fields"][0]["path"] == "path"
        assert h.vocobase.requests == []


async def test_expired_reservation_says_how_to_make_another(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        path = written(tmp_path, "a.txt", b"text\n")
        h.vocobase.only, h.vocobase.lose_requests = "PUT /storage", 9
        assert not (await h.run("upload_document", {"path": path}))["ok"]
        h.vocobase.lose_requests = 0
        h.clock.advance(1000)
        answer = await h.run("upload_document", {"path": path})
        assert "next occurrence" in answer["error"]["next_step"]
        anew = await h.run("upload_document", {"path": path, "occurrence": 2})
        assert anew["ok"]


async def test_documents_are_paged_by_cursor(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        for n in range(3):
            await uploaded(h, written(tmp_path, f"{n}.txt", b"text %d\n" % n))
        first = (await h.run("list_documents", {"limit": 2}))["data"]
        assert first["total"] == 3
        rest = (await h.run("list_documents", {"limit": 2, "cursor": first["next_cursor"]}))["data"]
        names = {item["name"] for item in (*first["items"], *rest["items"])}
        assert names == {"0.txt", "1.txt", "2.txt"}
        assert "next_cursor" not in rest


async def test_document_is_linked_listed_and_unlinked(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        document = (await uploaded(h, written(tmp_path, "a.txt", b"text\n")))["document_id"]
        h.clock.advance(60)
        link = {"agent_id": DEMO_AGENT_ID, "document_ids": [document]}
        answer = await h.run("link_agent_documents", link)
        assert answer["data"]["linked"][0]["document_id"] == document
        again = await h.run("link_agent_documents", link)
        assert again["data"]["skipped"] == [document]
        listed = await h.run("list_agent_documents", {"agent_id": DEMO_AGENT_ID})
        assert [item["id"] for item in listed["data"]["items"]] == [document]
        one = {"agent_id": DEMO_AGENT_ID, "document_id": document}
        assert (await h.run("unlink_agent_document", one))["ok"]
        listed = await h.run("list_agent_documents", {"agent_id": DEMO_AGENT_ID})
        assert listed["data"]["items"] == []


async def test_folder_takes_documents_and_its_name_is_its_own(tmp_path: Path) -> None:
    async with harness(CALLPOST_UPLOAD_DIRS=str(tmp_path)) as h:
        document = (await uploaded(h, written(tmp_path, "a.txt", b"text\n")))["document_id"]
        made = await h.run("create_document_folder", {"name": "Prices", "description": "Lists"})
        folder = made["data"]["id"]
        filled = await h.run(
            "add_folder_documents", {"folder_id": folder, "document_ids": [document]}
        )
        assert filled["data"] == {"folder_id": folder, "document_ids": [document]}
        taken = await h.run("create_document_folder", {"name": "Prices"})
        assert taken["error"]["code"] == "conflict"
        assert "earlier try" in taken["error"]["next_step"]


async def test_lost_answer_to_a_folder_makes_no_second_folder() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "/document-folders", 1
        answer = await h.run("create_document_folder", {"name": "Prices"})
        assert answer["error"]["code"] == "conflict"
        assert "earlier try" in answer["error"]["next_step"]
        assert len(h.sandbox.vocobase.folders) == 1


async def test_description_of_a_row_is_cut() -> None:
    async with harness() as h:
        body = {"success": True, "data": {"documents": [{"id": "d", "description": "x" * 900}]}}
        h.vocobase.replies.append(httpx2.Response(200, json=body))
        answer = await h.run("list_documents")
        assert len(answer["data"]["items"][0]["description"]) == 500

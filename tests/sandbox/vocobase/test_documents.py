import struct
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID, VocobaseWorld

Ask = Callable[..., Awaitable[Any]]
TEXT = {"name": "Prices", "file_size": 5, "mime_type": "text/plain"}


def wav(*, channels: int = 1, seconds: int = 1) -> bytes:
    data = b"\0\0" * channels * 8000 * seconds
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, 8000, 16000 * channels, 2, 16)
    body = b"WAVE" + fmt + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


async def put(client: httpx2.AsyncClient, url: str, content: bytes, media_type: str) -> int:
    answer = await client.put(url, content=content, headers={"Content-Type": media_type})
    return answer.status_code


@pytest.fixture
async def document(ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld) -> str:
    """A document whose bytes have arrived and were processed."""
    reserved = await ask("POST", "/documents/upload", TEXT)
    assert reserved["expires_in"] == 900
    assert await put(client, reserved["upload_url"], b"hello", "text/plain") == 200
    world.clock.advance(10)
    return reserved["document_id"]


async def test_a_document_becomes_ready_and_is_linked_once(
    ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld, document: str
) -> None:
    path = f"/agent/{DEMO_AGENT_ID}/documents"
    first = await ask("POST", path, {"document_ids": [document]})
    assert first == {
        "linked": [{"document_id": document, "sync_status": "pending"}],
        "skipped": [],
    }
    again = await ask("POST", path, {"document_ids": [document]})
    assert again == {"linked": [], "skipped": [document]}
    world.clock.advance(10)
    linked = await ask("GET", path)
    assert (linked["total"], linked["documents"][0]["sync_status"]) == (1, "synced")
    shown = await ask("GET", f"/documents/{document}")
    assert shown["status"] == "ready"
    assert (await client.get(shown["download_url"])).text == "hello"
    assert [agent["id"] for agent in shown["agents"]] == [DEMO_AGENT_ID]
    assert (await ask("GET", "/documents"))["documents"][0]["agent_count"] == 1
    await ask("DELETE", f"{path}/{document}")
    assert (await ask("GET", path))["total"] == 0
    assert (await client.delete(f"{path}/{document}")).status_code == 404


async def test_an_upload_is_refused_with_another_type_another_size_or_too_late(
    ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    url = (await ask("POST", "/documents/upload", TEXT))["upload_url"]
    assert await put(client, url, b"hello", "text/html") == 403
    assert await put(client, url, b"hell", "text/plain") == 400
    world.clock.advance(900)
    assert await put(client, url, b"hello", "text/plain") == 403
    assert (await ask("GET", "/documents"))["documents"][0]["status"] == "uploading"


async def test_an_unready_document_cannot_be_linked(ask: Ask, client: httpx2.AsyncClient) -> None:
    document = (await ask("POST", "/documents/upload", TEXT))["document_id"]
    path = f"/agent/{DEMO_AGENT_ID}/documents"
    answer = await client.post(path, json={"document_ids": [document]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


async def test_a_folder_name_is_unique_and_a_folder_counts_its_documents(
    ask: Ask, client: httpx2.AsyncClient, document: str
) -> None:
    folder = await ask("POST", "/document-folders", {"name": "Prices"})
    assert (await client.post("/document-folders", json={"name": "Prices"})).status_code == 409
    path = f"/document-folders/{folder['id']}/documents"
    filled = await ask("POST", path, {"document_ids": [document, document]})
    assert filled["folder"]["document_count"] == 1


async def test_background_audio_is_read_before_it_is_accepted(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    contents = {
        "rain": (wav(), 200),
        "hall": (wav(channels=2), 400),
        "long": (wav(seconds=301), 400),
        "text": (b"hello", 400),
    }
    for slug, (content, status) in contents.items():
        body = {"slug": slug, "label": slug, "mime_type": "audio/wav", "size_bytes": len(content)}
        asset = await ask("POST", "/agent/background-audio", body)
        path = f"/agent/background-audio/{asset['id']}/finalize"
        assert (await client.post(path)).status_code == 400
        assert await put(client, asset["upload_url"], content, "audio/wav") == 200
        assert (await client.post(path)).status_code == status, slug
        if status == 200:
            data = await ask("POST", path)
            assert (data["duration_secs"], data["sample_rate"]) == (1.0, 8000)
            await ask("PUT", f"/agent/{DEMO_AGENT_ID}", {"background_audio_id": asset["id"]})
            assert (await client.post("/agent/background-audio", json=body)).status_code == 409

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.voxburst import VoxburstWorld

Ask = Callable[..., Any]
Refused = Callable[..., Any]
Body = Callable[..., dict[str, Any]]
Connect = Callable[..., httpx2.AsyncClient]
UPLOAD = {"filename": "a.png", "contentType": "image/png", "sizeBytes": 3}


async def uploaded(client: httpx2.AsyncClient, made: dict[str, Any], content: bytes) -> int:
    return (
        await client.put(made["uploadUrl"], content=content, headers=made["uploadHeaders"])
    ).status_code


async def test_an_upload_is_processed_and_then_attached(
    world: VoxburstWorld, ask: Ask, refused: Refused, connect: Connect, body: Body
) -> None:
    made = await ask("POST", "/media/upload", UPLOAD)
    path = f"/media/{made['mediaId']}"
    with_media = body("instagram", media=[made["mediaId"]], contentType="IMAGE")
    assert (await ask("GET", path))["status"] == "PENDING"
    assert await uploaded(connect(world, ""), made, b"png") == 200
    assert (await ask("GET", path))["status"] == "PROCESSING"
    assert await refused("POST", "/posts", with_media) == (400, "VALIDATION_ERROR")
    world.state.clock.advance(2)
    ready = await ask("GET", path)
    assert (ready["status"], ready["contentType"]) == ("READY", "image/jpeg")
    post = await ask("POST", "/posts", with_media)
    assert post["media"] == [{"id": made["mediaId"], "url": ready["url"], "type": "image"}]
    assert len((await ask("GET", "/media", status="ready"))["data"]) == 1
    await ask("DELETE", path)
    assert await refused("GET", path) == (404, "NOT_FOUND")


async def test_an_upload_url_takes_no_key_no_other_type_and_no_other_signature(
    world: VoxburstWorld, client: httpx2.AsyncClient, connect: Connect, ask: Ask
) -> None:
    made = await ask("POST", "/media/upload", UPLOAD)
    stranger = connect(world, "")
    assert await uploaded(client, made, b"png") == 400
    assert await uploaded(stranger, made | {"uploadHeaders": {}}, b"png") == 403
    assert await uploaded(stranger, made | {"uploadUrl": made["uploadUrl"] + "x"}, b"png") == 403
    assert world.journal.effects("media_uploaded") == []


async def test_an_upload_url_expires_and_is_renewed(
    world: VoxburstWorld, connect: Connect, ask: Ask
) -> None:
    made = await ask("POST", "/media/upload", UPLOAD)
    world.state.clock.advance(15 * 60)
    stranger = connect(world, "")
    assert await uploaded(stranger, made, b"png") == 403
    again = await ask("POST", f"/media/{made['mediaId']}/refresh-presign")
    assert await uploaded(stranger, again, b"png") == 200


async def test_a_file_that_is_not_as_announced_fails(
    world: VoxburstWorld, connect: Connect, ask: Ask
) -> None:
    made = await ask("POST", "/media/upload", UPLOAD)
    await uploaded(connect(world, ""), made, b"longer")
    world.state.clock.advance(2)
    shown = await ask("GET", f"/media/{made['mediaId']}")
    assert shown["status"] == "FAILED"
    assert shown["validationResults"]["errors"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"contentType": "image/tiff"}, 400),
        ({"sizeBytes": 20 * 1024 * 1024 + 1}, 422),
        ({"sizeBytes": 0}, 400),
        ({"filename": ""}, 400),
    ],
)
async def test_a_wrong_file_is_refused_before_the_upload(
    refused: Refused, change: dict[str, Any], status: int
) -> None:
    answer = await refused("POST", "/media/upload", {**UPLOAD, **change})
    assert answer == (status, "VALIDATION_ERROR")


async def test_a_registered_url_is_imported_later(
    world: VoxburstWorld, ask: Ask, refused: Refused
) -> None:
    wish = {"url": "https://a.example/b.gif", "contentType": "image/gif"}
    made = await ask("POST", "/media/register", wish)
    assert (made["status"], made["filename"]) == ("PENDING", "b.gif")
    assert made["metadata"] == {"importStatus": "IMPORTING"}
    world.state.clock.advance(4)
    ready = await ask("GET", f"/media/{made['id']}")
    assert (ready["status"], ready["contentType"]) == ("READY", "image/gif")
    plain = wish | {"url": "http://a.example/b.gif"}
    assert await refused("POST", "/media/register", plain) == (400, "VALIDATION_ERROR")

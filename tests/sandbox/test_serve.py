import signal
import socket
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from anyio.abc import SocketAttribute, SocketStream

from callpost_sandbox.faults import Fault
from callpost_sandbox.serve import Sandbox, build_apps, serve_sandbox
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import DEMO_AGENT_ID

START = {"agent_id": DEMO_AGENT_ID, "to_number": "+12025550199"}


def vocobase_client(sandbox: Sandbox) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=sandbox.vocobase_url,
        headers={"Authorization": f"Bearer {sandbox.vocobase_key}"},
        trust_env=False,
    )


def port_of(sandbox: Sandbox) -> int:
    return urlsplit(sandbox.vocobase_url).port or 0


async def test_both_apis_answer_on_loopback_and_stop_with_the_context() -> None:
    with anyio.fail_after(5):
        async with serve_sandbox() as sandbox, vocobase_client(sandbox) as client:
            config = await client.get("/config")
            posts = await client.get(
                f"{sandbox.voxburst_url}/posts",
                headers={"Authorization": f"Bearer {sandbox.voxburst_key}"},
            )
        assert (config.status_code, posts.status_code) == (200, 200)
        with pytest.raises(OSError, match=r"refused|failed"):
            await anyio.connect_tcp("127.0.0.1", port_of(sandbox))


async def test_the_port_is_the_one_that_was_asked_for() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with anyio.fail_after(5):
        async with serve_sandbox(vocobase_port=port) as sandbox:
            assert sandbox.vocobase_url == f"http://127.0.0.1:{port}/api/v2"


async def test_an_upload_address_leads_to_the_same_server() -> None:
    with anyio.fail_after(5):
        async with serve_sandbox() as sandbox, vocobase_client(sandbox) as client:
            body = {"name": "Prices", "file_size": 5, "mime_type": "text/plain"}
            url: str = (await client.post("/documents/upload", json=body)).json()["data"][
                "upload_url"
            ]
            sent = await client.put(url, content=b"hello", headers={"Content-Type": "text/plain"})
    assert sent.status_code == 200
    assert urlsplit(url).netloc == urlsplit(sandbox.vocobase_url).netloc


async def test_time_acts_while_nobody_asks_and_its_event_is_sent() -> None:
    told = anyio.Event()

    async def hook(stream: SocketStream) -> None:
        async with stream:
            got = b""
            while not got.endswith(b"}"):
                got += await stream.receive()
            assert b"session.completed" in got
            await stream.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            told.set()

    with anyio.fail_after(5):
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as tasks,
            serve_sandbox(SandboxSettings(speed=0)) as sandbox,
            vocobase_client(sandbox) as client,
        ):
            tasks.start_soon(listener.serve, hook)
            port = listener.extra(SocketAttribute.local_port)
            url = f"http://127.0.0.1:{port}/hook"
            await client.post("/config/webhooks", json={"label": "a", "url": url})
            await client.post("/calls/start", json=START)
            sandbox.clock.advance(60)
            await told.wait()
            tasks.cancel_scope.cancel()


async def test_what_the_body_raises_is_raised_as_it_is() -> None:
    with anyio.fail_after(5), pytest.raises(LookupError, match="mine"):
        async with serve_sandbox():
            raise LookupError("mine")


async def test_signal_handlers_of_the_process_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with anyio.fail_after(5):
        async with serve_sandbox():
            assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_a_cancelled_owner_leaves_nothing_listening() -> None:
    port = 0
    with anyio.fail_after(5):
        with anyio.CancelScope() as scope:
            async with serve_sandbox() as sandbox:
                port = port_of(sandbox)
                scope.cancel()
                await anyio.sleep_forever()
        assert scope.cancelled_caught
        with pytest.raises(OSError, match=r"refused|failed"):
            await anyio.connect_tcp("127.0.0.1", port)


async def test_a_request_that_never_ends_does_not_keep_the_servers_from_stopping() -> None:
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks, serve_sandbox() as sandbox:
            sandbox.vocobase.faults.add(Fault(kind="delay", when="after", delay_s=3600))

            async def hang() -> None:
                async with vocobase_client(sandbox) as client:
                    await client.post("/calls/start", json=START)

            tasks.start_soon(hang)
            while not sandbox.vocobase.journal.effects("call"):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()


def test_apps_without_sockets_share_clock_and_keys() -> None:
    sandbox = build_apps(SandboxSettings(speed=0, clock_offset_s=-30))
    assert sandbox.vocobase.clock is sandbox.clock
    assert sandbox.vocobase_key.startswith("rg_live_")
    assert sandbox.voxburst_key.startswith("vb_live_")

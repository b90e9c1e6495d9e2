import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from callpost_sandbox.proxy import FaultKind, FaultProxy


class Upstream:
    """A server on a socket that counts what reached it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.app = Starlette(
            routes=[
                Route("/echo", self.echo, methods=["POST", "HEAD"]),
                Route("/stream", self.stream),
                Route("/nothing", self.nothing, methods=["DELETE"]),
            ]
        )

    async def echo(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        return JSONResponse({"got": len(self.bodies[-1]), "count": len(self.bodies)})

    async def stream(self, _: Request) -> Response:
        async def parts() -> AsyncGenerator[bytes]:
            for part in (b"one,", b"two,", b"three"):
                yield part

        return StreamingResponse(parts())

    async def nothing(self, _: Request) -> Response:
        self.bodies.append(b"")
        return Response(status_code=204)


@asynccontextmanager
async def proxied() -> AsyncGenerator[tuple[Upstream, FaultProxy, httpx2.AsyncClient]]:
    upstream = Upstream()
    server = uvicorn.Server(uvicorn.Config(upstream.app, lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener, anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            async with (
                FaultProxy("127.0.0.1", listener.getsockname()[1]) as proxy,
                httpx2.AsyncClient(base_url=proxy.url_base, trust_env=False) as client,
            ):
                yield upstream, proxy, client
            server.should_exit = True


async def test_requests_without_a_fault_pass_on_one_kept_connection() -> None:
    async with proxied() as (_, proxy, client):
        first = await client.post("/echo", content=b"x" * 200_000)
        second = await client.post("/echo", content=b"abc")
        stream = await client.get("/stream")
        gone = await client.delete("/nothing")
        head = await client.head("/echo")
    assert first.json() == {"got": 200_000, "count": 1}
    assert second.json() == {"got": 3, "count": 2}
    assert stream.text == "one,two,three"
    assert gone.status_code == 204
    assert head.status_code == 200
    assert head.content == b""
    assert [seen.method for seen in proxy.seen] == ["POST", "POST", "GET", "DELETE", "HEAD"]
    assert proxy.faults_applied == 0


async def test_a_chunked_request_arrives_whole() -> None:
    async def parts() -> AsyncGenerator[bytes]:
        yield b"first"
        yield b"second"

    async with proxied() as (upstream, _, client):
        await client.post("/echo", content=parts())
    assert upstream.bodies == [b"firstsecond"]


@pytest.mark.parametrize("kind", ["drop_before", "reset_before"])
async def test_a_fault_before_forwarding_leaves_the_upstream_untouched(kind: FaultKind) -> None:
    async with proxied() as (upstream, proxy, client):
        proxy.script(kind)
        with pytest.raises(httpx2.TransportError):
            await client.post("/echo", content=b"lost")
        assert upstream.bodies == []
        again = await client.post("/echo", content=b"again")
    assert again.json()["count"] == 1


@pytest.mark.parametrize("kind", ["drop_after", "reset_after", "cut_headers", "cut_body"])
async def test_a_fault_after_forwarding_commits_once_and_loses_the_answer(kind: FaultKind) -> None:
    async with proxied() as (upstream, proxy, client):
        fault = proxy.script(kind, method="POST", path="^/echo$")
        with pytest.raises(httpx2.TransportError):
            await client.post("/echo", content=b"lost")
        assert upstream.bodies == [b"lost"]
        again = await client.post("/echo", content=b"again")
    assert fault.applied == 1
    assert again.json()["count"] == 2


async def test_a_dropped_connection_reads_as_an_end_and_a_reset_one_as_a_reset() -> None:
    async with proxied() as (_, proxy, _):
        request = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        proxy.script("drop_after")
        async with await anyio.connect_tcp("127.0.0.1", proxy.port) as stream:
            await stream.send(request)
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()
        proxy.script("reset_after")
        async with await anyio.connect_tcp("127.0.0.1", proxy.port) as stream:
            await stream.send(request)
            with pytest.raises(anyio.BrokenResourceError):
                await stream.receive()


async def test_cut_headers_keeps_exactly_the_bytes_asked_for() -> None:
    async with proxied() as (_, proxy, _):
        proxy.script("cut_headers", keep_bytes=9)
        async with await anyio.connect_tcp("127.0.0.1", proxy.port) as stream:
            await stream.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            received = await stream.receive()
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()
    assert received == b"HTTP/1.1 "


async def test_a_held_answer_leaves_when_it_is_released_and_others_overtake_it() -> None:
    answers: list[str] = []
    async with proxied() as (upstream, proxy, client):
        release = anyio.Event()
        fault = proxy.script("delay", path="/echo", release=release)

        async def held() -> None:
            answers.append((await client.post("/echo", content=b"held")).text)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(held)
            await fault.reached.wait()
            assert upstream.bodies == [b"held"]
            assert (await client.post("/echo", content=b"quick")).status_code == 200
            assert answers == []
            release.set()
    assert len(answers) == 1


async def test_a_dripping_answer_arrives_whole_and_the_connection_lives_on() -> None:
    async with proxied() as (_, proxy, client):
        proxy.script("drip", path="/stream")
        assert (await client.get("/stream")).text == "one,two,three"
        assert (await client.get("/stream")).text == "one,two,three"


async def test_a_black_hole_never_answers_and_does_not_keep_the_proxy_from_closing() -> None:
    gave_up = False
    async with proxied() as (upstream, proxy, client):
        fault = proxy.script("black_hole")

        async def wait() -> None:
            await client.post("/echo", content=b"lost")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await fault.reached.wait()
            tasks.cancel_scope.cancel()
        gave_up = True
    assert gave_up
    assert upstream.bodies == []


async def test_a_fault_meets_only_its_method_and_path_and_only_so_often() -> None:
    async with proxied() as (_, proxy, client):
        proxy.script("drop_before", method="POST", path="^/echo", times=2)
        assert (await client.get("/stream")).status_code == 200
        for _ in range(2):
            with pytest.raises(httpx2.TransportError):
                await client.post("/echo")
        assert (await client.post("/echo")).status_code == 200
        assert proxy.faults_applied == 2
        assert [seen.fault for seen in proxy.seen] == [None, "drop_before", "drop_before", None]


async def test_an_unreachable_upstream_closes_the_connection() -> None:
    with anyio.fail_after(5):
        async with (
            FaultProxy("127.0.0.1", 1) as proxy,
            httpx2.AsyncClient(base_url=proxy.url_base, trust_env=False) as client,
        ):
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.get("/")


async def test_an_exception_inside_the_context_comes_out_as_itself() -> None:
    with pytest.raises(KeyError):
        async with FaultProxy("127.0.0.1", 1):
            raise KeyError

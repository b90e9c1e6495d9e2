from urllib.parse import urlsplit

import anyio
import httpx2

from callpost_sandbox.proxy import FaultProxy
from callpost_sandbox.serve import serve_sandbox
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.voxburst import ACCOUNT_IDS

POST = {"content": "Hello", "accountIds": [ACCOUNT_IDS["twitter"]]}


async def test_a_lost_answer_and_its_retry_through_the_proxy_make_one_post() -> None:
    with anyio.fail_after(5):
        async with serve_sandbox(SandboxSettings(speed=1_000)) as sandbox:
            upstream = urlsplit(sandbox.voxburst_url)
            async with (
                FaultProxy("127.0.0.1", upstream.port or 0) as proxy,
                httpx2.AsyncClient(
                    base_url=f"{proxy.url_base}/v1",
                    headers={
                        "Authorization": f"Bearer {sandbox.voxburst_key}",
                        "Idempotency-Key": "once",
                    },
                    trust_env=False,
                ) as client,
            ):
                for kind in ("drop_before", "drop_after", "reset_after", "cut_body"):
                    proxy.script(kind, method="POST", path="/v1/posts$")
                    try:
                        await client.post("/posts", json=POST)
                    except httpx2.TransportError:
                        continue
                    raise AssertionError(kind)
                answer = await client.post("/posts", json=POST)
                assert answer.headers["Idempotency-Key-Used"] == "true"
                assert proxy.faults_applied == 4
            assert len(sandbox.voxburst.journal.effects("post_created")) == 1


async def test_an_upload_url_leads_back_through_the_address_that_was_asked() -> None:
    with anyio.fail_after(5):
        async with serve_sandbox() as sandbox:
            upstream = urlsplit(sandbox.voxburst_url)
            async with (
                FaultProxy("127.0.0.1", upstream.port or 0) as proxy,
                httpx2.AsyncClient(trust_env=False) as client,
            ):
                made = (
                    await client.post(
                        f"{proxy.url_base}/v1/media/upload",
                        json={"filename": "a.png", "contentType": "image/png", "sizeBytes": 3},
                        headers={"Authorization": f"Bearer {sandbox.voxburst_key}"},
                    )
                ).json()
                assert made["uploadUrl"].startswith(proxy.url_base)
                put = await client.put(
                    made["uploadUrl"], content=b"png", headers=made["uploadHeaders"]
                )
                assert put.status_code == 200
            assert sandbox.voxburst.media[made["mediaId"]].received_at is not None

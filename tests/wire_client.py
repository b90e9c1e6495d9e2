"""The official client on the server of a harness, without sockets, in either era."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

import anyio
import pytest
from mcp import Client

from callpost.toolset import Family
from callpost.wire.server import build_server
from harness import Harness, harness

Mode = Literal["auto", "legacy"]
ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@asynccontextmanager
async def connected(
    mode: Mode = "auto", families: list[Family] | None = None, **environ: Any
) -> AsyncGenerator[tuple[Harness, Client]]:
    """A harness, and a client of its server."""
    async with harness(families=families, **environ) as h:
        with anyio.fail_after(20):
            async with Client(build_server(h.callpost), mode=mode) as client:
                yield h, client

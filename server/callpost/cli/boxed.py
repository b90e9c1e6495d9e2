"""The sandbox in the process of the server, for `serve --sandbox`."""

import contextlib
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

from callpost_sandbox.serve import serve_sandbox

__all__ = ["boxed"]


@contextlib.asynccontextmanager
async def boxed(environ: Mapping[str, str]) -> AsyncGenerator[dict[str, str]]:
    """Serve both APIs on loopback; an environment that points at them.

    The state is a temporary file unless CALLPOST_STATE says otherwise.
    """
    others = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("VOCOBASE_API_", "VOXBURST_API_"))
    }
    with tempfile.TemporaryDirectory(prefix="callpost-sandbox-") as folder:
        async with serve_sandbox() as box:
            print(
                "callpost: serving on the sandbox: nothing real is called or posted",
                file=sys.stderr,
            )
            yield {
                **others,
                "CALLPOST_STATE": others.get("CALLPOST_STATE")
                or str(Path(folder) / "ledger.sqlite3"),
                "VOCOBASE_API_URL": box.vocobase_url,
                "VOCOBASE_API_KEY": box.vocobase_key,
                "VOXBURST_API_URL": box.voxburst_url,
                "VOXBURST_API_KEY": box.voxburst_key,
            }

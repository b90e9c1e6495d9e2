"""MCP over the process's standard streams."""

from mcp.server.stdio import stdio_server

from callpost.assembly import Callpost
from callpost.wire.server import build_server

__all__ = ["serve_stdio"]


async def serve_stdio(callpost: Callpost) -> None:
    """Serve until the host closes stdin."""
    server = build_server(callpost)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())

"""Callpost and the official Python client.

Needs Callpost, and `pip install "mcp>=2.3"`. Without arguments it runs on the sandbox: nothing
real is called. With arguments they are the command that starts the server. `--legacy` before
the command speaks the handshake of 2025-11-25; an address serves as a command too.
"""

import os
import sys

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import TextContent

LEGACY = "--legacy" in sys.argv
COMMAND = [part for part in sys.argv[1:] if part != "--legacy"] or [
    "callpost",
    "serve",
    "--sandbox",
]
SERVER = (
    COMMAND[0]
    if COMMAND[0].startswith("http")
    else StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=dict(os.environ))
)

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


async def main() -> None:
    """List, call, call again, and read an error."""
    mode = "legacy" if LEGACY else "auto"
    async with Client(SERVER, mode=mode) as client:
        # An agent gives these to its model, with their names, descriptions and schemas.
        tools = await client.list_tools()
        print("tools:", len(tools.tools))

        async def call(name: str, arguments: dict) -> str:
            result = await client.call_tool(name, arguments)
            return "".join(part.text for part in result.content if isinstance(part, TextContent))

        print("first:", await call("start_call", CALL))
        print("again:", await call("start_call", CALL))  # a retry dials nobody twice
        print("error:", await call("start_call", {"agent_id": CALL["agent_id"]}))


anyio.run(main)

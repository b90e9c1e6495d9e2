"""Callpost and the FastMCP client.

Needs Callpost, and `pip install fastmcp`. Without arguments it runs on the sandbox: nothing
real is called. With arguments they are the command that starts the server.
"""

import os
import sys

import anyio
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


async def main() -> None:
    """List, call, call again, and read an error."""
    transport = StdioTransport(COMMAND[0], COMMAND[1:], env=dict(os.environ))
    async with Client(transport) as client:
        print("tools:", len(await client.list_tools()))  # an agent gives them to its model

        async def call(name: str, arguments: dict) -> str:
            result = await client.call_tool(name, arguments, raise_on_error=False)
            return result.content[0].text

        print("first:", await call("start_call", CALL))
        print("again:", await call("start_call", CALL))  # a retry dials nobody twice
        print("error:", await call("start_call", {"agent_id": CALL["agent_id"]}))


anyio.run(main)

"""Callpost in the OpenAI Agents SDK.

Needs Callpost, and `pip install openai-agents`. Without arguments it runs on the sandbox:
nothing real is called. With arguments they are the command that starts the server.
"""

import os
import sys

import anyio
from agents.mcp import MCPServerStdio

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


async def main() -> None:
    """List, call, call again, and read an error."""
    params = {"command": COMMAND[0], "args": COMMAND[1:], "env": dict(os.environ)}
    # The default of 5 s is shorter than a call may wait for its turn.
    async with MCPServerStdio(params, client_session_timeout_seconds=60) as server:
        print("tools:", len(await server.list_tools()))
        # With a model: Runner.run(Agent("caller", mcp_servers=[server]), "Call Asha")

        async def call(name: str, arguments: dict) -> str:
            return (await server.call_tool(name, arguments)).content[0].text

        print("first:", await call("start_call", CALL))
        print("again:", await call("start_call", CALL))  # a retry dials nobody twice
        print("error:", await call("get_call", {"call_id": "unknown"}))


anyio.run(main)

"""Callpost in Microsoft's Agent Framework.

Needs Callpost, and `pip install agent-framework-core mcp tenacity`. Without arguments it runs
on the sandbox: nothing real is called. With arguments they are the command that starts the
server.
"""

import os
import sys

import anyio
from agent_framework import MCPStdioTool
from agent_framework.exceptions import ToolExecutionException

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


async def main() -> None:
    """List, call, call again, and read an error."""
    server = MCPStdioTool(
        "callpost",
        COMMAND[0],
        args=COMMAND[1:],
        env=dict(os.environ),
        load_prompts=False,  # it would offer them as tools
    )
    async with server as tool:
        print("tools:", len(tool.functions))
        # With a model: Agent(client=client, tools=tool)

        async def call(name: str, arguments: dict) -> str:
            try:
                return "".join(part.text for part in await tool.call_tool(name, **arguments))
            except ToolExecutionException as error:  # what the agent tells its model
                return str(error)

        print("first:", await call("start_call", CALL))
        print("again:", await call("start_call", CALL))  # a retry dials nobody twice
        print("error:", await call("start_call", {"agent_id": CALL["agent_id"]}))


anyio.run(main)

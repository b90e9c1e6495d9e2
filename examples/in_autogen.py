"""Callpost in AutoGen.

Needs Callpost, and `pip install "autogen-ext[mcp]" "mcp<2"`. Without arguments it runs on the
sandbox: nothing real is called. With arguments they are the command that starts the server.
"""

import os
import sys

import anyio
from autogen_ext.tools.mcp import McpWorkbench, StdioServerParams

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


async def main() -> None:
    """List, call, call again, and read an error."""
    # The default of 5 s is shorter than a call may wait for its turn.
    server = StdioServerParams(
        command=COMMAND[0], args=COMMAND[1:], env=dict(os.environ), read_timeout_seconds=60
    )
    async with McpWorkbench(server) as workbench:
        print("tools:", len(await workbench.list_tools()))
        # With a model: AssistantAgent("caller", model_client=client, workbench=workbench)

        async def call(name: str, arguments: dict) -> str:
            return (await workbench.call_tool(name, arguments)).to_text()

        print("first:", await call("start_call", CALL))
        print("again:", await call("start_call", CALL))  # a retry dials nobody twice
        print("error:", await call("get_call", {"call_id": "unknown"}))


anyio.run(main)

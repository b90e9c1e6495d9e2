"""Callpost in Google's Agent Development Kit.

Needs Callpost, and `pip install "google-adk[mcp]"`. Without arguments it runs on the sandbox:
nothing real is called. With arguments they are the command that starts the server.
"""

import os
import sys

import anyio
from google.adk.tools.mcp_tool.mcp_session_manager import StdioConnectionParams
from google.adk.tools.mcp_tool.mcp_toolset import McpToolset
from mcp import StdioServerParameters

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


async def main() -> None:
    """List, call, call again, and read an error."""
    server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=dict(os.environ))
    # The default of 5 s is shorter than a call may wait for its turn.
    toolset = McpToolset(connection_params=StdioConnectionParams(server_params=server, timeout=60))
    tools = {tool.name: tool for tool in await toolset.get_tools()}
    print("tools:", len(tools))
    # With a model: Agent(model="gemini-...", name="caller", tools=[toolset])

    async def call(name: str, arguments: dict) -> object:
        return await tools[name].run_async(args=arguments, tool_context=None)

    print("first:", await call("start_call", CALL))
    print("again:", await call("start_call", CALL))  # a retry dials nobody twice
    print("error:", await call("get_call", {"call_id": "unknown"}))
    await toolset.close()


anyio.run(main)

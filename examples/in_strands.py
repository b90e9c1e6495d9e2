"""Callpost in Strands Agents.

Needs Callpost, and `pip install strands-agents`. Without arguments it runs on the sandbox:
nothing real is called. With arguments they are the command that starts the server.
"""

import os
import sys

from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from strands.tools.mcp import MCPClient

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


def main() -> None:
    """List, call, call again, and read an error."""
    server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=dict(os.environ))
    with MCPClient(lambda: stdio_client(server)) as client:
        print("tools:", len(client.list_tools_sync()))
        # With a model: Agent(model=model, tools=client.list_tools_sync())

        def call(name: str, arguments: dict) -> str:
            return client.call_tool_sync("1", name, arguments)["content"][0]["text"]

        print("first:", call("start_call", CALL))
        print("again:", call("start_call", CALL))  # a retry dials nobody twice
        print("error:", call("start_call", {"agent_id": CALL["agent_id"]}))


main()

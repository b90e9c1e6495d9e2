"""Callpost in smolagents.

Needs Callpost, and `pip install "smolagents[mcp]" "mcp<2" websockets`. Without arguments it
runs on the sandbox: nothing real is called. With arguments they are the command that starts the
server.
"""

import os
import sys

from mcp import StdioServerParameters
from smolagents import MCPClient

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
    with MCPClient(server, structured_output=False) as found:
        tools = {tool.name: tool for tool in found}
        print("tools:", len(tools))
        # With a model: CodeAgent(tools=found, model=model)
        print("first:", tools["start_call"](**CALL))
        print("again:", tools["start_call"](**CALL))  # a retry dials nobody twice
        print("error:", tools["get_call"](call_id="unknown"))


main()

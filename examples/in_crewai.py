"""Callpost in CrewAI.

Needs Callpost, and `pip install "crewai-tools[mcp]"`. Without arguments it runs on the sandbox:
nothing real is called. With arguments they are the command that starts the server.
"""

import os
import sys

from crewai_tools import MCPServerAdapter
from mcp import StdioServerParameters

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
    with MCPServerAdapter(server) as adapted:
        tools = {tool.name: tool for tool in adapted}
        print("tools:", len(tools))
        # With a model: Agent(role="caller", tools=list(tools.values()), llm=llm, ...)
        print("first:", tools["start_call"].run(**CALL))
        print("again:", tools["start_call"].run(**CALL))  # a retry dials nobody twice
        print("error:", tools["get_call"].run(call_id="unknown"))


main()

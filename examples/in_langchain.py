"""Callpost in LangChain and LangGraph.

Needs Callpost, and `pip install langchain-mcp-adapters`. Without arguments it runs on the
sandbox: nothing real is called. With arguments they are the command that starts the server.
"""

import os
import sys

import anyio
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


async def main() -> None:
    """List, call, call again, and read an error."""
    server = {
        "transport": "stdio",
        "command": COMMAND[0],
        "args": COMMAND[1:],
        "env": dict(os.environ),
    }
    client = MultiServerMCPClient({"callpost": server})
    # A session keeps one server; without it, the adapter starts one for every call.
    async with client.session("callpost") as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}
        print("tools:", len(tools))
        # With a model: agent = create_agent(model, list(tools.values()))

        async def call(name: str, arguments: dict) -> object:
            return await tools[name].ainvoke(
                {"type": "tool_call", "id": "1", "name": name, "args": arguments}
            )

        print("first:", (await call("start_call", CALL)).content)
        print("again:", (await call("start_call", CALL)).content)  # a retry dials nobody twice
        print("error:", (await call("get_call", {"call_id": "unknown"})).content)


anyio.run(main)

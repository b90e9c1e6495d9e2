"""Callpost in LlamaIndex.

Needs Callpost, and `pip install llama-index-tools-mcp`. Without arguments it runs on the
sandbox: nothing real is called. With arguments they are the command that starts the server.
"""

import os
import sys

import anyio
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


async def main() -> None:
    """List, call, call again, and read an error."""
    # It starts a server for every call; what was done is in the state file, so nothing is lost.
    client = BasicMCPClient(COMMAND[0], args=COMMAND[1:], env=dict(os.environ), timeout=60)
    tools = {tool.metadata.name: tool for tool in await McpToolSpec(client).to_tool_list_async()}
    print("tools:", len(tools))
    # With a model: FunctionAgent(tools=list(tools.values()), llm=llm)

    async def call(name: str, arguments: dict) -> str:
        return (await tools[name].acall(**arguments)).content

    print("first:", await call("start_call", CALL))
    print("again:", await call("start_call", CALL))  # a retry dials nobody twice
    print("error:", await call("get_call", {"call_id": "unknown"}))


anyio.run(main)

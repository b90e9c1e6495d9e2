"""Callpost in Pydantic AI.

Needs Callpost, and `pip install "pydantic-ai-slim[mcp]"`. Without arguments it runs on the
sandbox: nothing real is called. With arguments they are the command that starts the server.
"""

import json
import os
import sys

import anyio
from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent, ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import RetryPromptPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

COMMAND = sys.argv[1:] or ["callpost", "serve", "--sandbox"]

CALL = {
    "agent_id": "17603149-6bfb-5f9e-8f3c-69b4268ee61e",  # the sandbox's; list_agents shows yours
    "to_number": "+14155550111",
    "provider": "mcube",
    "variables": {"callee_name": "Asha"},
}


STEPS = (
    ("first", CALL),
    ("again", CALL),  # a retry dials nobody twice
    ("error", {"agent_id": CALL["agent_id"], "to_number": "not a number", "provider": "mcube"}),
)


def script(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Stand where the model goes: call the tool three times, and show what it would read."""
    done = [
        part
        for message in messages
        for part in message.parts
        if isinstance(part, ToolReturnPart | RetryPromptPart)
    ]
    if not done:
        print("tools:", len(info.function_tools))
    else:
        print(f"{STEPS[len(done) - 1][0]}:", json.dumps(done[-1].content))
    if len(done) == len(STEPS):
        return ModelResponse([TextPart("done")])
    return ModelResponse([ToolCallPart("start_call", STEPS[len(done)][1])])


async def main() -> None:
    """List, call, call again, and read an error."""
    transport = StdioTransport(COMMAND[0], COMMAND[1:], env=dict(os.environ))
    agent = Agent(FunctionModel(script), toolsets=[MCPToolset(transport)])  # your model here
    await agent.run("Call Asha")


anyio.run(main)

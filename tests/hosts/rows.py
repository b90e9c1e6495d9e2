"""Which clients Callpost is held against, as data."""

from dataclasses import dataclass

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One client, and how it is reached."""

    name: str
    title: str
    package: str
    """Whose version is shown."""
    example: str
    """The file in examples/ that is run."""
    environment: str
    """Of requirements/hosts; `node` for the ones on Node."""
    flags: tuple[str, ...] = ()
    http: bool = False
    quick: bool = False
    """Whether it is part of every check; the others are part of `make hosts-all`."""
    note: str = ""


ROWS: tuple[Row, ...] = (
    Row("python", "MCP Python client, 2026-07-28", "mcp", "in_python.py", "mcp", quick=True),
    Row(
        "python-legacy",
        "MCP Python client, 2025-11-25",
        "mcp",
        "in_python.py",
        "mcp",
        flags=("--legacy",),
        quick=True,
    ),
    Row(
        "python-http",
        "MCP Python client, 2026-07-28",
        "mcp",
        "in_python.py",
        "mcp",
        http=True,
        quick=True,
    ),
    Row(
        "python-http-legacy",
        "MCP Python client, 2025-11-25",
        "mcp",
        "in_python.py",
        "mcp",
        flags=("--legacy",),
        http=True,
        quick=True,
    ),
    Row(
        "typescript",
        "MCP TypeScript client, 2026-07-28",
        "@modelcontextprotocol/client",
        "in_typescript.mjs",
        "node",
        quick=True,
    ),
    Row(
        "typescript-v1",
        "MCP TypeScript SDK 1, 2025-11-25",
        "@modelcontextprotocol/sdk",
        "in_typescript_v1.mjs",
        "node",
        quick=True,
    ),
    Row("fastmcp", "FastMCP client", "fastmcp", "in_fastmcp.py", "fastmcp"),
    Row(
        "langchain",
        "LangChain, LangGraph",
        "langchain-mcp-adapters",
        "in_langchain.py",
        "langchain",
        quick=True,
        note="open a session, or every call starts a server",
    ),
    Row(
        "openai-agents",
        "OpenAI Agents SDK",
        "openai-agents",
        "in_openai_agents.py",
        "openai-agents",
        quick=True,
        note="raise its timeout of 5 s to 60 s",
    ),
    Row(
        "pydantic-ai",
        "Pydantic AI",
        "pydantic-ai-slim",
        "in_pydantic_ai.py",
        "pydantic-ai",
        quick=True,
        note="a whole agent run, with a scripted model",
    ),
    Row(
        "google-adk",
        "Google ADK",
        "google-adk",
        "in_google_adk.py",
        "google-adk",
        quick=True,
        note="raise its timeout of 5 s to 60 s",
    ),
    Row(
        "llama-index",
        "LlamaIndex",
        "llama-index-tools-mcp",
        "in_llama_index.py",
        "llama-index",
        note="starts a server for every call; the state file connects them",
    ),
    Row("strands", "Strands Agents", "strands-agents", "in_strands.py", "strands"),
    Row(
        "agent-framework",
        "Microsoft Agent Framework",
        "agent-framework-core",
        "in_agent_framework.py",
        "agent-framework",
        note="install mcp and tenacity beside it",
    ),
    Row("crewai", "CrewAI", "crewai-tools", "in_crewai.py", "crewai"),
    Row(
        "smolagents",
        "smolagents",
        "smolagents",
        "in_smolagents.py",
        "smolagents",
        note="only with mcp<2 and websockets in its own environment",
    ),
    Row(
        "autogen",
        "AutoGen",
        "autogen-ext",
        "in_autogen.py",
        "autogen",
        note="only with mcp<2 in its own environment; raise its timeout of 5 s",
    ),
)

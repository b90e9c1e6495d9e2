"""MCP in and out: the SDK's server, stdio and Streamable HTTP. Nothing is imported here."""

__all__: list[str] = []

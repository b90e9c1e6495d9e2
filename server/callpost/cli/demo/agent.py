"""The agent of the demo: the official MCP client, and what it is told, shown as it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp import Client

from callpost.cli.demo.stage import Stage

__all__ = ["Agent", "Heard"]

PATIENCE_S = 50.0
"""Less than desktop hosts wait for a tool."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, as the model gets it."""

    content: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether it is done, or read."""
        return self.content.get("ok") is True

    @property
    def data(self) -> Mapping[str, Any]:
        """What was done, or read."""
        return self.content.get("data") or {}

    @property
    def error(self) -> Mapping[str, Any]:
        """What went wrong, and what to do."""
        return self.content.get("error") or {}

    @property
    def receipt(self) -> Mapping[str, Any]:
        """Whether it was done now or before."""
        return self.content.get("receipt") or {}

    @property
    def replayed(self) -> bool:
        """Whether it had been done before."""
        return self.receipt.get("replayed") is True


@dataclass(frozen=True, slots=True)
class Agent:
    """Calls tools; a scripted one, but for what it says it sees what a model sees."""

    client: Client
    stage: Stage

    async def calls(self, tool: str, shown: str = "", **arguments: Any) -> Heard:
        """Call a tool and hear the answer.

        Args:
            tool: Its name.
            shown: What the audience is told of the arguments.
            arguments: The arguments.
        """
        self.stage.line("agent", f"{tool}  {shown}".rstrip())
        return await self.asks(tool, **arguments)

    async def asks(self, tool: str, **arguments: Any) -> Heard:
        """The same without saying so."""

        async def told(progress: float, total: float | None, message: str | None) -> None:
            del progress, total
            if message:
                self.stage.line("progress", message)

        result = await self.client.call_tool(
            tool, arguments, read_timeout_seconds=PATIENCE_S, progress_callback=told
        )
        return Heard(result.structured_content or {})

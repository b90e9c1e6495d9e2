"""Where the hosts keep their configuration, as data; `install` writes there and `doctor` looks.

A place is written as hosts document it, with `~`, `%APPDATA%` and `$XDG_CONFIG_HOME` in it, and
becomes a path only with the environment and the home it is asked for.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["HOSTS", "Host", "Platform", "host_named", "this_platform"]

Platform = Literal["linux", "macos", "windows"]


@dataclass(frozen=True, slots=True)
class Host:
    """A program that starts MCP servers."""

    name: str
    """As `callpost install` spells it."""
    title: str
    paths: Mapping[Platform, str]
    """The person's own configuration, for all their projects."""
    project_path: str
    """The same for one project, below its folder; empty where the host has none."""
    format: Literal["json", "jsonc"]
    """`jsonc` allows comments and trailing commas."""
    servers_key: str
    """The member of the root object that holds the servers by name."""
    needs_type: bool = False
    """Whether an entry states its transport as `"type": "stdio"`."""

    def path(
        self, env: Mapping[str, str], *, platform: Platform | None = None, home: Path | None = None
    ) -> Path:
        """The configuration file of this person.

        Args:
            env: The environment, for the folders that it may move.
            platform: Instead of this machine's.
            home: Instead of this person's.
        """
        home = home or Path.home()
        folders = {
            "~": str(home),
            "%APPDATA%": env.get("APPDATA") or str(home / "AppData" / "Roaming"),
            "$XDG_CONFIG_HOME": env.get("XDG_CONFIG_HOME") or str(home / ".config"),
        }
        first, *rest = self.paths[platform or this_platform()].split("/")
        return Path(folders[first], *rest)


def this_platform() -> Platform:
    """The machine's kind; every Unix but macOS keeps its files like Linux."""
    if sys.platform == "win32":
        return "windows"
    return "macos" if sys.platform == "darwin" else "linux"


def host_named(name: str) -> Host | None:
    """A host by its name."""
    return next((host for host in HOSTS if host.name == name), None)


def _everywhere(path: str) -> Mapping[Platform, str]:
    return {"linux": path, "macos": path, "windows": path}


HOSTS: tuple[Host, ...] = (
    Host(
        name="claude-desktop",
        title="Claude Desktop",
        paths={
            "linux": "$XDG_CONFIG_HOME/Claude/claude_desktop_config.json",
            "macos": "~/Library/Application Support/Claude/claude_desktop_config.json",
            "windows": "%APPDATA%/Claude/claude_desktop_config.json",
        },
        project_path="",
        format="json",
        servers_key="mcpServers",
    ),
    Host(
        name="claude-code",
        title="Claude Code",
        paths=_everywhere("~/.claude.json"),
        project_path=".mcp.json",
        format="json",
        servers_key="mcpServers",
        needs_type=True,
    ),
    Host(
        name="cursor",
        title="Cursor",
        paths=_everywhere("~/.cursor/mcp.json"),
        project_path=".cursor/mcp.json",
        format="jsonc",
        servers_key="mcpServers",
    ),
    Host(
        name="vscode",
        title="VS Code",
        paths={
            "linux": "$XDG_CONFIG_HOME/Code/User/mcp.json",
            "macos": "~/Library/Application Support/Code/User/mcp.json",
            "windows": "%APPDATA%/Code/User/mcp.json",
        },
        project_path=".vscode/mcp.json",
        format="jsonc",
        servers_key="servers",
        needs_type=True,
    ),
)

"""Each published file from the one source; `render` makes all of them."""

import json
from collections.abc import Mapping
from typing import Any

from callpost.cli.entries import cursor_link, entry_for, input_for, key_setting, vscode_link
from callpost.cli.hosts import HOSTS, Host
from publishing.bundles import bundle_files
from publishing.icon import png
from publishing.sources import Source

__all__ = ["render"]

REGISTRY_SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
CARD_SCHEMA = "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json"
COMMAND = ("uvx", "callpost", "serve")
"""For files that are copied to other machines, where no absolute path is known."""


def render(source: Source) -> dict[str, bytes]:
    """Every generated file, by its path below `manifests/`."""
    documents: dict[str, Any] = {
        "registry/server.json": _registry(source),
        "server-card/server-card.json": _card(source),
        "docker/server.yaml": _docker(source),
    }
    for host in HOSTS:
        documents[f"hosts/{_FILES[host.name]}"] = _host_file(source, host)
    made = {path: _json(document) for path, document in documents.items()}
    made |= {f"claude-desktop/{name}": data for name, data in bundle_files(source).items()}
    made["claude-desktop/icon.png"] = png()
    made["hosts/install-links.md"] = _links(source).encode()
    return made


_FILES: Mapping[str, str] = {
    "claude-desktop": "claude_desktop_config.json",
    "claude-code": "claude-code.mcp.json",
    "cursor": "cursor.mcp.json",
    "vscode": "vscode.mcp.json",
}


def _json(document: Any) -> bytes:
    """JSON, which is YAML too: the Docker catalogue's file needs no second writer."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _identity(source: Source) -> dict[str, Any]:
    return {
        "name": source.publishing["name"],
        "title": source.publishing["title"],
        "description": source.publishing["summary"],
        "version": source.version,
        "repository": {"url": source.publishing["source"], "source": "github"},
    }


def _registry(source: Source) -> dict[str, Any]:
    variables: list[dict[str, Any]] = [
        {
            "name": api.key_name,
            "description": f"API key of {api.title}; without it, its tools are not listed "
            "if the other key is set",
            "isRequired": False,
            "isSecret": True,
            "format": "string",
        }
        for api in source.apis
    ]
    variables += [
        {
            "name": "CALLPOST_TOOLSETS",
            "description": "Toolsets to serve: «default», «all», or names with + and - before them",
            "default": "default",
            "format": "string",
        },
        {
            "name": "CALLPOST_READ_ONLY",
            "description": "Serve only tools that read",
            "default": "false",
            "format": "boolean",
        },
    ]
    package = {
        "registryType": "pypi",
        "identifier": source.name,
        "version": source.version,
        "runtimeHint": "uvx",
        "transport": {"type": "stdio"},
        "packageArguments": [{"type": "positional", "value": "serve"}],
        "environmentVariables": variables,
    }
    return {"$schema": REGISTRY_SCHEMA, **_identity(source), "packages": [package]}


def _card(source: Source) -> dict[str, Any]:
    return {"$schema": CARD_SCHEMA, **_identity(source)}


def _docker(source: Source) -> dict[str, Any]:
    secrets = [
        {
            "name": f"{source.name}.{api.key_name.lower()}",
            "env": api.key_name,
            "example": f"{api.key_prefix}…",
        }
        for api in source.apis
    ]
    return {
        "name": source.name,
        "image": f"mcp/{source.name}",
        "type": "server",
        "meta": {"category": "communication", "tags": list(source.project["keywords"])},
        "about": {"title": source.publishing["title"], "description": source.publishing["summary"]},
        "source": {
            "project": source.publishing["source"],
            "dockerfile": "manifests/docker/Dockerfile",
        },
        "run": {"volumes": [f"{source.name}-state:/state"]},
        "config": {
            "description": "One key is enough; the volume remembers what was done, so keep it.",
            "secrets": secrets,
        },
    }


def _entry(source: Source, host: Host) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The entry for a machine nobody has seen, and the inputs it needs."""
    env: dict[str, str] = {}
    inputs: list[dict[str, Any]] = []
    for api in source.apis:
        match host.name:
            case "vscode":
                env |= key_setting("inputs", api.key_name)
                inputs.append(input_for(api.key_name, api.title))
            case "claude-code":
                env |= key_setting("expansion", api.key_name)
            case "cursor":
                env[api.key_name] = f"${{env:{api.key_name}}}"
            case _:
                env[api.key_name] = f"${{{api.key_name}}}"  # read as «not filled in»
    return entry_for(host, COMMAND, env), inputs


def _host_file(source: Source, host: Host) -> dict[str, Any]:
    entry, inputs = _entry(source, host)
    servers = {host.servers_key: {source.name: entry}}
    return {"inputs": inputs, **servers} if inputs else servers


def _links(source: Source) -> str:
    entries = {host.name: _entry(source, host) for host in HOSTS}
    return f"""\
# Install links

Generated; `make snapshots` rewrites them. They need [uv](https://docs.astral.sh/uv/) on the
machine. With Callpost installed, `callpost install HOST` needs nothing else and starts faster.

| host | link |
|---|---|
| Cursor | `{cursor_link(source.name, entries["cursor"][0])}` |
| VS Code | `{vscode_link(source.name, *entries["vscode"])}` |
"""

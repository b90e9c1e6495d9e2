"""The desktop bundle's own files: two manifests, what to install, how to start.

Two flavours of one content. `uv`: the host brings uv and Python, nothing need be there. `python`:
for hosts that refuse that type; uv must be on the machine. A bundle that carries its dependencies
cannot be portable: they have compiled parts, for each system and each minor version of Python.
"""

import json
from typing import Any

from publishing.sources import Source

__all__ = ["ENTRY_POINT", "FLAVOURS", "bundle_files"]

FLAVOURS = {"uv": "0.4", "python": "0.3"}
"""Server type, and the newest manifest version that hosts of that kind take."""

ENTRY_POINT = "main.py"

_MAIN = '''\
"""Start Callpost from an unpacked bundle."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from callpost.cli import main

sys.exit(main(["serve"]))
'''

_IGNORE = """\
.venv/
uv.lock
__pycache__/
*.pyc
"""


def bundle_files(source: Source) -> dict[str, bytes]:
    """The files of the bundle that are not the package itself."""
    return {
        **{
            f"manifest.{kind}.json": _json(_manifest(source, kind, version))
            for kind, version in FLAVOURS.items()
        },
        "pyproject.toml": _pyproject(source).encode(),
        ENTRY_POINT: _MAIN.encode(),
        ".mcpbignore": _IGNORE.encode(),
    }


def _json(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def _manifest(source: Source, kind: str, version: str) -> dict[str, Any]:
    config: dict[str, Any] = {}
    env: dict[str, str] = {}
    for api in source.apis:
        option, where = api.key_name.lower(), (api.key_help or api.title).rstrip(".")
        env[api.key_name] = f"${{user_config.{option}}}"
        config[option] = {
            "type": "string",
            "title": f"{api.title} API key",
            "description": f"{where}. Leave it empty if you do not use it.",
            "sensitive": True,
            "required": False,
        }
    for option, (setting, what) in _options().items():
        env[setting] = f"${{user_config.{option}}}"
        config[option] = what
    return {
        "manifest_version": version,
        "name": source.name,
        "display_name": source.publishing["title"],
        "version": source.version,
        "description": source.publishing["summary"],
        "author": {"name": source.publishing["author"]},
        "repository": {"type": "git", "url": source.publishing["source"]},
        "icon": "icon.png",
        "server": {
            "type": kind,
            "entry_point": ENTRY_POINT,
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", ENTRY_POINT],
                "env": env,
            },
        },
        "tools": [{"name": name, "description": text} for name, text in source.default_tools],
        "tools_generated": True,
        "keywords": list(source.project["keywords"]),
        "license": source.project["license"],
        "compatibility": {
            "platforms": ["darwin", "win32", "linux"],
            "runtimes": {"python": source.project["requires-python"]},
        },
        "user_config": config,
    }


def _options() -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "toolsets": (
            "CALLPOST_TOOLSETS",
            {
                "type": "string",
                "title": "Toolsets",
                "description": "«default», «all», or names with + and - before them",
                "default": "default",
                "required": False,
            },
        ),
        "read_only": (
            "CALLPOST_READ_ONLY",
            {
                "type": "boolean",
                "title": "Only read",
                "description": "No tool that calls, posts or changes anything",
                "default": False,
                "required": False,
            },
        ),
        "upload_folder": (
            "CALLPOST_UPLOAD_DIRS",
            {
                "type": "directory",
                "title": "Folder for uploads",
                "description": "Images and videos in it may be attached to posts; none, if empty",
                "required": False,
            },
        ),
    }


def _pyproject(source: Source) -> str:
    pins = "".join(f"    {json.dumps(pin)},\n" for pin in source.pins)
    return f"""\
# What uv installs when the bundle is started first; the package itself is in lib/.
[project]
name = "{source.name}-bundle"
version = "{source.version}"
requires-python = "{source.project["requires-python"]}"
dependencies = [
{pins}]

[tool.uv]
package = false
"""

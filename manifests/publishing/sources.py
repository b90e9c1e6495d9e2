"""The one source: pyproject.toml, the pinned requirements, the settings and the tool table."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callpost.api import Api
from callpost.assembly import assemble
from callpost.catalog import Catalog

__all__ = ["ROOT", "Source", "read_source"]

ROOT = Path(__file__).resolve().parents[2]
_PIN = re.compile(r"^([A-Za-z0-9_.-]+==[^\s;\\]+(?: ; [^\\\n]+?)?) *\\?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """Everything the published files are made of."""

    project: dict[str, Any]
    """The table `[project]`."""
    publishing: dict[str, Any]
    """The table `[tool.callpost.publishing]`."""
    pins: tuple[str, ...]
    """Exact versions of everything the server needs, with their markers."""
    apis: tuple[Api, ...]
    catalog: Catalog

    @property
    def name(self) -> str:
        """The distribution's name."""
        return str(self.project["name"])

    @property
    def version(self) -> str:
        """The version that is in the tree."""
        return str(self.project["version"])

    @property
    def default_tools(self) -> list[tuple[str, str]]:
        """Names and descriptions of what is on unless told otherwise."""
        return [
            (tool.name, tool.description) for tool in self.catalog.tools.values() if tool.default
        ]


def read_source() -> Source:
    """Read it from the tree."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    catalog = assemble({}).catalog
    pins = _PIN.findall((ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8"))
    return Source(
        project=document["project"],
        publishing=document["tool"]["callpost"]["publishing"],
        pins=tuple(pin.strip() for pin in pins),
        apis=tuple(family.api for family in catalog.families),
        catalog=catalog,
    )

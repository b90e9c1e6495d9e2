"""Entry points become one sorted catalogue of tools; clashes are errors, wishes are resolved.

The two built-in families come in by the same door as anybody's: the entry-point group
`callpost.toolsets`, whose entries name a `Family`.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points

from callpost.errors import SettingsError
from callpost.settings import Settings
from callpost.toolset import Effect, Family, Tool

__all__ = ["GROUP", "Catalog", "installed_families"]

GROUP = "callpost.toolsets"


def installed_families() -> list[Family]:
    """Every family that is installed, in the order of their names.

    Raises:
        SettingsError: An entry point does not name a family.
    """
    families: list[Family] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        family = entry.load()
        if not isinstance(family, Family):
            raise SettingsError(f"The entry point {entry.name} of {GROUP} is not a Family.")
        families.append(family)
    return families


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tools by name, former names included."""

    families: Sequence[Family]
    tools: Mapping[str, Tool]
    """In listing order: families, their toolsets and their tools as declared."""
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, families: Iterable[Family], extra: Iterable[Tool] = ()) -> "Catalog":
        """A catalogue of these families and the core's own tools.

        Raises:
            SettingsError: Two tools have one name.
        """
        families = list(families)
        tools: dict[str, Tool] = {}
        aliases: dict[str, str] = {}
        every = [
            tool for family in families for toolset in family.toolsets for tool in toolset.tools
        ]
        for tool in [*every, *extra]:
            for name in (tool.name, *tool.aliases):
                if name in tools or name in aliases:
                    raise SettingsError(f"Two installed tools are called {name}.")
            tools[tool.name] = tool
            aliases.update(dict.fromkeys(tool.aliases, tool.name))
        return cls(families, tools, aliases)

    def find(self, name: str) -> Tool | None:
        """A tool by its name, or by a former one."""
        return self.tools.get(self.aliases.get(name, name))

    def nearest(self, name: str) -> str | None:
        """The name somebody may have meant."""
        near = difflib.get_close_matches(name, [*self.tools, *self.aliases], n=1, cutoff=0.5)
        return near[0] if near else None

    @property
    def toolset_names(self) -> tuple[str, ...]:
        """In listing order."""
        return tuple(dict.fromkeys(tool.toolset for tool in self.tools.values()))

    def chosen(self, settings: Settings) -> dict[str, Tool]:
        """The tools that are on, in listing order.

        `CALLPOST_TOOLSETS` holds names of toolsets, `default`, `all`, `+name` and `-name`; where it
        begins with a signed name it changes the default. `CALLPOST_TOOLS` adds single tools,
        `CALLPOST_EXCLUDE_TOOLS` takes some away, and read-only goes above all. With one API's key
        set, the other API's tools are left out; with none, nothing is.

        Raises:
            SettingsError: A name is unknown.
        """
        on = self._by_toolset(settings.toolsets)
        on |= {self._known(name) for name in settings.tools}
        on -= {self._known(name) for name in settings.exclude_tools}
        keyed = settings.keyed
        return {
            name: tool
            for name, tool in self.tools.items()
            if name in on
            and not (settings.read_only and tool.effect is not Effect.READS)
            and (not keyed or tool.api.name in keyed or tool.api.name not in settings.access)
        }

    def _by_toolset(self, wishes: Sequence[str]) -> set[str]:
        on: set[str] = set()
        if not wishes or wishes[0][0] in "+-":
            on = self._group("default")
        for wish in wishes:
            if wish.startswith("-"):
                on -= self._group(wish[1:])
            else:
                on |= self._group(wish.removeprefix("+"))
        return on

    def _group(self, name: str) -> set[str]:
        match name:
            case "all":
                return set(self.tools)
            case "default":
                return {tool.name for tool in self.tools.values() if tool.default}
            case _ if name in self.toolset_names:
                return {tool.name for tool in self.tools.values() if tool.toolset == name}
            case _:
                known = ("default", "all", *self.toolset_names)
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
                raise SettingsError(f"CALLPOST_TOOLSETS: there is no toolset «{name}». {hint}")

    def _known(self, name: str) -> str:
        tool = self.find(name)
        if tool is not None:
            return tool.name
        near = self.nearest(name)
        hint = f" Did you mean {near}?" if near else ""
        raise SettingsError(f"There is no tool «{name}».{hint}")

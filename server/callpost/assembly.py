"""The parts put together: settings and families become a catalogue and an engine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from callpost.catalog import Catalog, installed_families
from callpost.clock import Clock, SystemClock
from callpost.core_tools import CoreTools
from callpost.engine import Engine
from callpost.errors import SettingsError
from callpost.ledger.sqlite import SqliteLedger
from callpost.settings import Settings, read_settings
from callpost.toolset import Family, Tool
from callpost.upstream import Upstream

if TYPE_CHECKING:
    import httpx2

__all__ = ["Callpost", "assemble"]


@dataclass(frozen=True, slots=True)
class Callpost:
    """A server's worth of parts, without a wire."""

    settings: Settings
    catalog: Catalog
    tools: Mapping[str, Tool]
    """Those that are on."""
    engine: Engine

    async def close(self) -> None:
        """Close connections and the ledger."""
        await self.engine.upstream.close()
        await self.engine.ledger.close()


def assemble(
    environ: Mapping[str, str] | None = None,
    *,
    families: Iterable[Family] | None = None,
    clock: Clock | None = None,
    transports: "Mapping[str, httpx2.AsyncBaseTransport] | None" = None,
) -> Callpost:
    """Put the parts together; nothing is opened, sent or written yet.

    Args:
        environ: Instead of the process's environment.
        families: Instead of the installed ones.
        clock: Instead of the machine's.
        transports: By origin, instead of the network.

    Raises:
        SettingsError: Something in the environment cannot be used.
    """
    clock = clock or SystemClock()
    found = list(families) if families is not None else installed_families()
    settings = read_settings([family.api for family in found], environ)
    core = CoreTools(settings, found)
    core.catalog = catalog = Catalog.of(found, core.toolset().tools)
    if "://" in settings.state:
        raise SettingsError("CALLPOST_STATE must be a path; other engines are not in this version.")
    engine = Engine(
        ledger=SqliteLedger(_path(settings.state), clock.now),
        upstream=Upstream(clock, timeout_s=settings.timeout_s, transports=transports),
        clock=clock,
        access=settings.access,
        bounds=settings.bounds,
    )
    return Callpost(settings, catalog, catalog.chosen(settings), engine)


def _path(state: str) -> Path:
    try:
        return Path(state).expanduser()
    except RuntimeError:
        raise SettingsError("CALLPOST_STATE names the folder of a user who is not there.") from None

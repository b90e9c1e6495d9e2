from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from engines.world import World, world


@pytest.fixture(params=["sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[World]:
    """A world on every engine there is; a second one joins here."""
    async with world(tmp_path / "state" / "ledger.sqlite3") as made:
        yield made

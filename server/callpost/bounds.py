"""How long things may take, and how a lost call is settled: what the operator may change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from callpost.pace import Limit

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Durations in seconds."""

    max_wait_s: float = 20.0
    """A longer wait for a limit is answered, not waited for."""
    call_s: float = 45.0
    """No tool call lasts longer: desktop hosts cut at 60 s."""
    settle_after_s: float = 60.0
    """How long after a lost start its absence may count as proof."""
    strict: bool = False
    """Never act again without a person where the truth cannot be had."""
    upload_folders: tuple[Path, ...] = ()
    overrides: Mapping[str, Limit] = field(default_factory=dict[str, Limit])
    """By «api.window»: other limits than the API documents."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """Settings that a family reads."""

    def limit(self, api: str, window: str, documented: Limit) -> Limit:
        """The limit that is kept: the operator's, else the documented one."""
        return self.overrides.get(f"{api}.{window}", documented)

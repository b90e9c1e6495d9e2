"""What `doctor` finds: how bad it is, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Level"]

Level = Literal["ok", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    level: Level
    message: str
    remedy: str | None = None
    """What a person does about it; always there unless it is ok."""

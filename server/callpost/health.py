"""How each API has been lately, so that the advice after repeated failures is to stop."""

from dataclasses import dataclass, field

__all__ = ["Health"]

FAILURES_BEFORE_STOP = 5
FIRST_STOP_S = 15.0
LONGEST_STOP_S = 300.0
DOUBLINGS = 6


@dataclass(slots=True)
class Health:
    """How each API has been lately: consecutive failures, and 429s nobody explained."""

    failures: dict[str, int] = field(default_factory=dict[str, int])
    unexplained: dict[str, int] = field(default_factory=dict[str, int])

    def failed(self, api: str) -> None:
        """Nothing usable came back."""
        self.failures[api] = self.failures.get(api, 0) + 1

    def worked(self, api: str) -> None:
        """Something did."""
        self.failures.pop(api, None)

    def stop_s(self, api: str) -> float | None:
        """After repeated failures: how long to leave the API alone."""
        over = self.failures.get(api, 0) - FAILURES_BEFORE_STOP
        return None if over < 0 else min(LONGEST_STOP_S, FIRST_STOP_S * 2 ** min(over, DOUBLINGS))

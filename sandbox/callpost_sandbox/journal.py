"""What the upstream saw and did, to count effects from outside. It holds no bodies."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Journal", "Seen"]

_KEPT = 10_000  # requests kept in full; the counters and the effects are exact for ever


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    """Path below the API's base, without the query."""
    status: int
    """What the application answered; 0 if a fault kept the request from it."""
    at: float
    """Real time of arrival in Unix seconds."""
    idempotency_key: str | None = None
    fault: str | None = None
    """The fault that was applied, as `before:status` or `after:html`."""


class Journal:
    """Requests in order of their end, and effects in order of their commit."""

    def __init__(self) -> None:
        self.requests: deque[Seen] = deque(maxlen=_KEPT)
        self.statuses: Counter[int] = Counter()
        self._effects: list[tuple[str, str]] = []

    def saw(self, seen: Seen) -> None:
        """Keep one request."""
        self.requests.append(seen)
        self.statuses[seen.status] += 1

    def did(self, kind: str, subject: str) -> None:
        """Keep one committed effect, such as `("call", call_id)`."""
        self._effects.append((kind, subject))

    def effects(self, kind: str | None = None) -> list[tuple[str, str]]:
        """Return the committed effects of one kind, or all of them."""
        return [effect for effect in self._effects if kind in (None, effect[0])]

    @property
    def refused_by_limit(self) -> int:
        """How many 429 the application has given."""
        return self.statuses[429]

    def as_json(self) -> dict[str, Any]:
        """Return everything as values of JSON (what `GET /_sandbox/journal` answers)."""
        return {
            "requests": [asdict(seen) for seen in self.requests],
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "refused_by_limit": self.refused_by_limit,
            "effects": [list(effect) for effect in self._effects],
        }

"""How many calls may run at once (contract section 2)."""

from callpost.toolset import Call, Result, route
from callpost_vocobase.call_models import LooseText

__all__ = ["SLOT", "CallCapacity", "read_capacity"]

SLOT = "active_calls"


class CallCapacity(Result):
    """The live limit; five is the seed's default, three stood in an example (section 10)."""

    limit: int | None = None
    limit_source: LooseText = None
    active: int | None = None
    remaining: int | None = None
    statuses_counted: tuple[str, ...] | None = None


async def read_capacity(call: Call) -> CallCapacity:
    """Read the live numbers, and let the pacing know them."""
    capacity = await call.get(route("/calls/concurrency"), into=CallCapacity)
    if capacity.limit is not None and capacity.active is not None:
        await call.learn_slots(SLOT, limit=capacity.limit, active=capacity.active)
    return capacity

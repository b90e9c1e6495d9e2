"""A read: tried again by itself where that can help, and shared between those who wait alike."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from pydantic import ValidationError

from callpost.api import Reply
from callpost.call import Route
from callpost.errors import Broken, Fault, Paced, Refused, Unreachable, Upstream
from callpost.ledger import Departed
from callpost.models import Result
from callpost.pace import Priority
from callpost.upstream import LostError, NotSentError

if TYPE_CHECKING:
    from callpost.errand import Errand

__all__ = ["read", "read_into", "read_shared"]

ResultT = TypeVar("ResultT", bound=Result)
Json = Mapping[str, Any]
Query = Mapping[str, str | int | bool | None]

TRIES = 3
BACKOFF_S = (0.3, 1.0, 2.0)
SHARED_POLL_S = 0.25
FETCH_LEASE_S = 30.0
HTTP_OK = range(200, 300)


async def read(
    errand: "Errand",
    method: str,
    path: Route,
    priority: Priority,
    *,
    query: Query | None = None,
    body: Json | None = None,
) -> Any:
    """The payload of a request that changes nothing.

    Raises:
        Fault: What is known of the failure; never that something may have happened.
    """
    given = {k: v for k, v in (query or {}).items() if v is not None}
    failures = 0
    while True:
        departed = await errand.depart(method, path, priority, query=str(sorted(given.items())))
        try:
            reply = await errand.exchange(
                departed, method, path, query=given, body=body, fresh=False
            )
        except NotSentError:
            fault: Fault = errand.unreachable()
        except LostError as lost:
            fault = Broken(f"{errand.tool.api.title} gave no whole answer: {lost}.")
        else:
            if reply.status in HTTP_OK:
                try:
                    return errand.tool.api.unwrap(reply)
                except ValueError:
                    fault = _unreadable(errand, reply)
            else:
                fault = errand.tool.api.fault(reply)
        if isinstance(fault, Paced):
            await errand.refused_for_pace(method, path, fault)
            continue
        if isinstance(fault, Refused) or fault.code == "invalid_arguments":
            raise fault
        failures += 1
        backoff = BACKOFF_S[min(failures, len(BACKOFF_S)) - 1]
        if failures >= TRIES or errand.seconds_left() < backoff + 1:
            raise errand.with_stop(_as_read(errand, fault))
        await errand.sleep(backoff)


def read_into(errand: "Errand", payload: Any, into: type[ResultT]) -> ResultT:
    """The payload as a model."""
    try:
        return into.model_validate(payload)
    except ValidationError:
        raise _unreadable(errand) from None


async def read_shared(
    errand: "Errand",
    path: Route,
    *,
    query: Query,
    digest: Callable[[Any], Json],
    max_age_s: float,
) -> Json:
    """What one read says to all waiting calls of all processes: whoever is first fetches it."""
    ledger, clock = errand.engine.ledger, errand.engine.clock
    what = f"{path} {sorted(query.items())}"
    while True:
        kept, is_mine = await ledger.look(
            errand.scope, what, clock.now(), max_age_s=max_age_s, lease_s=FETCH_LEASE_S
        )
        if kept is not None:
            return kept
        if is_mine:
            fetched: Json | None = None
            try:
                payload = await read(errand, "GET", path, Priority.BACKGROUND, query=query)
                fetched = found = digest(payload)
            finally:
                # Also when cancelled: the others would wait for a fetch that nobody makes.
                with anyio.CancelScope(shield=True):
                    await ledger.keep_look(errand.scope, what, fetched, clock.now())
            return found
        if errand.seconds_left() <= SHARED_POLL_S:
            raise errand.paced(Departed(due_s=max_age_s))
        await clock.sleep(SHARED_POLL_S)


def _as_read(errand: "Errand", fault: Fault) -> Fault:
    if isinstance(fault, Broken | Unreachable):
        return fault
    is_advice = fault.next_step != Fault.default_next_step
    return Broken(
        f"{errand.tool.api.title} failed to answer a read.",
        retry_after_s=5.0,
        next_step=fault.next_step if is_advice else None,
        upstream=fault.upstream,
    )


def _unreadable(errand: "Errand", reply: Reply | None = None) -> Fault:
    told = Upstream(errand.tool.api.name, status=reply.status if reply else None)
    return Broken(
        f"{errand.tool.api.title} answered something that is not in its documentation.",
        upstream=told,
    )

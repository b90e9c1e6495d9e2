"""Calls: start one, follow it, read what came of it (contract sections 2, 4 and 9)."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, cast

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from callpost.fields import NOT_IN_KEY, Id, PhoneNumber, Text
from callpost.toolset import Args, Call, Dedupe, Effect, Result, route
from callpost_vocobase.api import FAMILY
from callpost_vocobase.call_details import CallDetails, WholeCall, told
from callpost_vocobase.call_models import CallPage, CallRow, LooseText, StartedCall
from callpost_vocobase.call_search import looking_for
from callpost_vocobase.capacity import SLOT, CallCapacity, read_capacity
from callpost_vocobase.carriers import Carrier, carrier_for
from callpost_vocobase.listing import Listed
from callpost_vocobase.lost_call import Wanted
from callpost_vocobase.paging import Paged, next_cursor

__all__ = [
    "CallRecording",
    "Calls",
    "GetCall",
    "ListCalls",
    "OneCall",
    "StartCall",
    "calls",
    "free_ended",
]

calls = FAMILY.toolset("calls", title="Calls", default=True)


def _as_texts(value: Any) -> Any:
    """Vocobase turns values into texts (schema Variables), so 5 and "5" are one intent."""
    if not isinstance(value, dict):
        return value
    given = cast("dict[Any, Any]", value)
    return {name: _as_text(said) for name, said in given.items() if said is not None} or None


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


class StartCall(Args):
    """Whom to ring, through which agent and carrier."""

    agent_id: Id
    to_number: PhoneNumber
    provider: Annotated[
        Carrier | None,
        NOT_IN_KEY,
        Field(description="Carrier; may be left out if the account has one"),
    ] = None
    """By whom, not what: a retry that names the carrier must not dial a second time."""
    connection_id: Annotated[
        Id | None, Field(description="Needed if the carrier has several connections")
    ] = None
    variables: Annotated[
        dict[str, Text] | None,
        BeforeValidator(_as_texts),
        Field(description="Values for the agent's placeholders"),
    ] = None

    def body(self, carrier: str) -> dict[str, Any]:
        """The request: everything given, and always a provider."""
        return {**self.given(), "provider": carrier}


@calls.tool(effect=Effect.SENDS, dedupe=Dedupe.CONTENT, operations=("startCall",))
async def start_call(args: StartCall, call: Call) -> StartedCall:
    """Dial a real phone now and let an agent talk; costs money, cannot be cancelled.

    Follow it with wait_for_call.
    """
    carrier = await carrier_for(call, args.provider)
    wanted = Wanted(to_number=args.to_number, agent_id=args.agent_id)
    return await call.post(
        route("/calls/start"),
        args.body(carrier),
        into=StartedCall,
        settle=looking_for(call, wanted),
        slot=SLOT,
    )


class ListCalls(Paged):
    """Which calls."""

    status: (
        Literal[
            "pending",
            "ringing",
            "in_progress",
            "completed",
            "failed",
            "no_answer",
            "busy",
            "canceled",
        ]
        | None
    ) = None


class Calls(Listed):
    """A part of the calls."""

    items: tuple[CallRow, ...] = ()


@calls.tool(effect=Effect.READS, operations=("listCalls",))
async def list_calls(args: ListCalls, call: Call) -> Calls:
    """List calls with their states; no transcripts."""
    page = await call.get(
        route("/calls"), into=CallPage, query={**args.page, "status": args.status}
    )
    await free_ended(call, page.calls)
    return Calls(
        items=tuple(row.brief() for row in page.calls),
        total=page.total,
        next_cursor=next_cursor(args, len(page.calls), page.total),
    )


async def free_ended(call: Call, rows: Iterable[CallRow]) -> None:
    """Give back the slots of calls that were seen to have ended."""
    ended = [row.call_id for row in rows if row.call_id and row.has_ended]
    if ended:
        await call.free(SLOT, ended)


class OneCall(Args):
    """A call by its identifier."""

    call_id: Id


class GetCall(OneCall):
    """A call, and which part of its transcript."""

    transcript_from: Annotated[int, Field(ge=0)] = 0
    transcript_limit: Annotated[int, Field(ge=1, le=500)] = 100


@calls.tool(effect=Effect.READS, operations=("getCall",))
async def get_call(args: GetCall, call: Call) -> CallDetails:
    """Read one call: outcome, charge in rupees, extraction, transcript by turns."""
    answer = await call.get(route("/calls/{}", args.call_id), into=WholeCall)
    whole = answer.named(args.call_id)
    await free_ended(call, [whole])
    return told(whole, start=args.transcript_from, limit=args.transcript_limit, now=call.now())


class CallRecording(Result):
    """Where the recording can be fetched for the next seven days (section 5)."""

    recording_url: Annotated[
        LooseText, Field(validation_alias=AliasChoices("recording_url", "url", "download_url"))
    ] = None
    expires_at: LooseText = None

    @model_validator(mode="before")
    @classmethod
    def _bare_too(cls, data: Any) -> Any:
        """The answer's shape was not captured; it may be the address alone."""
        return {"recording_url": data} if isinstance(data, str) else data


@calls.tool(effect=Effect.READS, operations=("getCallRecordingUrl",))
async def get_call_recording(args: OneCall, call: Call) -> CallRecording:
    """Get a fresh link to a call's recording, valid 7 days."""
    return await call.get(route("/calls/{}/recording-url", args.call_id), into=CallRecording)


@calls.tool(effect=Effect.READS, operations=("getCallConcurrency",))
async def get_call_capacity(args: Args, call: Call) -> CallCapacity:  # noqa: ARG001 because every handler takes both
    """How many more calls may be started now; reserves nothing."""
    return await read_capacity(call)

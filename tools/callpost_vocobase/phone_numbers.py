"""Imported carrier numbers and the agents that answer them (contract tag Phone numbers)."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from callpost.fields import Id, Text
from callpost.toolset import Args, Call, Dedupe, Effect, Result, route
from callpost_vocobase.listing import Listed, Short, Whole, slice_of
from callpost_vocobase.paging import Paged
from callpost_vocobase.telephony import telephony

__all__ = [
    "ImportedNumber",
    "PhoneNumbers",
    "UpdatePhoneNumber",
    "list_phone_numbers",
    "update_phone_number",
]


class AnsweringAgent(Result):
    """Who answers a number."""

    id: str | None = None
    name: str | None = None


class ImportedNumber(Result):
    """A number of the account."""

    unstored: ClassVar[frozenset[str]] = frozenset({"phone_number", "friendly_name"})

    id: str | None = None
    phone_number: str | None = None
    provider: str | None = None
    friendly_name: Short | None = None
    status: str | None = None
    is_default: bool | None = None
    agent: AnsweringAgent | None = None


class PhoneNumbers(Listed):
    """A part of the numbers."""

    items: tuple[ImportedNumber, ...] = ()


class _Numbers(Whole):
    phone_numbers: tuple[ImportedNumber, ...] = ()


@telephony.tool(effect=Effect.READS, operations=("listPhoneNumbers",))
async def list_phone_numbers(args: Paged, call: Call) -> PhoneNumbers:
    """List the account's own numbers and which agent answers each."""
    found = await call.get(route("/phone-numbers"), into=_Numbers)
    items, rest = slice_of(found.phone_numbers, args)
    return PhoneNumbers(items=items, total=len(found.phone_numbers), next_cursor=rest)


class UpdatePhoneNumber(Args):
    """What to change about a number."""

    phone_number_id: Id
    agent_id: Id | None = None
    unassign_agent: Annotated[bool, Field(description="Nobody answers then")] = False
    friendly_name: Annotated[Text, Field(max_length=200, description='"" clears it')] | None = None
    status: Literal["ACTIVE", "INACTIVE"] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.body():
            raise ValueError(
                "name what to change: agent_id, unassign_agent, friendly_name or status"
            )
        if self.agent_id is not None and self.unassign_agent:
            raise ValueError("agent_id and unassign_agent exclude each other")
        return self

    def body(self) -> dict[str, Any]:
        """As the API names it; null unbinds the agent or clears the name."""
        body = self.model_dump(
            mode="json", exclude_none=True, exclude={"phone_number_id", "unassign_agent"}
        )
        if self.unassign_agent:
            body["agent_id"] = None
        if self.friendly_name == "":
            body["friendly_name"] = None
        return body


@telephony.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updatePhoneNumber",))
async def update_phone_number(args: UpdatePhoneNumber, call: Call) -> ImportedNumber:
    """Choose the agent that answers a number, rename it or switch it off.

    May also change the caller id of that agent's outbound calls.
    """
    path = route("/phone-numbers/{}", args.phone_number_id)
    return await call.put(path, args.body(), into=ImportedNumber)

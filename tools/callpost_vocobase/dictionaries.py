"""Speech-recognition dictionaries, and which agents use them (contract tag Dictionaries)."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from callpost.errors import Refused
from callpost.fields import Id, Text, unordered
from callpost.toolset import Args, Call, Dedupe, Effect, Result, route
from callpost_vocobase.documents import knowledge
from callpost_vocobase.listing import Listed, Whole, slice_of
from callpost_vocobase.paging import Paged
from callpost_vocobase.settling import Identified

__all__ = [
    "AgentDictionaries",
    "CreateDictionary",
    "Dictionary",
    "ListAgentDictionaries",
    "NewDictionary",
    "SetAgentDictionaries",
    "UpdateDictionary",
    "create_dictionary",
    "list_agent_dictionaries",
    "set_agent_dictionaries",
    "update_dictionary",
]

Name = Annotated[Text, Field(min_length=1, max_length=100)]
Description = Annotated[Text, Field(max_length=500)]
Terms = tuple[Text, ...]


class DictionarySummary(Result):
    """A dictionary without its terms."""

    id: str | None = None
    name: str | None = None
    term_count: int | None = None
    char_count: int | None = None
    attached_agent_count: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Dictionary(DictionarySummary):
    """A dictionary, whole; the server normalises its terms."""

    unstored: ClassVar[frozenset[str]] = frozenset({"description", "terms"})

    description: str | None = None
    terms: tuple[str, ...] = ()


class NewDictionary(Identified, Dictionary):
    """A dictionary just made."""


class CreateDictionary(Args):
    """What to listen for."""

    name: Name
    description: Description | None = None
    terms: Annotated[Terms, Field(description="Words to recognise")] = ()

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return self.model_dump(mode="json", exclude_none=True)


@knowledge.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createDictionary",))
async def create_dictionary(args: CreateDictionary, call: Call) -> NewDictionary:
    """Create a list of words that speech recognition should know; attach it separately."""
    try:
        # Repeatable: names are unique per partner, so a second one is refused, never made.
        return await call.post(
            route("/dictionaries"), args.body(), into=NewDictionary, repeatable=True
        )
    except Refused as fault:
        if fault.code == "conflict":
            fault.next_step = (
                "A dictionary of this name exists, perhaps from an earlier try. Look for its "
                "identifier with list_agent_dictionaries or ask the person (dashboard), or choose "
                "another name."
            )
        raise


class UpdateDictionary(Args):
    """What to change."""

    dictionary_id: Id
    name: Name | None = None
    description: Annotated[Description, Field(description='"" clears it')] | None = None
    terms: Annotated[Terms, Field(description="The whole new list")] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.description is None and self.terms is None:
            raise ValueError("name what to change: name, description or terms")
        return self

    def body(self) -> dict[str, Any]:
        """As the API names it; an empty description is null there."""
        body = self.model_dump(mode="json", exclude_none=True, exclude={"dictionary_id"})
        if self.description == "":
            body["description"] = None
        return body


@knowledge.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updateDictionary",))
async def update_dictionary(args: UpdateDictionary, call: Call) -> Dictionary:
    """Change a dictionary's name, description or whole word list. Unconfirmed: only a guide."""
    path = route("/dictionaries/{}", args.dictionary_id)
    return await call.patch(path, args.body(), into=Dictionary)


class ListAgentDictionaries(Paged):
    """Whose dictionaries."""

    agent_id: Id


class AgentDictionaries(Listed):
    """A part of an agent's dictionaries."""

    items: tuple[DictionarySummary, ...] = ()


class _Attached(Whole):
    dictionaries: tuple[DictionarySummary, ...] = ()


@knowledge.tool(effect=Effect.READS, operations=("listAgentDictionaries",))
async def list_agent_dictionaries(args: ListAgentDictionaries, call: Call) -> AgentDictionaries:
    """List the dictionaries an agent uses, without their words. Unconfirmed: path inferred."""
    attached = await call.get(route("/agent/{}/dictionaries", args.agent_id), into=_Attached)
    items, rest = slice_of(attached.dictionaries, args)
    return AgentDictionaries(items=items, total=len(attached.dictionaries), next_cursor=rest)


class SetAgentDictionaries(Args):
    """The whole new set."""

    agent_id: Id
    dictionary_ids: Annotated[tuple[Id, ...], unordered, Field(description="[] detaches all")]


class AttachedDictionaries(Result):
    """The set an agent uses now."""

    dictionaries: tuple[DictionarySummary, ...] = ()


@knowledge.tool(
    effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("replaceAgentDictionaries",)
)
async def set_agent_dictionaries(args: SetAgentDictionaries, call: Call) -> AttachedDictionaries:
    """Replace the set of dictionaries an agent uses; together at most 10,000 characters."""
    path = route("/agent/{}/dictionaries", args.agent_id)
    body = {"dictionary_ids": list(args.dictionary_ids)}
    return await call.put(path, body, into=AttachedDictionaries)

"""Personas: brand voices that generated posts are written in (contract path /personas)."""

from typing import Annotated, Any

from pydantic import Field

from callpost.fields import Id, Text
from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_voxburst.answers import Deleted, Wrapped
from callpost_voxburst.api import FAMILY
from callpost_voxburst.freeform import JsonObject, object_of
from callpost_voxburst.lost_creation import found_of
from callpost_voxburst.pages import List, Page, part
from callpost_voxburst.paging import shortened

__all__ = ["CreatePersona", "personas"]

personas = FAMILY.toolset("personas", title="Personas")

LONGEST_PROMPT = 30_000
"""Characters; two prompts of the documented 100,000 and 50,000 would not fit an answer."""


class Persona(Result):
    """A brand voice (contract Persona)."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    primary_platform: str | None = None
    platforms: tuple[str, ...] | None = None
    avatar_url: str | None = None
    linked_account_ids: tuple[str, ...] | None = None
    is_workspace_default: bool | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Personas(Page):
    """Personas, or a part."""

    items: tuple[Persona, ...] = ()


class _UpstreamPersonas(Result):
    personas: tuple[Persona, ...]


class NewPersona(Wrapped):
    """A persona just created; its answer is not documented, so nothing is sure to be there."""

    id: str | None = None
    name: str | None = None
    version: int | None = None


class PersonaPrompts(Wrapped):
    """What `generate_post_text` needs to write in a persona's voice."""

    system_prompt: str | None = None
    user_prompt: str | None = None


class ListPersonas(List):
    """Which part of the list."""


class CreatePersona(Args):
    """A brand voice (contract CreatePersonaRequest)."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    description: Annotated[Text, Field(max_length=1000)] | None = None
    primary_platform: Annotated[str, Field(max_length=40)] | None = None
    modules: (
        Annotated[
            JsonObject,
            Field(description="JSON object: voice, pillars, visual_style, audience to an object"),
        ]
        | None
    ) = None

    def body(self) -> dict[str, Any]:
        """The wire's names."""
        body: dict[str, Any] = {"name": self.name}
        if self.description is not None:
            body["description"] = self.description
        if self.primary_platform is not None:
            body["primaryPlatform"] = self.primary_platform
        if self.modules is not None:
            body["modules"] = object_of(self.modules)
        return body


class DeletePersona(Args):
    """Which persona."""

    persona_id: Id


class GetPersonaPrompts(Args):
    """Which persona, and what for; the request's fields are not documented."""

    persona_id: Id
    inputs: (
        Annotated[JsonObject, Field(description="JSON object; its names are not documented")] | None
    ) = None


@personas.tool(effect=Effect.READS, operations=("listPersonas",))
async def list_personas(args: ListPersonas, call: Call) -> Personas:
    """List the workspace's brand voices, with the accounts linked to each."""
    found = await _all(call)
    items, next_cursor = part(found, args)
    return Personas(items=items, next_cursor=next_cursor, total=len(found))


async def _all(call: Call) -> tuple[Persona, ...]:
    """The contract gives this list no page arguments."""
    return (await call.get(route("/personas"), into=_UpstreamPersonas)).personas


@personas.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createPersona",))
async def create_persona(args: CreatePersona, call: Call) -> NewPersona:
    """Create a brand voice for generated posts. Needs the Pro plan."""

    async def settle(sent: Sent) -> NewPersona | None:
        alike = [persona for persona in await _all(call) if persona.name == args.name]
        persona = await found_of(alike, sent, call)
        return NewPersona(id=persona.id, name=persona.name) if persona else None

    body = args.body()
    return await call.post(route("/personas/wizard"), body, into=NewPersona, settle=settle)


@personas.tool(effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("deletePersona",))
async def delete_persona(args: DeletePersona, call: Call) -> Deleted:
    """Delete a brand voice. Unconfirmed: the path. Refused while posts still use the persona."""
    await call.delete(route("/personas/{}", args.persona_id), into=Deleted)
    return Deleted(id=args.persona_id)


@personas.tool(effect=Effect.READS, operations=("assemblePersonaPrompt",))
async def get_persona_prompts(args: GetPersonaPrompts, call: Call) -> PersonaPrompts:
    """Build a persona's system and user prompt, the input of generate_post_text. No credits."""
    path = route("/personas/{}/runtime/assemble", args.persona_id)
    prompts = await call.ask(path, object_of(args.inputs), into=PersonaPrompts)
    return PersonaPrompts(
        system_prompt=shortened(prompts.system_prompt, LONGEST_PROMPT),
        user_prompt=shortened(prompts.user_prompt, LONGEST_PROMPT),
    )

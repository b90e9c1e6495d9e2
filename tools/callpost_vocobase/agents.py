"""Voice agents: who talks on a call (contract operations under /agent)."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from callpost.fields import Id, canonical_text, unordered
from callpost.toolset import Args, Call, Dedupe, Effect, Result, Sent, route
from callpost_vocobase.agent_fields import (
    AgentFields,
    ExtractionSpec,
    LongText,
    Name,
    VariableName,
)
from callpost_vocobase.agent_models import Agent, AgentPage, AgentRow, Agents, NewAgent
from callpost_vocobase.api import FAMILY
from callpost_vocobase.call_models import LooseText
from callpost_vocobase.listing import shorten
from callpost_vocobase.paging import LARGEST_PAGE, Paged, next_cursor
from callpost_vocobase.settling import appeared_before

__all__ = ["CreateAgent", "DeletedAgent", "GetAgent", "OneAgent", "UpdateAgent", "agents"]

MOST_PAGES = 3
LONGEST_PROMPT = 12_000
"""Characters of each prompt in one answer; Vocobase allows ten times as many."""

agents = FAMILY.toolset("agents", title="Voice agents", default="reads")


class ListAgents(Paged):
    """Which agents."""


@agents.tool(effect=Effect.READS, operations=("listAgents",))
async def list_agents(args: ListAgents, call: Call) -> Agents:
    """List voice agents, the ones who can talk in start_call. Unconfirmed: paging."""
    page = await call.get(route("/agent"), into=AgentPage, query=args.page)
    return Agents(
        items=tuple(AgentRow.model_validate(agent.compact()) for agent in page.agents),
        total=page.total,
        next_cursor=next_cursor(args, len(page.agents), page.total),
    )


class OneAgent(Args):
    """An agent by its identifier."""

    agent_id: Id


class GetAgent(OneAgent):
    """An agent, and where in its long texts to begin."""

    text_from: Annotated[int, Field(ge=0)] = 0


@agents.tool(effect=Effect.READS, operations=("getAgent",))
async def get_agent(args: GetAgent, call: Call) -> Agent:
    """Read an agent whole: prompt, voice, variables it expects, limits."""
    agent = await call.get(route("/agent/{}", args.agent_id), into=Agent)
    return _part(agent, args.text_from)


def _part(agent: Agent, start: int) -> Agent:
    """The agent with one part of its two long texts."""
    end = start + LONGEST_PROMPT
    whole = {name: getattr(agent, name) or "" for name in ("prompt", "kb_llm_system_prompt")}
    part = {name: text[start:end] or None for name, text in whole.items()}
    is_more = any(len(text) > end for text in whole.values())
    return agent.model_copy(update={**part, "next_text_from": end if is_more else None})


def _brief(agent: Agent) -> dict[str, Any]:
    """After a write the model knows the prompts; it wrote them."""
    long = {"prompt": agent.prompt, "kb_llm_system_prompt": agent.kb_llm_system_prompt}
    return {name: shorten(text) for name, text in long.items() if text}


class CreateAgent(AgentFields):
    """A new agent."""

    agent_name: Annotated[Name, Field(description="Unique")]
    prompt: LongText
    voice_id: Annotated[Id, Field(description="From list_voices; decides the language")]
    language: str | None = None

    @model_validator(mode="after")
    def _transfer_whole(self) -> "CreateAgent":
        if self.transfer_enabled and self.transfer_number is None:
            raise ValueError("transfer_enabled needs a transfer_number")
        return self

    def body(self) -> dict[str, Any]:
        """Always with a type: older pages require it (section 10, point 6)."""
        return {"agent_type": "outbound", **super().body()}


@agents.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createAgent",))
async def create_agent(args: CreateAgent, call: Call) -> NewAgent:
    """Create a voice agent; free. Declare its variables and extraction with update_agent."""

    async def settle(sent: Sent, /) -> NewAgent | None:
        return await _just_created(args, sent, call)

    # Names are unique (section 12): sent again it is refused, and then looked for.
    made = await call.post(
        route("/agent"), args.body(), into=NewAgent, settle=settle, repeatable=True
    )
    return made.model_copy(update=_brief(made))


async def _just_created(args: CreateAgent, sent: Sent, call: Call) -> NewAgent | None:
    """The agent of this name, unless it is another one."""
    asked = Paged(limit=LARGEST_PAGE)
    for _ in range(MOST_PAGES):
        page = await call.get(route("/agent"), into=AgentPage, query=asked.page)
        for agent in page.agents:
            if agent.agent_name != args.agent_name or agent.id is None:
                continue
            is_ours = _is_made_by(args, agent, sent) and not await call.claimed([agent.id])
            return NewAgent.model_validate(agent.compact()) if is_ours else None
        following = next_cursor(asked, len(page.agents), page.total)
        if following is None:
            break
        asked = Paged(limit=LARGEST_PAGE, cursor=following)
    return None


def _is_made_by(args: CreateAgent, agent: Agent, sent: Sent) -> bool:
    if agent.voice_id not in {None, args.voice_id}:
        return False
    if agent.prompt is None:
        return not appeared_before(agent.created_at, sent)
    return canonical_text(agent.prompt) == args.prompt


_CLEARABLE = frozenset(
    {
        "intro_message",
        "voicemail_message",
        "project_id",
        "kb_threshold",
        "kb_result_format",
        "kb_llm_system_prompt",
        "end_call_message",
        "end_call_instructions",
        "transfer_number",
        "transfer_message",
        "transfer_instructions",
        "max_call_duration_secs",
        "background_audio_id",
        "variables",
        "extraction_config",
    }
)
"""Fields of AgentUpdate that take null, which empties them or brings the default back."""


def _clearable(name: str) -> str:
    if name not in _CLEARABLE:
        raise ValueError(f"cannot be cleared; these can: {', '.join(sorted(_CLEARABLE))}")
    return name


Clearable = Annotated[str, AfterValidator(_clearable), WithJsonSchema({"type": "string"})]


class UpdateAgent(AgentFields, OneAgent):
    """What to change about an agent; the rest stays."""

    agent_name: Name | None = None
    prompt: LongText | None = None
    voice_id: Id | None = None
    variables: Annotated[tuple[VariableName, ...], Field(max_length=100)] | None = None
    extraction_config: ExtractionSpec | None = None
    clear: Annotated[
        tuple[Clearable, ...],
        unordered,
        Field(description="Names of fields to empty"),
    ] = ()

    @model_validator(mode="after")
    def _something(self) -> "UpdateAgent":
        given = self.model_fields_set - {"agent_id", "clear"}
        if not given and not self.clear:
            raise ValueError("nothing to change was given")
        both = sorted(given & set(self.clear))
        if both:
            raise ValueError(f"{', '.join(both)} cannot be set and cleared at once")
        return self

    def body(self) -> dict[str, Any]:
        """What changes, and null for what is emptied."""
        body = super().body()
        if self.extraction_config is not None:
            body["extraction_config"] = self.extraction_config.body()
        if self.variables == ():
            body["variables"] = None
        cleared = dict.fromkeys(self.clear)
        return {k: v for k, v in body.items() if k not in {"agent_id", "clear"}} | cleared


@agents.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updateAgent",))
async def update_agent(args: UpdateAgent, call: Call) -> Agent:
    """Change the given fields of an agent, for all later calls; others stay. No undo."""
    agent = await call.put(route("/agent/{}", args.agent_id), args.body(), into=Agent)
    return agent.model_copy(update=_brief(agent))


class DeletedAgent(Result):
    """An agent that is gone."""

    unstored: ClassVar[frozenset[str]] = frozenset()
    upstream_id_field: ClassVar[str] = "agent_id"

    agent_id: LooseText = None
    message: LooseText = None


@agents.tool(effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("deleteAgent",))
async def delete_agent(args: OneAgent, call: Call) -> DeletedAgent:
    """Delete an agent and its document links; there is no undo."""
    gone = await call.delete(route("/agent/{}", args.agent_id), into=DeletedAgent)
    return gone.model_copy(update={"agent_id": args.agent_id})

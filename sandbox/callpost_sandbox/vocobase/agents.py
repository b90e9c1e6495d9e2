"""Agents and voices (schemas AgentCreate, AgentUpdate, Agent; vocobase.md section 10.5)."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import (
    Ask,
    Body,
    Operation,
    conflict,
    forbidden,
    invalid,
    not_found,
    ok,
)
from callpost_sandbox.vocobase.state import Record, State

__all__ = ["DEFAULTS", "OPERATIONS", "agent_view"]

Name = Annotated[str, Field(min_length=1, max_length=50)]
Prompt = Annotated[str, Field(max_length=120_000)]
Line = Annotated[str, Field(max_length=500)]
Rules = Annotated[str, Field(max_length=2000)]
Variable = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]

DEFAULTS: Record = {
    "agent_type": "outbound",
    "intro_message": None,
    "voicemail_detection_enabled": False,
    "voicemail_message": None,
    "enable_recording": False,
    "kb_threshold": "medium",
    "kb_include_summaries": False,
    "kb_result_format": None,
    "kb_enable_llm_processing": False,
    "kb_llm_system_prompt": None,
    "variables": [],
    "extraction_config": None,
    "transfer_enabled": False,
    "transfer_number": None,
    "transfer_message": None,
    "transfer_instructions": None,
    "end_call_enabled": False,
    "end_call_message": None,
    "end_call_instructions": None,
    "max_call_duration_secs": 600,
    "background_audio_id": None,
    "background_audio_volume": 0.5,
    "status": "active",
}
# Fields for which an empty string, like null, means "none" (descriptions of AgentCreate).
_BLANK_IS_NONE = (
    "intro_message",
    "voicemail_message",
    "end_call_message",
    "end_call_instructions",
    "transfer_message",
    "transfer_instructions",
)
# The reference's answers spell these in camel case although requests do not (section 10.5).
_CAMEL = {
    "transfer_enabled": "transferEnabled",
    "transfer_number": "transferNumber",
    "transfer_message": "transferMessage",
}


def _either(snake: str) -> AliasChoices:
    return AliasChoices(snake, _CAMEL[snake])


class _Key(Body):
    name: str
    type: Literal["string", "number", "integer", "boolean", "array", "date", "datetime"] = "string"
    description: str | None = None


class _Extraction(Body):
    prompt: str | None = None
    keys: list[_Key] = Field(default_factory=list[_Key])
    includeToolLogs: bool = False  # noqa: N815 -- camel case in the docs


class _Options(Body):
    nullable = frozenset(
        {
            *_BLANK_IS_NONE,
            "project_id",
            "kb_threshold",
            "kb_result_format",
            "kb_llm_system_prompt",
            "transfer_number",
            "max_call_duration_secs",
            "background_audio_id",
        }
    )

    agent_type: Literal["inbound", "outbound"] | None = None
    intro_message: Line | None = None
    voicemail_detection_enabled: bool | None = None
    voicemail_message: Line | None = None
    project_id: str | None = None
    enable_recording: bool | None = None
    kb_threshold: Literal["low", "medium", "high"] | None = None
    kb_include_summaries: bool | None = None
    kb_result_format: Rules | None = None
    kb_enable_llm_processing: bool | None = None
    kb_llm_system_prompt: Prompt | None = None
    end_call_enabled: bool | None = None
    end_call_message: Line | None = None
    end_call_instructions: Rules | None = None
    transfer_enabled: bool | None = Field(None, validation_alias=_either("transfer_enabled"))
    transfer_number: Annotated[str, Field(max_length=32)] | None = Field(
        None, validation_alias=_either("transfer_number")
    )
    transfer_message: Line | None = Field(None, validation_alias=_either("transfer_message"))
    transfer_instructions: Rules | None = None
    max_call_duration_secs: Annotated[int, Field(ge=60, le=3600)] | None = None
    background_audio_id: str | None = None
    background_audio_volume: Annotated[float, Field(ge=0, le=1)] | None = None


class _Create(_Options):
    agent_name: Name
    prompt: Prompt
    voice_id: str


class _Update(_Options):
    nullable = _Options.nullable | {"variables", "extraction_config"}

    agent_name: Name | None = None
    prompt: Prompt | None = None
    voice_id: str | None = None
    variables: Annotated[list[Variable], Field(max_length=100)] | None = None
    extraction_config: _Extraction | None = None


def agent_view(state: State, agent: Record) -> Record:
    """Return an agent as the API shows it."""
    view = {_CAMEL.get(name, name): value for name, value in agent.items()}
    view["document_count"] = len(state.agent_documents.get(agent["id"], {}))
    return view


async def _list(ask: Ask) -> Response:
    newest_first = list(reversed(ask.state.agents.values()))
    return ask.paged("agents", newest_first, lambda agent: agent_view(ask.state, agent))


async def _create(ask: Ask) -> Response:
    body = await ask.body(_Create)
    state = ask.state
    given = _checked(state, body.given(), None)
    if len(state.agents) >= state.agent_limit:
        raise forbidden("Agent limit reached")
    now = state.stamp()
    agent: Record = {"id": state.new_id(), **DEFAULTS, **given, "created_at": now}
    agent["updated_at"] = now
    agent["language"] = _voice(state, agent["voice_id"])["language"]
    if agent.get("project_id") is None:
        agent["project_id"] = _default_project(state)
    state.agents[agent["id"]] = agent
    state.journal.did("agent", agent["id"])
    return ok(agent_view(state, agent), 201)


async def _voices(ask: Ask) -> Response:
    return ok({"voices": ask.state.voices})


async def _get(ask: Ask) -> Response:
    return ok(agent_view(ask.state, _agent(ask)))


async def _update(ask: Ask) -> Response:
    agent = _agent(ask)
    body = await ask.body(_Update)
    given = _checked(ask.state, body.given(), agent["id"])
    if not given:
        raise invalid("body: at least one field is needed")
    agent.update(given)
    agent["language"] = _voice(ask.state, agent["voice_id"])["language"]
    agent["updated_at"] = ask.state.stamp()
    ask.state.journal.did("agent_updated", agent["id"])
    return ok(agent_view(ask.state, agent))


async def _delete(ask: Ask) -> Response:
    agent = _agent(ask)
    del ask.state.agents[agent["id"]]
    ask.state.agent_documents.pop(agent["id"], None)
    ask.state.agent_dictionaries.pop(agent["id"], None)
    ask.state.journal.did("agent_deleted", agent["id"])
    return ok({"message": "Agent deleted"})


def _agent(ask: Ask) -> Record:
    agent = ask.state.agents.get(ask.path("id"))
    if agent is None:
        raise not_found("Agent")
    return agent


def _checked(state: State, given: dict[str, Any], agent_id: str | None) -> Record:
    """Check what a type cannot say, and turn blanks and nulls into what they mean."""
    for name in _BLANK_IS_NONE:
        if name in given:
            given[name] = given[name] or None
    if "kb_threshold" in given:
        given["kb_threshold"] = given["kb_threshold"] or "medium"
    if "variables" in given:
        given["variables"] = given["variables"] or []
    _check_name(state, given.get("agent_name"), agent_id)
    if "voice_id" in given:
        _voice(state, given["voice_id"])
    _check_links(state, given)
    _settle_transfer(given, state.agents.get(agent_id or "", {}))
    return given


def _check_name(state: State, name: str | None, own: str | None) -> None:
    for agent in state.agents.values():
        if agent["agent_name"] == name and agent["id"] != own:
            raise conflict("An agent with this name already exists")


def _settle_transfer(given: Record, current: Record) -> None:
    if given.get("transfer_enabled"):
        if not (given.get("transfer_number") or current.get("transfer_number")):
            raise invalid("transfer_number: needed when transfer_enabled is true")
    elif given.get("transfer_enabled") is False:
        given |= {"transfer_number": None, "transfer_message": None, "transfer_instructions": None}


def _check_links(state: State, given: Record) -> None:
    if "project_id" in given:
        given["project_id"] = given["project_id"] or _default_project(state)
        if given["project_id"] not in state.projects:
            raise invalid("project_id: unknown project")
    audio = given.get("background_audio_id")
    if audio is not None and state.audio.get(audio, {}).get("status") != "READY":
        raise invalid("background_audio_id: unknown or unfinished asset")


def _voice(state: State, voice_id: str) -> Record:
    for voice in state.voices:
        if voice["id"] == voice_id:
            return voice
    raise invalid("voice_id: unknown voice")


def _default_project(state: State) -> str:
    return next(project["id"] for project in state.projects.values() if project["is_default"])


OPERATIONS = (
    Operation("GET", "/agent", _list),
    Operation("POST", "/agent", _create),
    Operation("GET", "/agent/voices", _voices),
    Operation("GET", "/agent/{id}", _get),
    Operation("PUT", "/agent/{id}", _update),
    Operation("DELETE", "/agent/{id}", _delete),
)

"""Voice agents as Vocobase tells them, read tolerantly.

Responses spell the transfer fields in camelCase although requests use snake case (contract section
10, point 5); `Result` reads both.
"""

from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import BeforeValidator, model_validator

from callpost.toolset import Result
from callpost_vocobase.call_models import LooseText
from callpost_vocobase.listing import Listed, Short, Whole

__all__ = [
    "Agent",
    "AgentPage",
    "AgentRow",
    "Agents",
    "ExtractionKey",
    "ExtractionPlan",
    "NewAgent",
]


def _object(value: Any) -> Any:
    return cast("Any", value) if isinstance(value, dict) else None


class ExtractionKey(Result):
    """One value that is looked for in every transcript."""

    name: LooseText = None
    type: LooseText = None
    description: LooseText = None


class ExtractionPlan(Result):
    """What post-call extraction looks for."""

    prompt: LooseText = None
    keys: tuple[ExtractionKey, ...] | None = None
    include_tool_logs: bool | None = None


class Agent(Result):
    """An agent, whole."""

    unstored: ClassVar[frozenset[str]] = frozenset(
        {
            "prompt",
            "intro_message",
            "voicemail_message",
            "kb_result_format",
            "kb_llm_system_prompt",
            "extraction_config",
            "transfer_number",
            "transfer_message",
            "transfer_instructions",
            "end_call_message",
            "end_call_instructions",
        }
    )

    id: LooseText = None
    agent_name: LooseText = None
    status: LooseText = None
    agent_type: LooseText = None
    voice_id: LooseText = None
    language: LooseText = None
    project_id: LooseText = None
    prompt: LooseText = None
    intro_message: LooseText = None
    variables: tuple[str, ...] | None = None
    extraction_config: Annotated[ExtractionPlan | None, BeforeValidator(_object)] = None
    voicemail_detection_enabled: bool | None = None
    voicemail_message: LooseText = None
    enable_recording: bool | None = None
    max_call_duration_secs: int | None = None
    end_call_enabled: bool | None = None
    end_call_message: LooseText = None
    end_call_instructions: LooseText = None
    transfer_enabled: bool | None = None
    transfer_number: LooseText = None
    transfer_message: LooseText = None
    transfer_instructions: LooseText = None
    background_audio_id: LooseText = None
    background_audio_volume: float | None = None
    kb_threshold: LooseText = None
    kb_include_summaries: bool | None = None
    kb_result_format: LooseText = None
    kb_enable_llm_processing: bool | None = None
    kb_llm_system_prompt: LooseText = None
    document_count: int | None = None
    created_at: LooseText = None
    updated_at: LooseText = None
    next_text_from: int | None = None
    """Ours: where the rest of a long prompt begins."""


class NewAgent(Agent):
    """An agent that was created."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.id:
            raise ValueError("a created agent has an id")
        return self


class AgentRow(Result):
    """What one needs to choose an agent."""

    id: LooseText = None
    agent_name: LooseText = None
    agent_type: LooseText = None
    status: LooseText = None
    language: LooseText = None
    voice_id: LooseText = None
    project_id: LooseText = None
    variables: tuple[str, ...] | None = None
    intro_message: Short | None = None
    document_count: int | None = None
    created_at: LooseText = None


class Agents(Listed):
    """A part of the agents."""

    items: tuple[AgentRow, ...] = ()


class AgentPage(Whole):
    """A page of `GET /agent`, with all of each agent."""

    agents: tuple[Agent, ...] = ()
    total: int | None = None

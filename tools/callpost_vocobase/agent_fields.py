"""What can be said about an agent, on creation and on change (contract schemas AgentCreate/Update).

Lengths are checked here, and kept out of the schemas a model sees: they would cost every listing
more than they save.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, model_validator

from callpost.fields import Id, PhoneNumber, Text
from callpost.toolset import Args

__all__ = ["AgentFields", "ExtractionKeySpec", "ExtractionSpec", "VariableName"]

_STRING = WithJsonSchema({"type": "string"})

Line = Annotated[Text, Field(max_length=500), _STRING]
"""Something said aloud."""
Rules = Annotated[Text, Field(max_length=2000), _STRING]
"""Instructions in plain language."""
LongText = Annotated[Text, Field(max_length=120_000), _STRING]
Name = Annotated[Text, Field(min_length=1, max_length=50), _STRING]
VariableName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$"), _STRING]


class ExtractionKeySpec(Args):
    """One value to look for in every transcript."""

    name: Text
    type: Literal["string", "number", "integer", "boolean", "array", "date", "datetime"] | None = (
        None
    )
    description: Text | None = None


class ExtractionSpec(Args):
    """What to look for in every transcript."""

    prompt: Text | None = None
    keys: tuple[ExtractionKeySpec, ...] | None = None
    include_tool_logs: bool | None = None

    def body(self) -> dict[str, Any]:
        """The wire names; one of them is camelCase in the docs."""
        given = self.given()
        if "include_tool_logs" in given:
            given["includeToolLogs"] = given.pop("include_tool_logs")
        return given


class AgentFields(Args):
    """What creation and change have in common; all of it optional."""

    agent_type: Literal["inbound", "outbound"] | None = None
    intro_message: Line | None = None
    voicemail_detection_enabled: bool | None = None
    voicemail_message: Line | None = None
    project_id: Id | None = None
    enable_recording: bool | None = None
    max_call_duration_secs: Annotated[int, Field(ge=60, le=3600)] | None = None
    no_duration_cap: bool = False
    end_call_enabled: bool | None = None
    end_call_message: Line | None = None
    end_call_instructions: Rules | None = None
    transfer_enabled: bool | None = None
    transfer_number: PhoneNumber | None = None
    transfer_message: Line | None = None
    transfer_instructions: Rules | None = None
    background_audio_id: Id | None = None
    background_audio_volume: Annotated[float, Field(ge=0, le=1)] | None = None
    kb_threshold: Literal["low", "medium", "high"] | None = None
    kb_include_summaries: bool | None = None
    kb_result_format: Rules | None = None
    kb_enable_llm_processing: bool | None = None
    kb_llm_system_prompt: LongText | None = None

    @model_validator(mode="after")
    def _one_cap(self) -> "AgentFields":
        if self.no_duration_cap and self.max_call_duration_secs is not None:
            raise ValueError("no_duration_cap and max_call_duration_secs exclude each other")
        return self

    def body(self) -> dict[str, Any]:
        """The request: what was given, a cap taken away as null, transfer fields in snake case.

        The guide writes the transfer fields in camelCase, the reference in snake case (section 10,
        point 5); the reference is followed.
        """
        given = self.given()
        if given.pop("no_duration_cap", False):
            given["max_call_duration_secs"] = None
        return given

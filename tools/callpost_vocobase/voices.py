"""The voices an agent can have (contract operation listVoices).

The answer's shape was not captured; each entry must carry the id, a language and a gender. It is
read as a list under any of the likely names, and cut into pages here.
"""

from typing import Annotated, Any, cast

from pydantic import AliasChoices, Field, model_validator

from callpost.fields import Text
from callpost.toolset import Call, Effect, Result, route
from callpost_vocobase.agents import agents
from callpost_vocobase.call_models import LooseText
from callpost_vocobase.listing import Listed, Short, slice_of
from callpost_vocobase.paging import Paged

__all__ = ["ListVoices", "Voice", "VoiceCatalogue", "Voices"]


class Voice(Result):
    """One voice."""

    voice_id: Annotated[LooseText, Field(validation_alias=AliasChoices("voice_id", "id"))] = None
    name: Annotated[
        LooseText, Field(validation_alias=AliasChoices("name", "display_name", "label"))
    ] = None
    language: Annotated[
        LooseText, Field(validation_alias=AliasChoices("language", "language_code", "locale"))
    ] = None
    gender: LooseText = None
    accent: LooseText = None
    provider: LooseText = None
    description: Short | None = None
    preview_url: LooseText = None

    @model_validator(mode="before")
    @classmethod
    def _bare_too(cls, data: Any) -> Any:
        return {"voice_id": data} if isinstance(data, str) else data


class VoiceCatalogue(Result):
    """All voices, as they come."""

    voices: tuple[Voice, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _wherever_they_are(cls, data: Any) -> Any:
        if isinstance(data, dict):
            named = cast("dict[str, Any]", data)
            found = (named.get(name) for name in ("voices", "items", "data", "results"))
            return {"voices": next((some for some in found if some), ())}
        return {"voices": data}


class ListVoices(Paged):
    """Which voices."""

    language: Annotated[Text | None, Field(description="e.g. hi")] = None
    gender: Text | None = None


class Voices(Listed):
    """A part of the voices."""

    items: tuple[Voice, ...] = ()


@agents.tool(effect=Effect.READS, operations=("listVoices",))
async def list_voices(args: ListVoices, call: Call) -> Voices:
    """List voices that an agent can have, with language and gender."""
    catalogue = await call.get(route("/agent/voices"), into=VoiceCatalogue)
    fitting = [
        voice
        for voice in catalogue.voices
        if _fits(voice.language, args.language) and _fits(voice.gender, args.gender)
    ]
    shown, following = slice_of(fitting, args)
    return Voices(items=shown, total=len(fitting), next_cursor=following)


def _fits(told: str | None, wanted: str | None) -> bool:
    """Whether «hi» fits «hi-IN» and «Hindi»; what is not told is not held against a voice."""
    return not wanted or told is None or told.casefold().startswith(wanted.casefold())

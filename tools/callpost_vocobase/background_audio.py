"""Sound that loops under an agent's voice: reserve, send the bytes, have them checked."""

from typing import Annotated, ClassVar

from pydantic import Field, WithJsonSchema

from callpost.errors import FieldProblem, InvalidArguments, Refused
from callpost.fields import NOT_IN_KEY, Text
from callpost.toolset import Args, Call, Dedupe, Effect, LocalFile, Result, route
from callpost_vocobase.agents import agents
from callpost_vocobase.call_models import LooseText

__all__ = ["BackgroundAudio", "UploadBackgroundAudio"]

LARGEST_WAV = 5 * 1024 * 1024
_WAV = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})
_STRING = WithJsonSchema({"type": "string"})


class UploadBackgroundAudio(Args):
    """Which file, and under what name."""

    path: Annotated[str, NOT_IN_KEY, Field(min_length=1, description="Local WAV file")]
    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,63}$"), _STRING]
    label: Annotated[Text, Field(min_length=1, max_length=80), _STRING]


class Reservation(Result):
    """A place to send the bytes to, for fifteen minutes."""

    id: Annotated[str, Field(min_length=1)]
    upload_url: Annotated[str, Field(min_length=1)]


class BackgroundAudio(Result):
    """A sound that can be given to agents as background_audio_id."""

    unstored: ClassVar[frozenset[str]] = frozenset({"preview_url"})

    id: LooseText = None
    slug: LooseText = None
    label: LooseText = None
    status: LooseText = None
    duration_secs: float | None = None
    sample_rate: int | None = None
    preview_url: LooseText = None
    error: LooseText = None


async def _content(args: UploadBackgroundAudio, call: Call) -> dict[str, str]:
    """The content makes the intent, wherever it lies."""
    return {"sha256": (await call.file(args.path)).sha256}


@agents.tool(
    effect=Effect.CREATES,
    dedupe=Dedupe.CONTENT,
    key_material=_content,
    operations=("createBackgroundAudioUpload", "finalizeBackgroundAudio"),
)
async def upload_background_audio(args: UploadBackgroundAudio, call: Call) -> BackgroundAudio:
    """Upload a mono WAV (5 MB, 5 minutes at most) to play under an agent's voice.

    Its id goes into update_agent as background_audio_id.
    """
    file = await call.file(args.path)
    _check(file)
    body = {
        "slug": args.slug,
        "label": args.label,
        "mime_type": "audio/wav",
        "size_bytes": file.size,
    }
    # Slugs are unique, so a reservation that is sent again is refused and cannot be a second one.
    try:
        place = await call.post(
            route("/agent/background-audio"), body, into=Reservation, repeatable=True
        )
    except Refused as refusal:
        if refusal.code == "conflict":
            refusal.next_step = "The slug is taken, perhaps by an unfinished try; choose another."
        raise
    await call.upload(place.upload_url, {"Content-Type": "audio/wav"}, file)
    audio = await call.post(
        route("/agent/background-audio/{}/finalize", place.id),
        into=BackgroundAudio,
        repeatable=True,
    )
    return audio.model_copy(update={"id": audio.id or place.id})


def _check(file: LocalFile) -> None:
    """Vocobase takes WAV of at most 5 MB (finalizeBackgroundAudio); the rest it checks itself.

    Raises:
        InvalidArguments: It is not such a file.
    """
    if file.media_type.lower() not in _WAV:
        problem = f"is {file.media_type}; expected a WAV file"
    elif not 0 < file.size <= LARGEST_WAV:
        problem = f"has {file.size} bytes; expected 1 to {LARGEST_WAV}"
    else:
        return
    raise InvalidArguments(
        "The file cannot be background audio. Nothing was sent.",
        fields=(FieldProblem("path", problem),),
    )

"""Images by AI for existing posts (contract path /ai/image-jobs)."""

from typing import Annotated, Any

from pydantic import Field

from callpost.errors import Fault
from callpost.fields import NOT_IN_KEY, Id, Text
from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, route
from callpost_voxburst.ai import Further, ai
from callpost_voxburst.answers import Wrapped
from callpost_voxburst.freeform import object_of

__all__ = ["FINISHED"]

FINISHED = frozenset({"COMPLETED", "PARTIAL", "CANCELLED", "FAILED"})
"""States of a job that stay (contract ImageJob)."""

LOOK_EVERY_S = 3.0
SPARE_S = 5.0
"""Left for the last look and the answer."""


class Image(Result):
    """One image of a job."""

    post_id: str | None = None
    status: str | None = None
    image_url: str | None = None
    media_id: str | None = None
    error_code: str | None = None
    retry_eligible: bool | None = None


class ImageJob(Wrapped):
    """A job with its images (contract ImageJob)."""

    upstream_id_field = "job_id"
    job_id: str
    status: str | None = None
    items: tuple[Image, ...] | None = None
    note: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more."""
        return (self.status or "").upper() in FINISHED


class ImageFor(Args):
    """One image (contract ImageJobRequest; all names but postId are inferred there)."""

    post_id: Id
    prompt: Annotated[Text, Field(max_length=10_000)] | None = None
    persona_id: Id | None = None
    options: Further | None = None

    def body(self) -> dict[str, Any]:
        """The wire's names."""
        body = object_of(self.options) | {"postId": self.post_id}
        if self.prompt is not None:
            body["prompt"] = self.prompt
        if self.persona_id is not None:
            body["personaId"] = self.persona_id
        return body


class CreateImage(Args):
    """Which posts get an image."""

    posts: Annotated[tuple[ImageFor, ...], Field(min_length=1, max_length=50)]
    wait_s: Annotated[int, Field(ge=0, le=40), NOT_IN_KEY] = 30

    def body(self) -> dict[str, Any]:
        """The wire's names."""
        return {"posts": [post.body() for post in self.posts]}


class GetImageJob(Args):
    """Which job."""

    job_id: Id


@ai.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createImageJob",))
async def create_image(args: CreateImage, call: Call) -> ImageJob:
    """Generate images and attach them to existing posts. Costs up to 5 credits per image.

    Waits up to wait_s; what is not finished then, get_image_job tells.
    """
    job = await call.post(route("/ai/image-jobs"), args.body(), into=ImageJob)
    until = call.seconds_left() - args.wait_s
    while not job.is_finished and call.seconds_left() > max(until, SPARE_S) + LOOK_EVERY_S:
        await call.sleep(LOOK_EVERY_S)
        try:
            job = await _read(job.job_id, call, background=True)
        except Fault:
            break  # the job is on its way: a look that fails must not make it look undone
        done = sum((item.status or "").upper() in FINISHED for item in job.items or ())
        await call.progress("Images are being made", done=done, total=len(args.posts))
    if job.is_finished:
        return job
    return job.model_copy(
        update={"note": "Not finished: call get_image_job with this job_id in about 30 s."}
    )


@ai.tool(effect=Effect.READS, operations=("getImageJob",))
async def get_image_job(args: GetImageJob, call: Call) -> ImageJob:
    """Read how far an image job is, with the images that are ready."""
    return await _read(args.job_id, call, background=False)


async def _read(job_id: str, call: Call, *, background: bool) -> ImageJob:
    return await call.get(route("/ai/image-jobs/{}", job_id), into=ImageJob, background=background)

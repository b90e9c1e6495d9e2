"""Text and images for credits (voxburst.md section 12). Shapes of most answers are assumed.

Credits are charged on success only. An image job reserves one credit an item, all or nothing, and
gives those of failed items back; an item whose prompt contains `[fail]` fails. A job takes
IMAGE_S sandbox seconds and writes its images to the posts.
"""

from typing import Any

from pydantic import Field

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.records import Media
from callpost_sandbox.voxburst.state import State
from callpost_sandbox.voxburst.values import check_id, new_id

__all__ = ["IMAGE_S", "OPERATIONS", "settle_images"]

IMAGE_S = 5.0
_POSTS_MAX = 50


class _Generate(Body):
    system_prompt: str = Field(max_length=100_000)
    user_prompt: str = Field(max_length=50_000)
    topic: str = Field(default="", max_length=500)
    platform: str = ""
    previous_posts_in_batch: list[str] = Field(default_factory=list, max_length=30)


class _ImageItem(Body):
    post_id: str
    prompt: str = ""
    persona_id: str = ""


class _ImageJob(Body):
    posts: list[_ImageItem] = Field(min_length=1, max_length=_POSTS_MAX)


def _generate(call: Call) -> Answer:
    call.state.need_ai()
    body = call.body(_Generate)
    call.state.spend(1)
    return _written(call, f"A post about {body.topic or 'the subject at hand'}.", 1)


def _enhance_content(call: Call) -> Answer:
    call.state.need_ai()
    text = _text(call)
    call.state.spend(1)
    return _written(call, f"{text.strip()} ✨", 1)


def _enhance(call: Call) -> Answer:
    return _written(call, f"{_text(call).strip()} ✨", 0)


def _image_prompt(call: Call) -> Answer:
    call.state.need_ai()
    text = _text(call)
    call.state.spend(1)
    return Answer(200, {"prompt": f"A picture of: {text}", "creditsUsed": 1})


def _text(call: Call) -> str:
    body = call.json()
    return str(body.get("content") or body.get("text") or "")


def _written(call: Call, text: str, cost: int) -> Answer:
    body = {"content": text, "creditsUsed": cost, "creditsRemaining": call.state.credits}
    return Answer(200, body)


def _check_balance(call: Call) -> Answer:
    call.state.need_ai()
    body = call.json()
    listed: Any = body.get("posts") or body.get("items")
    count: Any = len(listed) if isinstance(listed, list) else body.get("count", 1)  # pyright: ignore[reportUnknownArgumentType] -- JSON
    if not isinstance(count, int) or not 1 <= count <= _POSTS_MAX:
        raise ApiError(400, "1 to 50 posts", "VALIDATION_ERROR", field="count")
    available = call.state.credits
    answer = {"valid": available >= count, "required": count, "available": available}
    return Answer(200, answer)


def _submit(call: Call) -> Answer:
    call.state.need_ai()
    body = call.body(_ImageJob)
    for item in body.posts:
        if check_id(item.post_id, "postId") not in call.state.posts:
            raise ApiError(404, "No such post", postId=item.post_id)
    call.state.spend(len(body.posts))
    job: Json = {
        "jobId": new_id(),
        "status": "PENDING",
        "items": [
            {"postId": item.post_id, "prompt": item.prompt, "status": "PENDING"}
            for item in body.posts
        ],
        "done_at": call.now + IMAGE_S,
    }
    call.state.image_jobs[job["jobId"]] = job
    call.state.did("image_job_created", job["jobId"])
    return Answer(201, _show(job))


def _poll(call: Call) -> Answer:
    job = call.state.image_jobs.get(call.ids["jobId"])
    if job is None:
        raise ApiError(404, "No such job")
    return Answer(200, _show(job))


def _show(job: Json) -> Json:
    return {name: value for name, value in job.items() if name != "done_at"}


def settle_images(state: State) -> None:
    """Finish the jobs that are due."""
    for job in state.image_jobs.values():
        if job["status"] == "PENDING" and job["done_at"] <= state.now():
            items: list[Json] = job["items"]
            failed = [item for item in items if not _draw(state, item, job["done_at"])]
            state.credits += len(failed)
            done = "PARTIAL" if failed else "COMPLETED"
            job["status"] = "FAILED" if len(failed) == len(items) else done


def _draw(state: State, item: Json, at: float) -> bool:
    post = state.posts.get(item["postId"])
    if post is None or "[fail]" in item["prompt"]:
        item |= {"status": "FAILED", "errorCode": "GENERATION_FAILED", "retryEligible": True}
        return False
    media = Media(new_id(), "generated.jpg", "image/jpeg", 1, at, status="READY")
    state.media[media.id] = media
    post.body["media"] = [*post.media_ids, media.id]
    item |= {
        "status": "COMPLETED",
        "imageUrl": f"https://media.voxburst.example/{media.id}",
        "mediaId": media.id,
        "retryEligible": False,
    }
    return True


OPERATIONS = (
    Operation("POST", "/ai/generate-post-content", _generate),
    Operation("POST", "/ai/enhance-content", _enhance_content),
    Operation("POST", "/ai/build-image-prompt", _image_prompt),
    Operation("POST", "/ai/enhance", _enhance),
    Operation("POST", "/bulk-generate/validate", _check_balance),
    Operation("POST", "/ai/image-jobs", _submit),
    Operation("GET", "/ai/image-jobs/{jobId}", _poll),
)

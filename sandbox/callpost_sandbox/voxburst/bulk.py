"""Many at once: bulk create and batch (voxburst.openapi.yaml, /posts/bulk and /batch).

Undocumented, so decided here: an operation of a batch that was skipped has status 424 and code
SKIPPED; a batch over 5 MB is 422 like one with an operation over 100 KB.
"""

import json
from functools import partial
from typing import Any, Literal

import anyio
from pydantic import Field, ValidationError

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.post_bodies import BulkBody, BulkItem, CreateBody
from callpost_sandbox.voxburst.posts import create_post, plan_post

__all__ = ["OPERATIONS"]

_OPERATION_BYTES = 100 * 1024
_BATCH_BYTES = 5 * 1024 * 1024
_ALLOWED = ("posts", "accounts", "media", "webhooks")


def _bulk(call: Call) -> Answer:
    body = call.body(BulkBody)
    if not body.dry_run:
        call.state.room_for_posts(len(body.posts))
    results = [
        _bulk_item(call, index, item, dry_run=body.dry_run) for index, item in enumerate(body.posts)
    ]
    counts = [result["status"] for result in results]
    answer: Json = {
        "dry_run": body.dry_run,
        "total": len(results),
        "created": counts.count("created"),
        "failed": counts.count("failed"),
        "results": results,
    }
    return Answer(200, answer)


def _bulk_item(call: Call, index: int, item: Json, *, dry_run: bool) -> Json:
    try:
        known = BulkItem.model_validate(item)
        body = CreateBody.model_validate(known.model_dump(by_alias=True, exclude_unset=True))
        if dry_run:
            plan_post(call.state, body)
            return {"index": index, "status": "valid"}
        post = create_post(call.state, body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        problem = {"field": field, "issue": "VALIDATION_ERROR", "detail": first["msg"]}
    except ApiError as error:
        field = str(error.details.get("field", ""))
        problem = {"field": field, "issue": error.code, "detail": error.message}
    else:
        return {"index": index, "status": "created", "postId": post.id}
    return {"index": index, "status": "failed", "errors": [problem]}


class _BatchItem(Body):
    id: str = Field(min_length=1, max_length=64)
    method: Literal["POST", "PATCH", "DELETE"]
    path: str = Field(max_length=500)
    body: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)

    def content(self) -> bytes:
        """Return the body as it would be on the wire; nothing if there is none."""
        return json.dumps(self.body).encode() if "body" in self.model_fields_set else b""


class _BatchBody(Body):
    operations: list[_BatchItem] = Field(min_length=1, max_length=100)
    continue_on_error: bool = True
    parallel: bool = False


async def _batch(call: Call) -> Answer:
    if len(call.raw) > _BATCH_BYTES:
        raise ApiError(422, "The batch is over 5 MB")
    body = call.body(_BatchBody)
    for item in body.operations:
        if len(item.content()) > _OPERATION_BYTES:
            # The one documented error whose "error" is a bare string.
            return Answer(422, {"error": f"Operation {item.id} has a body over 100 KB"})
    if len({item.id for item in body.operations}) < len(body.operations):
        raise ApiError(400, "Operation ids repeat", "VALIDATION_ERROR", field="operations")
    results: list[Json | None] = [None] * len(body.operations)

    async def run(index: int, item: _BatchItem) -> None:
        results[index] = await _operation(call, item)

    if body.parallel:
        async with anyio.create_task_group() as tasks:
            for index, item in enumerate(body.operations):
                tasks.start_soon(partial(run, index, item))
    else:
        for index, item in enumerate(body.operations):
            await run(index, item)
            if not body.continue_on_error and _failed(results[index]):
                break
    done = [result or _skipped(item) for result, item in zip(results, body.operations, strict=True)]
    skipped = results.count(None)
    failed = sum(map(_failed, results))
    summary = {
        "total": len(done),
        "succeeded": len(done) - failed - skipped,
        "failed": failed,
        "skipped": skipped,
    }
    return Answer(200, {"results": done, "summary": summary})


def _failed(result: Json | None) -> bool:
    return result is not None and "error" in result


def _skipped(item: _BatchItem) -> Json:
    error = {"code": "SKIPPED", "message": "An operation before this one failed"}
    return {"id": item.id, "status": 424, "error": error}


async def _operation(call: Call, item: _BatchItem) -> Json:
    parts = item.path.split("/")
    if parts[:2] != ["", "v1"] or len(parts) < 3 or parts[2] not in _ALLOWED:  # noqa: PLR2004 -- /v1/resource
        error = ApiError(400, "Path is not allowed in a batch", "VALIDATION_ERROR", field="path")
        return {"id": item.id, "status": 400, "error": error.envelope()}
    path = item.path.removeprefix("/v1")
    answer = await call.dispatch(item.method, path, item.content(), item.headers)
    if answer.body is not None and "error" in answer.body:
        return {"id": item.id, "status": answer.status, "error": answer.body["error"]}
    return {"id": item.id, "status": answer.status, "body": answer.body}


OPERATIONS = (
    Operation("POST", "/posts/bulk", _bulk, "posts:write"),
    Operation("POST", "/batch", _batch),
)

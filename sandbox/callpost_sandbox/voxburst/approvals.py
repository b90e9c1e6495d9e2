"""Sign-off before publishing (voxburst.md section 7; Pro or higher).

Undocumented, so decided here: the key may act as any approver, the newest workflow applies, and
the list of workflows is under `data`.
"""

from pydantic import Field

from callpost_sandbox.voxburst.answers import Answer, ApiError
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.post_views import show_post
from callpost_sandbox.voxburst.posts import find_post
from callpost_sandbox.voxburst.publishing import event_data
from callpost_sandbox.voxburst.records import Post, Review
from callpost_sandbox.voxburst.values import new_id

__all__ = ["OPERATIONS"]

_FEATURE = "approval_workflows"


class _Step(Body):
    order: int = Field(ge=1)
    role: str = Field(max_length=100)
    approver_ids: list[str] = Field(min_length=1)
    required: bool = True


class _Workflow(Body):
    name: str = Field(min_length=1, max_length=200)
    steps: list[_Step] = Field(min_length=1, max_length=10)


def _start(call: Call) -> Answer:
    call.state.need_plan("pro", _FEATURE)
    post = find_post(call)
    if post.status != "draft":
        raise ApiError(409, f"A post that is {post.status} cannot go into review")
    if not call.state.workflows:
        raise ApiError(409, "The workspace has no approval workflow")
    post.review = Review(list(call.state.workflows)[-1])
    post.status = "pending_approval"
    return _done(call, post, "review_started")


def _approve(call: Call) -> Answer:
    post, review = _in_review(call)
    review.step += 1
    steps = call.state.workflows[review.workflow_id]["steps"]
    if not any(step["required"] for step in steps[review.step :]):
        post.review = None
        post.status = "approved"
        if post.scheduled_for is not None:
            post.status = "scheduled"
            call.state.live_posts.add(post.id)
        call.state.emit("post.draft.approved", event_data(call.state, post), call.now)
    return _done(call, post, "step_approved")


def _reject(call: Call) -> Answer:
    post, _ = _in_review(call)
    post.review = None
    post.status = "draft"
    return _done(call, post, "post_rejected")


def _in_review(call: Call) -> tuple[Post, Review]:
    call.state.need_plan("pro", _FEATURE)
    post = find_post(call)
    if post.status != "pending_approval" or post.review is None:
        raise ApiError(409, f"A post that is {post.status} is not in review")
    return post, post.review


def _done(call: Call, post: Post, effect: str) -> Answer:
    post.updated_at = call.now
    call.state.did(effect, post.id)
    return Answer(200, show_post(call.state, post))


def _list(call: Call) -> Answer:
    _workspace(call)
    return Answer(200, {"data": list(call.state.workflows.values())})


def _create(call: Call) -> Answer:
    _workspace(call)
    body = call.body(_Workflow)
    if [step.order for step in body.steps] != list(range(1, len(body.steps) + 1)):
        message = "Orders have to be sequential from 1"
        raise ApiError(400, message, "VALIDATION_ERROR", field="steps")
    for step in body.steps:
        if call.state.member_id not in step.approver_ids:
            message = "Approvers have to be members of the workspace"
            raise ApiError(400, message, "VALIDATION_ERROR", field="approverIds")
    workflow = {"id": new_id(), **body.model_dump(by_alias=True)}
    call.state.workflows[workflow["id"]] = workflow
    call.state.did("workflow_created", workflow["id"])
    return Answer(201, workflow)


def _workspace(call: Call) -> None:
    call.state.need_plan("pro", _FEATURE)
    if call.ids["workspaceId"] != call.state.workspace_id:
        raise ApiError(404, "No such workspace")


OPERATIONS = (
    Operation("POST", "/posts/{id}/start-approval", _start, "posts:write"),
    Operation("POST", "/posts/{id}/approve", _approve, "posts:write"),
    Operation("POST", "/posts/{id}/reject", _reject, "posts:write"),
    Operation("GET", "/workspaces/{workspaceId}/approval-workflows", _list),
    Operation("POST", "/workspaces/{workspaceId}/approval-workflows", _create),
)

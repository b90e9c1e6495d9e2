"""Sign-off before publishing.

Source: contract `voxburst.md` section 7. Neither the bodies of the three actions nor the name of
the workflows' list are documented; whether a key may act as an approver is not either.
"""

from functools import partial
from typing import Annotated, Any

from pydantic import Field, model_validator

from callpost.fields import Id, Text, unordered
from callpost.models import Args, Result
from callpost.toolset import Call, Dedupe, Effect, Sent, route
from callpost_voxburst.answers import Wrapped
from callpost_voxburst.api import FAMILY, AuthMe
from callpost_voxburst.paging import listed
from callpost_voxburst.platforms import Lower
from callpost_voxburst.post_models import Post
from callpost_voxburst.posts import PostArgs

__all__ = ["approvals"]

approvals = FAMILY.toolset("approvals", title="Approvals")


class ReviewedPost(Result):
    """A post after a step of its review."""

    id: str | None = None
    status: Lower | None = None
    scheduled_for: str | None = None


async def _status(args: PostArgs, call: Call) -> str | None:
    return (await call.get(route("/posts/{}", args.post_id), into=Post)).status


async def _is_out_of_draft(args: PostArgs, call: Call) -> bool:
    return await _status(args, call) != "draft"


async def _is_decided(args: PostArgs, call: Call) -> bool:
    return await _status(args, call) != "pending_approval"


@approvals.tool(
    effect=Effect.UPDATES,
    dedupe=Dedupe.BRIEF,
    stands=_is_out_of_draft,
    operations=("startApproval",),
)
async def start_post_approval(args: PostArgs, call: Call) -> ReviewedPost:
    """Send a draft into review; approvers are told and it cannot be published meanwhile."""
    return await _act("start-approval", args, call)


@approvals.tool(
    effect=Effect.SENDS,
    dedupe=Dedupe.BRIEF,
    stands=_is_out_of_draft,  # the next step's approval within minutes is another person's to give
    operations=("approvePost",),
)
async def approve_post(args: PostArgs, call: Call) -> ReviewedPost:
    """Approve a post's current review step; after the last one a scheduled post goes out."""
    return await _act("approve", args, call)


@approvals.tool(
    effect=Effect.UPDATES, dedupe=Dedupe.BRIEF, stands=_is_decided, operations=("rejectPost",)
)
async def reject_post(args: PostArgs, call: Call) -> ReviewedPost:
    """Reject a post's current review step: it becomes a draft again."""
    return await _act("reject", args, call)


async def _act(action: str, args: PostArgs, call: Call) -> ReviewedPost:
    answer = await call.post(
        route(f"/posts/{{}}/{action}", args.post_id),
        into=ReviewedPost,
        settle=partial(_find_acted, action, args, call),
    )
    return answer.model_copy(update={"id": answer.id or args.post_id})


_BEFORE_AND_AFTER: dict[str, frozenset[str]] = {
    "start-approval": frozenset({"draft"}),
    "approve": frozenset({"draft", "pending_approval"}),
    "reject": frozenset({"pending_approval"}),
}
"""Statuses that do not show that a lost action happened."""


async def _find_acted(action: str, args: PostArgs, call: Call, _sent: Sent) -> ReviewedPost | None:
    status = await _status(args, call)
    if status is None or status in _BEFORE_AND_AFTER[action]:
        return None
    return ReviewedPost(id=args.post_id, status=status)


class ApprovalStep(Result):
    """Who has to agree, and when."""

    order: int | None = None
    role: str | None = None
    approver_ids: tuple[str, ...] | None = None
    required: bool | None = None


class ApprovalWorkflow(Wrapped):
    """The steps of a review."""

    id: str | None = None
    name: str
    steps: tuple[ApprovalStep, ...] | None = None


class ApprovalWorkflows(Result):
    """Workflows of a workspace; their list has no documented name."""

    items: tuple[ApprovalWorkflow, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _under_any_name(cls, data: Any) -> Any:
        return listed(data)


class Workspace(Args):
    """Whose workflows."""

    workspace_id: Annotated[Id | None, Field(description="Default: the key's")] = None


async def _workspace(args: Workspace, call: Call) -> str:
    if args.workspace_id is not None:
        return args.workspace_id
    return (await call.get(route("/auth/me"), into=_Me)).workspace_id


class _Me(AuthMe):
    workspace_id: str  # type: ignore[assignment] # without it there is no path


@approvals.tool(effect=Effect.READS, operations=("listApprovalWorkflows",))
async def list_approval_workflows(args: Workspace, call: Call) -> ApprovalWorkflows:
    """Approval workflows of a workspace, with their steps."""
    path = route("/workspaces/{}/approval-workflows", await _workspace(args, call))
    return await call.get(path, into=ApprovalWorkflows)


class NewStep(Args):
    """One step; the order is the list's."""

    role: Annotated[Text, Field(min_length=1, max_length=100)]
    approver_ids: Annotated[tuple[Id, ...], Field(min_length=1), unordered]
    required: bool = True


class CreateApprovalWorkflow(Workspace):
    """A name and its steps."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    steps: Annotated[tuple[NewStep, ...], Field(min_length=1, max_length=10)]

    def body(self) -> dict[str, Any]:
        """ApprovalWorkflow; steps are numbered from 1."""
        return {
            "name": self.name,
            "steps": [
                {
                    "order": number,
                    "role": step.role,
                    "approverIds": list(step.approver_ids),
                    "required": step.required,
                }
                for number, step in enumerate(self.steps, 1)
            ],
        }


@approvals.tool(
    effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createApprovalWorkflow",)
)
async def create_approval_workflow(args: CreateApprovalWorkflow, call: Call) -> ApprovalWorkflow:
    """Create an approval workflow. Unconfirmed: the path is inferred."""
    path = route("/workspaces/{}/approval-workflows", await _workspace(args, call))
    return await call.post(path, args.body(), into=ApprovalWorkflow)

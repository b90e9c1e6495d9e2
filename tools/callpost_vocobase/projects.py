"""Projects: groups of agents with rates of their own (contract tag Projects)."""

from typing import Any, ClassVar, Self

from pydantic import model_validator

from callpost.fields import Id, Text
from callpost.toolset import Args, Call, Dedupe, Effect, Result, Sent, route
from callpost_vocobase.api import FAMILY
from callpost_vocobase.listing import Listed, Short, Whole, slice_of
from callpost_vocobase.paging import Paged
from callpost_vocobase.settling import Identified, appeared_before
from callpost_vocobase.texts import Named

__all__ = [
    "CreateProject",
    "DeletedProject",
    "NewProject",
    "OneProject",
    "Project",
    "ProjectRow",
    "Projects",
    "UpdateProject",
    "create_project",
    "delete_project",
    "get_project",
    "list_projects",
    "projects",
    "update_project",
]

projects = FAMILY.toolset("projects", title="Projects")


class ProjectRow(Result):
    """A project as a list shows it."""

    id: str | None = None
    name: str | None = None
    description: Short | None = None
    is_default: bool | None = None
    agent_count: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class Project(Result):
    """A project, whole."""

    unstored: ClassVar[frozenset[str]] = frozenset({"description"})

    id: str | None = None
    name: str | None = None
    description: str | None = None
    is_default: bool | None = None
    agent_count: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class NewProject(Identified, Project):
    """A project just made."""


class Projects(Listed):
    """A part of the projects."""

    items: tuple[ProjectRow, ...] = ()


class _All(Whole):
    projects: tuple[ProjectRow, ...] = ()


@projects.tool(effect=Effect.READS, operations=("listProjects",))
async def list_projects(args: Paged, call: Call) -> Projects:
    """List the projects that agents belong to, with how many agents each has."""
    found = await call.get(route("/projects"), into=_All)
    items, rest = slice_of(found.projects, args)
    return Projects(items=items, total=len(found.projects), next_cursor=rest)


class OneProject(Args):
    """Which project."""

    project_id: Id


@projects.tool(effect=Effect.READS, operations=("getProject",))
async def get_project(args: OneProject, call: Call) -> Project:
    """Get one project."""
    return await call.get(route("/projects/{}", args.project_id), into=Project)


class CreateProject(Args):
    """What the project is called."""

    name: Named
    description: Text | None = None

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return self.model_dump(mode="json", exclude_none=True)


@projects.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("createProject",))
async def create_project(args: CreateProject, call: Call) -> NewProject:
    """Create a project to group agents in."""

    async def settle(sent: Sent) -> NewProject | None:
        found = await call.get(route("/projects"), into=_All)
        named = [p for p in found.projects if p.id and p.name == args.name]
        new = [p for p in named if not appeared_before(p.created_at, sent)]
        known = await call.claimed(p.id for p in new if p.id)
        ours = [p for p in new if p.id not in known]
        return NewProject.model_validate(ours[0].compact()) if ours else None

    return await call.post(route("/projects"), args.body(), into=NewProject, settle=settle)


class UpdateProject(Args):
    """What to change."""

    project_id: Id
    name: Named | None = None
    description: Text | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.body():
            raise ValueError("name what to change: name or description")
        return self

    def body(self) -> dict[str, Any]:
        """As the API names it."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"project_id"})


@projects.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("updateProject",))
async def update_project(args: UpdateProject, call: Call) -> Project:
    """Rename or describe a project."""
    return await call.put(route("/projects/{}", args.project_id), args.body(), into=Project)


class DeletedProject(Result):
    """The answer's shape was not captured."""

    message: str | None = None


@projects.tool(effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("deleteProject",))
async def delete_project(args: OneProject, call: Call) -> DeletedProject:
    """Delete a project; the default one, and one with agents, are refused."""
    return await call.delete(route("/projects/{}", args.project_id), into=DeletedProject)

"""Projects, and custom functions of agents."""

from typing import Any
from urllib.parse import urlsplit

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import Ask, Body, Operation, invalid, not_found, ok
from callpost_sandbox.vocobase.state import Record, State

__all__ = ["OPERATIONS"]


class _Create(Body):
    name: str
    description: str | None = None


class _Update(Body):
    name: str = ""
    description: str | None = None


class _Header(Body):
    key: str
    value: str


class _Parameter(Body):
    name: str
    type: str
    description: str | None = None
    required: bool = False


class _Function(Body):
    name: str
    description: str
    url: str
    headers: list[_Header] = Field(default_factory=list[_Header])
    input_schema: list[_Parameter] = Field(default_factory=list[_Parameter])
    output_schema: list[_Parameter] = Field(default_factory=list[_Parameter])
    started_messages: list[str] = Field(default_factory=list[str])


async def _list(ask: Ask) -> Response:
    state = ask.state
    return ok({"projects": [_view(state, project) for project in state.projects.values()]})


async def _create(ask: Ask) -> Response:
    body = await ask.body(_Create)
    state = ask.state
    now = state.stamp()
    project: Record = {
        "id": state.new_id(),
        "name": body.name,
        "description": body.description,
        "is_default": False,
        "created_at": now,
        "updated_at": now,
    }
    state.projects[project["id"]] = project
    state.journal.did("project", project["id"])
    return ok(_view(state, project), 201)


async def _get(ask: Ask) -> Response:
    return ok(_view(ask.state, _project(ask)))


async def _update(ask: Ask) -> Response:
    project = _project(ask)
    given = (await ask.body(_Update)).given()
    project.update(given, updated_at=ask.state.stamp())
    return ok(_view(ask.state, project))


async def _delete(ask: Ask) -> Response:
    project = _project(ask)
    # The status of both refusals is not documented.
    if project["is_default"]:
        raise invalid("The default project cannot be deleted")
    if _view(ask.state, project)["agent_count"]:
        raise invalid("The project still has agents")
    del ask.state.projects[project["id"]]
    ask.state.journal.did("project_deleted", project["id"])
    return ok({"message": "Project deleted"})


async def _create_function(ask: Ask) -> Response:
    body = await ask.body(_Function)
    if urlsplit(body.url).scheme not in ("http", "https"):
        raise invalid("url: expected an address of the web")
    function: dict[str, Any] = {"id": ask.state.new_id(), **body.model_dump()}
    function["created_at"] = function["updated_at"] = ask.state.stamp()
    ask.state.functions[function["id"]] = function
    ask.state.journal.did("function", function["id"])
    return ok(function, 201)


def _project(ask: Ask) -> Record:
    project = ask.state.projects.get(ask.path("id"))
    if project is None:
        raise not_found("Project")
    return project


def _view(state: State, project: Record) -> Record:
    agents = [agent for agent in state.agents.values() if agent["project_id"] == project["id"]]
    return {**project, "agent_count": len(agents)}


OPERATIONS = (
    Operation("GET", "/projects", _list),
    Operation("POST", "/projects", _create),
    Operation("GET", "/projects/{id}", _get),
    Operation("PUT", "/projects/{id}", _update),
    Operation("DELETE", "/projects/{id}", _delete),
    Operation("POST", "/functions", _create_function),
)

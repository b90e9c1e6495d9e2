"""Brand voices (voxburst.openapi.yaml, Personas). Creating one needs Pro."""

from typing import Any

from pydantic import Field

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.state import stamp
from callpost_sandbox.voxburst.values import new_id

__all__ = ["OPERATIONS", "persona"]


class _Create(Body):
    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=1_000)
    primary_platform: str = "x"
    modules: dict[str, Any] = Field(default_factory=dict)


def persona(persona_id: str, name: str, description: str | None, platform: str, at: float) -> Json:
    """Return a persona as it is shown."""
    return {
        "id": persona_id,
        "name": name,
        "description": description,
        "primaryPlatform": platform,
        "platforms": [platform],
        "avatarUrl": None,
        "linkedAccountIds": [],
        "isWorkspaceDefault": False,
        "createdAt": stamp(at),
        "updatedAt": stamp(at),
    }


def _list(call: Call) -> Answer:
    return Answer(200, {"personas": list(call.state.personas.values())})


def _create(call: Call) -> Answer:
    call.state.need_plan("pro", "brand_voice")
    body = call.body(_Create)
    made = persona(new_id(), body.name, body.description or None, body.primary_platform, call.now)
    call.state.personas[made["id"]] = made
    call.state.did("persona_created", made["id"])
    return Answer(201, {**made, "modules": body.modules, "version": 1})


def _delete(call: Call) -> Answer:
    found = _find(call)
    linked = sum(post.persona_id == found["id"] for post in call.state.posts.values())
    if linked:
        message = "Posts still point at this persona"
        raise ApiError(409, message, "PERSONA_IN_USE", linkedPostCount=linked)
    del call.state.personas[found["id"]]
    call.state.did("persona_deleted", found["id"])
    return Answer(204)


def _assemble(call: Call) -> Answer:
    found = _find(call)
    wishes = call.json(required=False)
    topic = str(wishes.get("topic") or "anything")
    prompts = {
        "systemPrompt": f"You write as {found['name']}.",
        "userPrompt": f"Write one post about {topic}.",
    }
    return Answer(200, prompts)


def _find(call: Call) -> Json:
    found = call.state.personas.get(call.ids["id"])
    if found is None:
        raise ApiError(404, "No such persona")
    return found


OPERATIONS = (
    Operation("GET", "/personas", _list),
    Operation("POST", "/personas/wizard", _create, "personas:write"),
    Operation("DELETE", "/personas/{id}", _delete, "personas:write"),
    Operation("POST", "/personas/{id}/runtime/assemble", _assemble),
)

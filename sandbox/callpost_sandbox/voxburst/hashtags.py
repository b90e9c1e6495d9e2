"""Saved lists of hashtags, latest change first (voxburst.openapi.yaml, Hashtag sets)."""

from pydantic import Field

from callpost_sandbox.voxburst.answers import Answer, ApiError, Json, page
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.state import stamp
from callpost_sandbox.voxburst.values import new_id

__all__ = ["OPERATIONS", "hashtag_set"]


class _Update(Body):
    name: str = Field(default="", min_length=1, max_length=100)
    tags: list[str] = Field(default_factory=list)


class _Create(_Update):
    name: str = Field(min_length=1, max_length=100)


def hashtag_set(set_id: str, name: str, tags: list[str], at: float) -> Json:
    """Return a set as it is shown: tags without #, trimmed, lowercase."""
    return {
        "id": set_id,
        "name": name,
        "tags": _clean(tags),
        "createdAt": stamp(at),
        "updatedAt": stamp(at),
    }


def _clean(tags: list[str]) -> list[str]:
    return [tag.strip().lstrip("#").lower() for tag in tags]


def _list(call: Call) -> Answer:
    newest = list(reversed(call.state.hashtag_sets.values()))
    body = page(
        call.query,
        newest,
        identify=lambda found: str(found["id"]),
        show=lambda found: found,
        spelling="camel",
        default=50,
    )
    return Answer(200, body)


def _create(call: Call) -> Answer:
    body = call.body(_Create)
    _unique(call, body.name, None)
    made = hashtag_set(new_id(), body.name, body.tags, call.now)
    call.state.hashtag_sets[made["id"]] = made
    call.state.did("hashtag_set_created", made["id"])
    return Answer(201, {"data": made})


def _get(call: Call) -> Answer:
    return Answer(200, {"data": _find(call)})


def _update(call: Call) -> Answer:
    found = _find(call)
    body = call.body(_Update)
    changed = {**found, "updatedAt": stamp(call.now)}
    if "name" in body.model_fields_set:
        _unique(call, body.name, found["id"])
        changed["name"] = body.name
    if "tags" in body.model_fields_set:
        changed["tags"] = _clean(body.tags)
    # Taken out and put back: the order of the dictionary is the order of the last changes.
    del call.state.hashtag_sets[found["id"]]
    call.state.hashtag_sets[found["id"]] = changed
    call.state.did("hashtag_set_updated", found["id"])
    return Answer(200, {"data": changed})


def _delete(call: Call) -> Answer:
    found = _find(call)
    del call.state.hashtag_sets[found["id"]]
    call.state.did("hashtag_set_deleted", found["id"])
    return Answer(204)


def _unique(call: Call, name: str, own_id: str | None) -> None:
    for found in call.state.hashtag_sets.values():
        if found["name"] == name and found["id"] != own_id:
            raise ApiError(409, "A set with this name exists", field="name")


def _find(call: Call) -> Json:
    found = call.state.hashtag_sets.get(call.ids["id"])
    if found is None:
        raise ApiError(404, "No such hashtag set")
    return found


OPERATIONS = (
    Operation("GET", "/hashtag-sets", _list),
    Operation("POST", "/hashtag-sets", _create, "hashtag-sets:write"),
    Operation("GET", "/hashtag-sets/{id}", _get),
    Operation("PATCH", "/hashtag-sets/{id}", _update, "hashtag-sets:write"),
    Operation("DELETE", "/hashtag-sets/{id}", _delete, "hashtag-sets:write"),
)

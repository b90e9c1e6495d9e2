"""Speech dictionaries and their attachment to agents (10,000 characters an agent)."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from callpost_sandbox.vocobase.ask import (
    ApiError,
    Ask,
    Body,
    Operation,
    conflict,
    invalid,
    not_found,
    ok,
)
from callpost_sandbox.vocobase.calls import agent_of
from callpost_sandbox.vocobase.state import Record, State

__all__ = ["OPERATIONS"]

_MOST_CHARS = 10_000
Name = Annotated[str, Field(min_length=1, max_length=100)]
Description = Annotated[str, Field(max_length=500)]


class _Create(Body):
    nullable = frozenset({"description"})

    name: Name
    description: Description | None = None
    terms: list[str] = Field(default_factory=list[str])


class _Update(Body):
    nullable = frozenset({"description"})

    name: Name = ""
    description: Description | None = None
    terms: list[str] = Field(default_factory=list[str])


class _Attach(Body):
    dictionary_ids: list[str]


async def _create(ask: Ask) -> Response:
    body = await ask.body(_Create)
    state = ask.state
    _check_name(state, body.name, None)
    now = state.stamp()
    record: Record = {
        "id": state.new_id(),
        "name": body.name,
        "description": body.description or None,
        "terms": _normalized(body.terms),
        "created_at": now,
        "updated_at": now,
    }
    _check_chars(_chars(record))
    state.dictionaries[record["id"]] = record
    state.journal.did("dictionary", record["id"])
    return ok(_full(state, record), 201)


async def _update(ask: Ask) -> Response:
    state = ask.state
    record = state.dictionaries.get(ask.path("id"))
    if record is None:
        raise not_found("Dictionary")
    given = (await ask.body(_Update)).given()
    if "name" in given:
        _check_name(state, given["name"], record["id"])
    if "terms" in given:
        given["terms"] = _normalized(given["terms"])
    if "description" in given:
        given["description"] = given["description"] or None
    changed = {**record, **given, "updated_at": state.stamp()}
    _check_chars(_chars(changed))
    for attached in state.agent_dictionaries.values():
        if record["id"] in attached:
            others = (state.dictionaries[other] for other in attached if other != record["id"])
            _check_chars(_chars(changed) + sum(map(_chars, others)))
    record.update(changed)
    return ok(_full(state, record))


async def _list_attached(ask: Ask) -> Response:
    agent = agent_of(ask.state, ask.path("id"))
    return _attached(ask.state, agent["id"])


async def _replace_attached(ask: Ask) -> Response:
    state = ask.state
    agent = agent_of(state, ask.path("id"))
    wanted = list(dict.fromkeys((await ask.body(_Attach)).dictionary_ids))
    if any(dictionary not in state.dictionaries for dictionary in wanted):
        raise invalid("dictionary_ids: unknown dictionary")
    _check_chars(sum(_chars(state.dictionaries[dictionary]) for dictionary in wanted))
    state.agent_dictionaries[agent["id"]] = wanted
    return _attached(state, agent["id"])


def _attached(state: State, agent_id: str) -> Response:
    ids = state.agent_dictionaries.get(agent_id, [])
    rows = [_summary(state, state.dictionaries[dictionary]) for dictionary in ids]
    return ok({"dictionaries": rows})


def _normalized(terms: list[str]) -> list[str]:
    return list(dict.fromkeys(" ".join(term.split()) for term in terms if term.strip()))


def _chars(record: Record) -> int:
    return sum(len(term) for term in record["terms"])


def _check_chars(chars: int) -> None:
    if chars > _MOST_CHARS:
        # Only the code is documented; the status is the sandbox's choice.
        message = f"Dictionaries may hold {_MOST_CHARS} characters in total"
        raise ApiError(400, message, "DICTIONARY_CHAR_LIMIT_EXCEEDED")


def _check_name(state: State, name: str, own: str | None) -> None:
    for record in state.dictionaries.values():
        if record["name"] == name and record["id"] != own:
            raise conflict("A dictionary with this name already exists")


def _summary(state: State, record: Record) -> Record:
    attached = state.agent_dictionaries.values()
    return {
        "id": record["id"],
        "name": record["name"],
        "term_count": len(record["terms"]),
        "char_count": _chars(record),
        "attached_agent_count": sum(record["id"] in ids for ids in attached),
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
    }


def _full(state: State, record: Record) -> Record:
    extra = {"description": record["description"], "terms": record["terms"]}
    return {**_summary(state, record), **extra}


OPERATIONS = (
    Operation("POST", "/dictionaries", _create),
    Operation("PATCH", "/dictionaries/{id}", _update),
    Operation("GET", "/agent/{id}/dictionaries", _list_attached),
    Operation("PUT", "/agent/{id}/dictionaries", _replace_attached),
)

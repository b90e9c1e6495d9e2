"""What each tool makes of the answers of its API: nothing breaks it, and nothing is lost.

Answers are generated from the contract, with fields and enum values that no contract knows yet.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from callpost.errors import Fault
from callpost.models import Args
from callpost.schema import envelope_schema
from callpost.toolset import Family
from contracts.answers import answer_schema, answers
from contracts.arguments import finish, wholes
from contracts.checking import documented
from contracts.complete import FIRST_NUMBER, complete
from contracts.contract import Operation, operations
from contracts.fake_call import FakeCall
from contracts.operations import families, servers
from contracts.unkept import TOLD_BY, UNKEPT

FAMILIES = {family.api.name: family for family in families()}
TOOLS = {
    tool.name: tool for f in FAMILIES.values() for toolset in f.toolsets for tool in toolset.tools
}
SERVED = [
    (family, operations(name)[operation])
    for name, family in FAMILIES.items()
    for operation in servers(family)
    if operation in operations(name) and operations(name)[operation].answer
]

TURNS = 4
"""Values of each enum that are tried, so that finished and unfinished states occur."""

BOUNDED = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # to shrink a failure takes minutes; all of it is derandomised
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
FEW = settings(BOUNDED, max_examples=4)


@pytest.mark.parametrize("name", TOOLS)
def test_no_documented_answer_breaks_the_tool(name: str) -> None:
    tool = TOOLS[name]
    data_schema = envelope_schema(tool)["properties"]["data"]
    shown: list[dict[str, Any]] = []

    def explore(args: Args, data: st.DataObject) -> None:
        def answer(operation: Operation) -> Any:
            return data.draw(answers(operation.api, operation.id, tolerance=True))

        with suppress(Fault):  # an answer may well say that it went wrong
            shown.append(finish(tool.handler(args, FakeCall(tool.api, answer))).compact())
            assert list(Draft202012Validator(data_schema).iter_errors(shown[-1])) == []  # pyright: ignore[reportUnknownMemberType] because its stubs leave it open

    for arguments in wholes(tool):
        BOUNDED(given(arguments, st.data())(explore))()
    assert shown


@cache
def traced(name: str) -> dict[str, dict[str, bool]]:
    """Give a tool whole answers. By operation, for each field: did it show in what came out?"""
    tool, kept = TOOLS[name], dict[str, dict[str, bool]]()

    def trace(args: Args) -> None:
        for turn in range(TURNS):
            answered: dict[str, Any] = {}

            def answer(operation: Operation, turn: int = turn, seen: Any = answered) -> Any:
                schema = answer_schema(operation)
                seen[operation.id] = complete(schema, turn=turn) if schema else None
                return seen[operation.id]

            with suppress(Fault):
                shown = finish(tool.handler(args, FakeCall(tool.api, answer))).compact()
                for operation, body in answered.items():
                    note(kept.setdefault(operation, {}), body, shown)

    def note(fields: dict[str, bool], body: Any, shown: Any) -> None:
        names, told = set(_names(shown)), {_plain(value) for _, value in _fields(shown)}
        for path, value in _fields(body):
            is_kept = _plain(value) in told or (not _is_unique(value) and _snake(path) in names)
            fields[path] = fields.get(path, False) or is_kept

    for arguments in wholes(tool):
        FEW(given(arguments)(trace))()
    return kept


def _fields(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path, as `contracts.checking.documented` spells it."""
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, Any]", value).items():
            yield from _fields(inner, f"{above}.{name}" if above else name)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _fields(inner, f"{above}[]" if isinstance(inner, Mapping) else above)
    elif value is not None:
        yield above, value


def _names(value: Any) -> Iterator[str]:
    return (part for path, _ in _fields(value) for part in re.split(r"[.\[\]]+", path))


def _plain(value: Any) -> str:
    """Whatever way it is written: case, a number as text, an instant's notation."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).isoformat()
        except ValueError:
            return " ".join(value.split()).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_unique(value: Any) -> bool:
    """Whether `complete` made it only once; a yes or no and an enum value say nothing alone."""
    if isinstance(value, str):
        return any(letter.isdigit() for letter in value)
    return not isinstance(value, bool) and value >= FIRST_NUMBER


def _snake(path: str) -> str:
    name = re.split(r"[.\[\]]+", path.removesuffix("[]"))[-1]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize(
    ("family", "operation"), SERVED, ids=[operation.id for _, operation in SERVED]
)
def test_every_documented_answer_field_is_kept(family: Family, operation: Operation) -> None:
    every = set(documented(answer_schema(operation)))
    leaves = {f for f in every if not any(o.startswith((f"{f}.", f"{f}[].")) for o in every)}
    lost = leaves - _kept(family, operation.id)
    if operation.id in TOLD_BY:
        whole = TOLD_BY[operation.id]
        told = _kept(family, whole.operation)
        lost = {f for f in lost if f.replace(whole.path, whole.inside, 1) not in told}
    assert {f for f in lost if not _is_excused(operation, f)} == set()


def _kept(family: Family, operation: str) -> set[str]:
    kept = {
        field
        for tool in servers(family)[operation]
        for field, is_kept in traced(tool.name).get(operation, {}).items()
        if is_kept
    }
    # What is inside an open map is kept with it.
    return kept | {above for field in kept for above in _above(field)}


def _above(field: str) -> Iterator[str]:
    parts = re.split(r"(\[\]\.|\.)", field)
    return ("".join(parts[:end]) for end in range(1, len(parts), 2))


def _is_excused(operation: Operation, field: str) -> bool:
    return any(
        re.fullmatch(pattern, field)
        for pattern in (*UNKEPT.get("*", {}), *UNKEPT.get(operation.id, {}))
    )

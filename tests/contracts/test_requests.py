"""What each tool sends, held against the contract of its API.

Valid arguments are generated from the tool's own schema, as a model sees it; the answers that its
handler gets on the way are generated from the contract.
"""

from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from callpost.errors import Fault
from callpost.models import Args
from callpost.toolset import Family
from contracts.answers import answers
from contracts.arguments import finish, ways
from contracts.checking import documented, faults, present
from contracts.contract import Operation, operation_for, operations
from contracts.fake_call import FakeCall, Request
from contracts.operations import families, servers

FAMILIES = {family.api.name: family for family in families()}
TOOLS = {
    tool.name: tool for f in FAMILIES.values() for toolset in f.toolsets for tool in toolset.tools
}
SERVED = [
    (family, operations(name)[operation])
    for name, family in FAMILIES.items()
    for operation in servers(family)
    if operation in operations(name)
]

UNREACHED: dict[str, dict[str, str]] = {
    "createApprovalWorkflow": {"id": "the service gives it; one schema serves both directions"},
}
"""Documented request fields that no tool sends, by operation, each with the reason."""

UNSENT = {"upload_media": {"refreshPresign": "only where an upload's address is no longer valid"}}
"""Operations of a tool that these calls do not lead to, each with the reason."""


BOUNDED = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # to shrink a failure takes minutes; all of it is derandomised
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@cache
def explored(name: str) -> dict[str, frozenset[str]]:
    """Call a tool in many ways; every request must fit. The fields reached, by operation."""
    tool = TOOLS[name]
    reached: dict[str, set[str]] = {}

    def explore(args: Args, data: st.DataObject) -> None:
        def answer(operation: Operation) -> Any:
            return data.draw(answers(operation.api, operation.id))

        call = FakeCall(tool.api, answer)
        with suppress(Fault):  # an answer may say that it went wrong; what was sent still counts
            finish(tool.handler(args, call))
        for request in call.requests:
            assert faults(request) == []
            fields = reached.setdefault(request.operation.id, set())
            fields.update(present(request.body or {}), (f"?{name}" for name in request.query))

    for way in ways(tool):
        bounded = settings(BOUNDED, max_examples=way.examples)
        bounded(given(way.arguments, st.data())(explore))()
    return {operation: frozenset(fields) for operation, fields in reached.items()}


@pytest.mark.parametrize("name", TOOLS)
def test_every_request_fits_the_contract(name: str) -> None:
    assert explored(name)


@pytest.mark.parametrize("name", TOOLS)
def test_tool_reaches_every_operation_that_it_names(name: str) -> None:
    named = set(TOOLS[name].operations) - UNSENT.get(name, {}).keys()
    assert named <= explored(name).keys()


@pytest.mark.parametrize(
    ("family", "operation"), SERVED, ids=[operation.id for _, operation in SERVED]
)
def test_every_documented_request_field_is_reachable(family: Family, operation: Operation) -> None:
    reached = {
        field
        for tool in servers(family)[operation.id]
        for field in explored(tool.name).get(operation.id, ())
    }
    wanted = {*documented(operation.body), *(f"?{name}" for name in operation.query)}
    assert wanted - reached - UNREACHED.get(operation.id, {}).keys() == set()


def _request(operation: str, path: str, body: Any = None, **query: Any) -> Request:
    return Request(operations("voxburst")[operation], path, query, body)


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (_request("createHashtagSet", "/hashtag-sets", {"nmae": "a"}), "'nmae' was unexpected"),
        (_request("createWebhook", "/webhooks", {"url": "https://a"}), "'events' is a required"),
        (_request("createWebhook", "/webhooks"), "body: is required"),
        (_request("listWebhooks", "/webhooks", limit=3), "limit is not documented"),
        (_request("listContacts", "/contacts", limit=101), "101 is greater than the maximum"),
        (_request("getWebhook", "/webhooks/wh_1"), "does not match"),
        (_request("getWebhook", f"/webhooks/c{'0' * 24}", {"a": 1}), "there is none"),
    ],
)
def test_request_that_does_not_fit_is_found(request_: Request, fault: str) -> None:
    assert any(fault in found for found in faults(request_)), faults(request_)


def test_request_to_no_operation_is_found() -> None:
    with pytest.raises(AssertionError, match="documents no get /nowhere"):
        operation_for("voxburst", "get", "/nowhere")

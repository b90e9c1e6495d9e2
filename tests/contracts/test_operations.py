import pytest

from callpost.toolset import Family
from contracts.contract import operations
from contracts.operations import TABLE, families, problems, servers, table

FAMILIES = families()


def test_both_contracts_have_a_family() -> None:
    assert [family.api.name for family in FAMILIES] == ["vocobase", "voxburst"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.api.name)
def test_every_operation_of_the_contract_has_a_tool_or_a_reason(family: Family) -> None:
    assert problems(family) == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.api.name)
def test_tools_of_inferred_operations_say_that_they_are_unconfirmed(family: Family) -> None:
    contract = operations(family.api.name)
    silent = {
        tool.name
        for operation, tools in servers(family).items()
        if operation in contract and contract[operation].confidence == "inferred"
        for tool in tools
        if "nconfirmed" not in tool.description
    }
    assert silent == set()


def test_checked_in_table_is_the_table_of_this_code() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(FAMILIES)


def test_missing_operation_is_reported() -> None:
    family = Family(FAMILIES[0].api)
    assert "vocobase: startCall has neither tool nor reason" in problems(family)


def test_reason_for_an_operation_that_does_not_exist_is_reported() -> None:
    family = Family(FAMILIES[0].api, unserved={"flyToTheMoon": "no rocket"})
    assert "vocobase: flyToTheMoon is not in the contract" in problems(family)

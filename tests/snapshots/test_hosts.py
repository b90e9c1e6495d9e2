"""The documents name the clients and versions that are pinned."""

import pytest

from hosts.installing import ROOT, version_of
from hosts.rows import ROWS, Row
from hosts.table import PAGE


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_client_in_the_table_has_the_pinned_version_and_an_example(row: Row) -> None:
    page = PAGE.read_text(encoding="utf-8")
    start = f"| [{row.title}](../../examples/{row.example}) | "
    assert f"{start}{version_of(row.package, row.environment)} |" in page, "run `make hosts-all`"
    assert (ROOT / "examples" / row.example).is_file()


def test_no_pin_of_a_client_names_where_it_is_downloaded() -> None:
    locks = [
        *(ROOT / "requirements").rglob("*.txt"),
        *(ROOT / "tests/hosts/node").glob("*lock.json"),
        *(ROOT / "manifests").glob("*lock.json"),
    ]
    assert len(locks) > len({row.environment for row in ROWS})
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert '"resolved"' not in text, lock
        assert "--index-url" not in text, lock

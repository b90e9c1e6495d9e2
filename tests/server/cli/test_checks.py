from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callpost.cli import checks
from callpost.cli.findings import Finding
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import harness


async def gathered(findings: AsyncIterator[Finding]) -> dict[str, Finding]:
    """By subject; the worst of each."""
    worst: dict[str, Finding] = {}
    ranks = ["ok", "warning", "broken"]
    async for finding in findings:
        before = worst.get(finding.about)
        if before is None or ranks.index(finding.level) > ranks.index(before.level):
            worst[finding.about] = finding
        assert (finding.remedy is None) == (finding.level == "ok"), finding
    return worst


async def test_good_keys_are_found_good_by_one_cheap_read_each() -> None:
    async with harness() as h:
        found = await gathered(checks.apis(h.callpost))
        asked = [request.method for request in (*h.vocobase.requests, *h.voxburst.requests)]
    assert {about: finding.level for about, finding in found.items()} == {
        "vocobase": "ok",
        "voxburst": "ok",
        "clock": "ok",
    }
    assert asked == ["GET", "GET"]
    assert "plan free" in found["voxburst"].message
    assert "balance_rupees" in found["vocobase"].message


async def test_a_refused_key_is_broken_and_never_printed() -> None:
    async with harness(VOXBURST_API_KEY="vb_live_secret_of_somebody") as h:
        found = await gathered(checks.apis(h.callpost))
    assert found["voxburst"].level == "broken"
    assert "VOXBURST_API_KEY" in (found["voxburst"].remedy or "")
    assert "secret_of_somebody" not in repr(found)


async def test_a_key_of_the_wrong_kind_is_worth_a_warning() -> None:
    async with harness(VOCOBASE_API_KEY="vb_live_mixed_up", VOXBURST_API_KEY="") as h:
        findings = [finding async for finding in checks.apis(h.callpost)]
    assert [finding.level for finding in findings if finding.about == "vocobase"] == [
        "warning",
        "broken",
    ]
    assert "rg_live_" in findings[0].message


async def test_one_key_alone_is_fine() -> None:
    async with harness(VOXBURST_API_KEY="") as h:
        found = await gathered(checks.apis(h.callpost))
    assert found["voxburst"].level == "ok"
    assert "left out" in found["voxburst"].message


async def test_no_key_at_all_is_broken() -> None:
    async with harness(VOCOBASE_API_KEY="", VOXBURST_API_KEY="") as h:
        found = await gathered(checks.apis(h.callpost))
    assert found["keys"].level == "broken"
    assert "VOCOBASE_API_KEY" in (found["keys"].remedy or "")


async def test_an_api_that_cannot_be_reached_is_broken() -> None:
    async with harness(VOXBURST_API_KEY="") as h:
        h.vocobase.refuse_connections = 100
        found = await gathered(checks.apis(h.callpost))
    assert found["vocobase"].level == "broken"
    assert "VOCOBASE_API_URL" in (found["vocobase"].remedy or "")


@pytest.mark.parametrize(
    ("offset_s", "level"), [(0.0, "ok"), (-60.0, "warning"), (60.0, "warning"), (3600.0, "broken")]
)
async def test_clocks_are_compared(offset_s: float, level: str) -> None:
    async with harness(VOXBURST_API_KEY="") as h:
        h.clock.instant -= offset_s
        found = await gathered(checks.apis(h.callpost))
    assert found["clock"].level == level


async def test_a_state_that_cannot_be_used_is_broken_and_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_text("no database at all" * 100)
    async with harness(state=bad) as h:
        found = await gathered(checks.state(h.callpost))
        apis = await gathered(checks.apis(h.callpost))
        assert h.vocobase.requests == []
    assert found["state"].level == "broken"
    assert str(bad) in found["state"].message
    assert apis["vocobase"].level == "warning"


async def test_state_tells_size_schema_and_that_nothing_is_open() -> None:
    async with harness() as h:
        found = await gathered(checks.state(h.callpost))
    assert found["state"].level == "ok"
    assert "nothing open" in found["state"].message


async def test_what_is_open_is_counted() -> None:
    async with harness(CALLPOST_SETTLE="strict") as h:
        h.vocobase.only, h.vocobase.lose_requests = "POST", 1
        call = {"agent_id": DEMO_AGENT_ID, "to_number": "+14155550111", "provider": "twilio"}
        await h.run("start_call", call)
        found = await gathered(checks.state(h.callpost))
    assert found["open"].level == "warning"
    assert found["open"].message.startswith("1 ")


async def test_a_ledger_that_others_may_read_is_worth_a_warning() -> None:
    async with harness() as h:
        await gathered(checks.state(h.callpost))
        h.state.chmod(0o644)
        found = await gathered(checks.state(h.callpost))
    assert found["state"].level == "warning"
    assert "chmod 600" in (found["state"].remedy or "")


async def test_tools_are_priced_and_too_many_are_worth_a_warning() -> None:
    async with harness() as h:
        (few,) = checks.tools(h.callpost)
    async with harness(CALLPOST_TOOLSETS="all") as h:
        (many,) = checks.tools(h.callpost)
    async with harness(CALLPOST_TOOLSETS="billing", CALLPOST_READ_ONLY="1") as h:
        on = len(h.callpost.tools)
    async with harness(CALLPOST_TOOLSETS="-all") as h:
        (none,) = checks.tools(h.callpost)
    assert [few.level, many.level, none.level] == ["ok", "warning", "broken"]
    assert "tokens" in few.message
    assert on > 0


async def test_what_is_allowed_is_said(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    async with harness(CALLPOST_READ_ONLY="1", CALLPOST_UPLOAD_DIRS=str(missing)) as h:
        policy, uploads = checks.settings(h.callpost)
    assert "read-only" in policy.message
    assert uploads.level == "warning"
    assert str(missing) in uploads.message

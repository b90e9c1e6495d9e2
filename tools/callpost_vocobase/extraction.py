"""Running post-call extraction again (contract: replayCallExtraction)."""

from datetime import timedelta
from typing import ClassVar

from callpost.toolset import Call, Dedupe, Effect, Result, route
from callpost_vocobase.call_details import Extraction, WholeCall
from callpost_vocobase.call_models import LooseText, instant
from callpost_vocobase.calls import OneCall, calls

__all__ = ["ExtractCallData", "ExtractedData"]

_BRIEFLY = timedelta(minutes=10)
"""Longer than a trigger is remembered; an agent changed since then may extract something else."""


class ExtractCallData(OneCall):
    """Which call, and whether to keep what is found."""

    dry_run: bool = False


class ExtractedData(Result):
    """What the run found."""

    unstored: ClassVar[frozenset[str]] = frozenset({"extraction"})
    upstream_id_field: ClassVar[str] = "call_id"

    call_id: LooseText = None
    session_id: LooseText = None
    dry_run: bool | None = None
    extraction: Extraction | None = None


class _Changed(Result):
    updated_at: LooseText = None


async def _stands(args: ExtractCallData, call: Call) -> bool:
    """A stored extraction stands until the agent, and so what to extract, changes.

    A dry run stores nothing, and the ledger keeps no texts, so its answer can only be had anew.
    """
    if args.dry_run:
        return False
    whole = await call.get(route("/calls/{}", args.call_id), into=WholeCall)
    extraction = (whole.session.extraction if whole.session else None) or whole.extraction
    if extraction is None or extraction.values is None or whole.agent_id is None:
        return False
    agent = await call.get(route("/agent/{}", whole.agent_id), into=_Changed)
    changed = instant(agent.updated_at)
    since = instant(extraction.extracted_at) or call.now() - _BRIEFLY
    return changed is None or changed < since


@calls.tool(
    effect=Effect.UPDATES,
    dedupe=Dedupe.BRIEF,
    stands=_stands,
    operations=("replayCallExtraction",),
    default=False,
)
async def extract_call_data(args: ExtractCallData, call: Call) -> ExtractedData:
    """Run the agent's extraction on an ended call's transcript again; the price is unknown.

    It overwrites the values kept, except with dry_run, which runs too but only returns them.
    """
    found = await call.post(
        route("/calls/{}/extract", args.call_id),
        {"dry_run": args.dry_run},
        into=ExtractedData,
        repeatable=True,
    )
    cut = found.extraction.cut() if found.extraction else None
    return found.model_copy(update={"extraction": cut})

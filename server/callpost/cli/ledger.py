"""`callpost ledger`: what was intended, sent and settled, for people; and a person's word on it."""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from callpost.cli.colour import Shade, paint_for
from callpost.cli.discretion import discreet
from callpost.cli.failures import USAGE, CommandError
from callpost.cli.tables import table

if TYPE_CHECKING:
    from callpost.assembly import Callpost
    from callpost.cli import Subparsers
    from callpost.ledger import Record

__all__ = ["add_parser", "run"]

HASH_SHOWN = 10
_EPILOG = """\
A key may be cut short as long as only one intent begins so.
states: reserved (nothing of it is under way), sent (left, no answer yet), succeeded, rejected (had
no effect; the same call may act), unsettled (left, and nobody knows what became of it)."""
_SHADES = {
    "succeeded": Shade.GREEN,
    "sent": Shade.YELLOW,
    "unsettled": Shade.YELLOW,
    "rejected": Shade.DIM,
    "reserved": Shade.DIM,
}


def add_parser(subparsers: "Subparsers") -> None:
    """Add `ledger`."""
    parser = subparsers.add_parser(
        "ledger",
        help="look at what was done and what is open, and settle it",
        description="Look at what was intended, sent and settled; say what became of what is open.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="the newest intents", description="The newest first.")
    listing.add_argument("--open", action="store_true", help="only those nobody knows the end of")
    listing.add_argument("--limit", type=_positive, default=20, metavar="N", help="default 20")
    _forms(listing)

    show = actions.add_parser("show", help="one intent, whole", description="One intent, whole.")
    show.add_argument("key")
    _forms(show)

    settle = actions.add_parser(
        "settle",
        help="say what became of an open intent",
        description="Say what became of an intent that is open, having looked with your own eyes.",
    )
    settle.add_argument("key")
    became = settle.add_mutually_exclusive_group(required=True)
    became.add_argument("--happened", action="store_true", help="the same call is answered with it")
    became.add_argument("--did-not-happen", action="store_true", help="the same call may act again")
    settle.add_argument("--id", metavar="ID", help="with --happened: its identifier upstream")

    forget = actions.add_parser(
        "forget",
        help="drop an intent, so that the same call acts again",
        description="Drop an intent that is not running. The same call then acts again, even if it "
        "has acted before.",
    )
    forget.add_argument("key")
    forget.add_argument("--yes", action="store_true", help="do not ask")


def _forms(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--full", action="store_true", help="numbers and texts in full")


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 is expected")
    return number


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from callpost.assembly import assemble  # noqa: PLC0415 because of start-up cost

    if args.action == "settle" and args.id and not args.happened:
        raise CommandError("--id belongs to --happened.", USAGE)
    from callpost.fields import IDENTIFIER  # noqa: PLC0415 because of start-up cost

    if args.action == "settle" and args.id and not IDENTIFIER.fullmatch(args.id):
        raise CommandError("--id is no identifier; copy it from the vendor's dashboard.", USAGE)
    action = {"list": _list, "show": _show, "settle": _settle, "forget": _forget}[args.action]
    return anyio.run(_with, assemble(), partial(action, args))


async def _with(callpost: "Callpost", action: "Callable[[Callpost], Awaitable[int]]") -> int:
    try:
        return await action(callpost)
    finally:
        await callpost.close()


async def _list(args: argparse.Namespace, callpost: "Callpost") -> int:
    records: Sequence[Record] = ()
    if _is_there(callpost):
        records = await callpost.engine.ledger.recent(limit=args.limit, only_open=args.open)
    if args.json:
        _print_json([_told(record, is_full=args.full) for record in records])
    elif not records:
        print("Nothing is open." if args.open else f"Nothing yet in {callpost.settings.state}.")
    else:
        rows = [
            (_local(r.changed_at), r.state.value, r.tool, _short(r.key), _effect(r) or "-")
            for r in records
        ]
        head = ("changed", "state", "tool", "key", "upstream id")
        print(table(head, rows, paint=paint_for(sys.stdout), shades=_SHADES))
    return 0


async def _show(args: argparse.Namespace, callpost: "Callpost") -> int:
    told = _told(await _one(args.key, callpost), is_full=args.full)
    if args.json:
        _print_json(told)
        return 0
    paint = paint_for(sys.stdout)
    for name in ("key", "state", "tool", "occurrence", "attempt", "created_at", "changed_at"):
        text = str(told[name])
        print(paint(f"{name:<12}", Shade.DIM), paint(text, _SHADES.get(text)))
    if told["steps"]:
        head = ("step", "request", "state", "tries", "sent", "looks", "upstream id")
        names = ("n", "request", "state", "tries", "sent_at", "looks", "upstream_id")
        rows = [tuple(str(step[name] or "-") for name in names) for step in told["steps"]]
        print()
        print(table(head, rows, paint=paint, shades=_SHADES))
    if told["answer"] is not None:
        print()
        print("answer", json.dumps(told["answer"], indent=2, ensure_ascii=False))
    return 0


async def _settle(args: argparse.Namespace, callpost: "Callpost") -> int:
    from callpost.ledger import State  # noqa: PLC0415 because of start-up cost

    record = await _one(args.key, callpost)
    state = State.SUCCEEDED if args.happened else State.REJECTED
    answer = _answer(callpost, record, args.id) if args.happened else None
    engine = callpost.engine
    effect_id = args.id if args.happened else None
    if not await engine.ledger.settle_by_hand(
        record.key, state, answer, engine.clock.now(), effect_id
    ):
        raise CommandError(
            f"{_short(record.key)} is {record.state.value}, or running just now; only what is open "
            "can be settled: see «callpost ledger list --open»."
        )
    then = (
        "the same call is now answered from the ledger"
        if args.happened
        else "the same call may act again"
    )
    print(f"{_short(record.key)} is settled: {then}.")
    return 0


def _answer(callpost: "Callpost", record: "Record", upstream_id: str | None) -> Mapping[str, Any]:
    """What a replay shows: at least the identifier, where the tool's answers have one."""
    tool = callpost.catalog.find(record.tool)
    if upstream_id is None or tool is None:
        return {}
    return {tool.result.upstream_id_field: upstream_id}


async def _forget(args: argparse.Namespace, callpost: "Callpost") -> int:
    record = await _one(args.key, callpost)
    if not args.yes:
        if not sys.stdin.isatty():
            raise CommandError("say --yes: the same call will then act again.", USAGE)
        question = f"Forget {_short(record.key)} ({record.state.value})? The same call then acts."
        said = await anyio.to_thread.run_sync(input, f"{question} [y/N] ")
        if said.strip().lower() not in {"y", "yes"}:
            print("Nothing was changed.")
            return 0
    if not await callpost.engine.ledger.forget(record.key):
        raise CommandError(f"{_short(record.key)} is running just now; try again when it is done.")
    print(f"{_short(record.key)} is forgotten.")
    return 0


async def _one(prefix: str, callpost: "Callpost") -> "Record":
    found: Sequence[Record] = ()
    if _is_there(callpost):
        found = await callpost.engine.ledger.find(prefix)
    exact = [record for record in found if record.key == prefix]
    match exact or found:
        case [record]:
            return record
        case []:
            raise CommandError(
                f"no intent's key begins with {prefix}; «callpost ledger list» shows them."
            )
        case several:
            keys = ", ".join(_short(record.key) for record in several[:5])
            raise CommandError(f"{len(several)} keys begin with {prefix}: {keys}. Type more of it.")


def _is_there(callpost: "Callpost") -> bool:
    """Looking must not make a state file."""
    state = callpost.settings.state
    return "://" in state or Path(state).expanduser().exists()


def _told(record: "Record", *, is_full: bool) -> dict[str, Any]:
    def shown(value: Any) -> Any:
        return value if is_full else discreet(value)

    return {
        "key": record.key,
        "state": record.state.value,
        "is_open": record.is_open,
        "tool": record.tool,
        "api": record.api,
        "occurrence": record.occurrence,
        "attempt": record.attempt,
        "created_at": _local(record.created_at),
        "changed_at": _local(record.changed_at),
        "steps": [
            {
                "n": step.n,
                "request": step.name,
                "state": step.state.value,
                "tries": step.tries,
                "sent_at": _local(step.sent_at) if step.sent_at is not None else None,
                "looks": step.looks,
                "upstream_id": step.effect_id,
                "answer": shown(step.answer),
            }
            for step in record.steps
        ],
        "answer": shown(record.answer),
    }


def _effect(record: "Record") -> str | None:
    return next((s.effect_id for s in reversed(record.steps) if s.effect_id is not None), None)


def _short(key: str) -> str:
    """Enough of a key to tell it apart, and to be taken for it."""
    head, _, print_ = key.rpartition("-")
    return f"{head}-{print_[:HASH_SHOWN]}"


def _local(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat(sep=" ", timespec="seconds")


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))

"""VoiceLink's own bodies, which Vocobase forwards as they are (schema VoiceLinkPassthrough).

Their shape varies and was not captured, so a record is read as names and plain values. Lists sit in
`data.data` (contract section 3). What looks like a credential is dropped.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from callpost.errors import Unsettled
from callpost.fields import Id, Text
from callpost.toolset import Args, Call, Result, Route
from callpost_vocobase.api import FAMILY
from callpost_vocobase.listing import Listed, shorten, slice_of
from callpost_vocobase.paging import Paged

__all__ = [
    "Connected",
    "MaybeRecord",
    "Record",
    "Search",
    "VoicelinkAnswer",
    "VoicelinkId",
    "VoicelinkRows",
    "VoicelinkTable",
    "listed",
    "looked_up",
    "sized",
    "switch",
    "voicelink",
]

voicelink = FAMILY.toolset("voicelink", title="VoiceLink")

AnswerT = TypeVar("AnswerT", bound="VoicelinkAnswer")
RowT = TypeVar("RowT")
Plain = str | int | float | bool

LONGEST_VALUE = 200
MOST_FIELDS = 40
LARGEST_ANSWER = 60_000
"""Bytes of rows in one answer: about 15,000 tokens."""
SETTLE_PAGE = 100
_CREDENTIAL = re.compile(r"pass|secret|token|api_?key|auth", re.IGNORECASE)

VoicelinkId = Annotated[int, Field(ge=1), WithJsonSchema({"type": "integer"})]
"""VoiceLink's identifiers are integers (contract section 6)."""


def _record(value: Any) -> dict[str, Plain]:
    told = cast("dict[str, Any]", value) if isinstance(value, dict) else {"value": value}
    plain: dict[str, Plain] = {}
    for name, part in _flat(told, ""):
        if part is None or _CREDENTIAL.search(name) or len(plain) >= MOST_FIELDS:
            continue
        plain[name] = part if isinstance(part, bool | int | float) else shorten(part, LONGEST_VALUE)
    return plain


def _flat(told: Mapping[str, Any], prefix: str) -> list[tuple[str, Plain | None]]:
    """Nested objects as dotted names; lists as JSON, less what looks like a credential."""
    pairs: list[tuple[str, Plain | None]] = []
    for name, part in told.items():
        if isinstance(part, dict):
            pairs += _flat(cast("dict[str, Any]", part), f"{prefix}{name}.")
        elif isinstance(part, list):
            rows = [_record(row) for row in cast("list[Any]", part)]
            values = [row["value"] if row.keys() == {"value"} else row for row in rows]
            pairs.append((prefix + name, json.dumps(values, ensure_ascii=False)))
        else:
            pairs.append((prefix + name, part if isinstance(part, Plain) else None))
    return pairs


def _maybe_record(value: Any) -> Any:
    return None if value is None else _record(value)


Record = Annotated[dict[str, Plain], BeforeValidator(_record)]
"""One thing of VoiceLink's, as names and plain values."""

MaybeRecord = Annotated[dict[str, Plain] | None, BeforeValidator(_maybe_record)]


def _rows(payload: Any) -> list[Any]:
    if isinstance(payload, list):
        return cast("list[Any]", payload)
    if not isinstance(payload, dict):
        return []
    told = cast("dict[str, Any]", payload)
    if "data" in told:
        return _rows(told["data"])
    lists = [cast("list[Any]", part) for part in told.values() if isinstance(part, list)]
    return lists[0] if lists else []


def _total(payload: Any) -> int | None:
    if not isinstance(payload, dict):
        return None
    told = cast("dict[str, Any]", payload)
    total = told.get("total")
    if isinstance(total, int) and not isinstance(total, bool):
        return total
    inner = (_total(told.get(name)) for name in ("data", "meta", "pagination"))
    return next((t for t in inner if t is not None), None)


class VoicelinkRows(Result):
    """A list as VoiceLink sends it."""

    items: tuple[Record, ...] = ()
    total: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _unnested(cls, data: Any) -> Any:
        return {"items": _rows(data), "total": _total(data)}


class VoicelinkTable(Listed):
    """A part of a list of VoiceLink's."""

    items: tuple[Record, ...] = ()


class VoicelinkAnswer(Result):
    """What VoiceLink says to a write."""

    unstored: ClassVar[frozenset[str]] = frozenset({"record", "message"})
    kind: ClassVar[str] = "record"

    id: str | None = None
    status: str | None = None
    message: str | None = None
    note: str | None = None
    record: Record = {}  # noqa: RUF012 because pydantic copies it

    @property
    def upstream_id(self) -> str | None:
        """With its kind: a client and a bot may have the same number."""
        return self.name_of(self.id) if self.id else None

    @classmethod
    def name_of(cls, own_id: object) -> str:
        """How the ledger knows it."""
        return f"voicelink-{cls.kind}-{own_id}"

    @model_validator(mode="before")
    @classmethod
    def _unnested(cls, data: Any) -> Any:
        told = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        if told.keys() <= cls.model_fields.keys() and ("record" in told or "note" in told):
            return told
        inner: Any = told.get("data", told)
        rows = cast("list[Any]", inner) if isinstance(inner, list) else [inner]
        record = _record(rows[0]) if rows and isinstance(rows[0], dict) else {}
        own_id = record.get("id", record.get(f"{cls.kind}_id"))
        words = {n: told[n] for n in ("status", "message") if isinstance(told.get(n), str)}
        return {**words, "record": record, "id": None if own_id is None else str(own_id)}

    def stored(self) -> dict[str, Any]:
        """Without the record, and saying so."""
        gone = {"note": self.note or "What VoiceLink answered is not kept; list it to see it."}
        return super().stored() | gone

    @classmethod
    def found(cls, row: dict[str, Plain]) -> Self:
        """From a row of a list, after the answer was lost."""
        own_id = row.get("id", row.get(f"{cls.kind}_id"))
        note = "Found in the list after its answer was lost; check that it is what you asked for."
        return cls(record=row, id=None if own_id is None else str(own_id), note=note)


class Connected(Args):
    """Which VoiceLink account."""

    connection_id: Annotated[Id | None, Field(description="Only with several accounts")] = None


class Search(Paged, Connected):
    """Which rows of a list that VoiceLink pages and searches."""

    search: Text | None = None


def switch(value: bool | None) -> int | None:  # noqa: FBT001 because it is the value itself
    """A yes or no as VoiceLink writes it."""
    return None if value is None else int(value)


def sized(rows: Sequence[RowT]) -> tuple[RowT, ...]:
    """As many rows as fit into one answer, and at least one."""
    shown: list[RowT] = []
    room = LARGEST_ANSWER
    for row in rows:
        room -= len(json.dumps(row, ensure_ascii=False, default=str).encode())
        if shown and room < 0:
            break
        shown.append(row)
    return tuple(shown)


async def listed(
    call: Call, path: Route, args: Search, **filters: str | int | None
) -> VoicelinkTable:
    """One part of a list that VoiceLink pages by number; our cursor is an offset."""
    query = {
        "connection_id": args.connection_id,
        "search": args.search,
        **filters,
        "per_page": args.limit,
        "page": args.offset // args.limit + 1,
    }
    found = await call.get(path, into=VoicelinkRows, query=query)
    if len(found.items) > args.limit:  # it does not page after all
        return part_of(found, args)
    items = sized(found.items[args.offset % args.limit :])
    end = args.offset + len(items)
    is_cut = len(items) < len(found.items) - args.offset % args.limit
    has_more = end < found.total if found.total is not None else len(found.items) == args.limit
    rest = str(end) if items and (has_more or is_cut) else None
    return VoicelinkTable(items=items, total=found.total, next_cursor=rest)


def part_of(found: VoicelinkRows, asked: Paged) -> VoicelinkTable:
    """One part of a list that came whole."""
    items, rest = slice_of(found.items, asked)
    fitting = sized(items)
    if len(fitting) < len(items):
        rest = str(asked.offset + len(fitting))
    total = max(found.total or 0, len(found.items))
    return VoicelinkTable(items=fitting, total=total, next_cursor=rest)


async def looked_up(
    call: Call,
    path: Route,
    wanted: Mapping[str, Plain],
    into: type[AnswerT],
    **query: str | int | None,
) -> AnswerT | None:
    """The row that a lost create made, by the values it was given.

    Raises:
        Unsettled: The rows do not show those values, or not all rows came.
    """
    found = await call.get(path, into=VoicelinkRows, query=query)
    ours = [r for r in found.items if all(_same(r.get(n), v) for n, v in wanted.items())]
    answers = [into.found(row) for row in ours]
    known = await call.claimed(a.upstream_id for a in answers if a.upstream_id)
    new = [a for a in answers if a.upstream_id not in known]
    if new:
        return new[0]
    is_readable = all(name in row for row in found.items for name in wanted)
    got = len(found.items)
    is_whole = got < SETTLE_PAGE if found.total is None else got >= found.total
    if is_readable and is_whole:
        return None
    raise Unsettled(
        "The answer was lost, and VoiceLink's list does not show whether it took effect.",
        next_step="Ask the person to look at VoiceLink; only if it is missing, call again with the "
        "next occurrence.",
    )


def _same(left: object, right: object) -> bool:
    return str(left).removeprefix("+").casefold() == str(right).removeprefix("+").casefold()

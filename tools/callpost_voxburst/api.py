"""VoxBurst's facts: where it is, what it allows, and what its answers mean.

Source: contract `voxburst.md`; the sections are named beside each fact.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast

from callpost.errors import Code, Fault, FieldProblem, InProgress, Paced, Refused, Unsettled
from callpost.errors import Upstream as Quote
from callpost.models import Result
from callpost.pace import Limit
from callpost.toolset import Api, Call, Family, Reply, route

__all__ = ["API", "FAMILY", "KEY_WINDOW_S", "AuthMe", "our_name"]

KEY_WINDOW_S = 24 * 3600.0
"""How long a key is remembered; afterwards the same key acts again (section 4)."""

WINDOW_S = 60.0
"""Every plan's limit is per minute and key (section 2)."""

TWIN_WAIT_S = 2.0
"""A twin under way upstream is asked for again after this long; no wait is documented."""

UNDECIDED = frozenset({408, 425, 499})
"""4xx that a gateway gives without knowing what the service did."""

_ENVELOPE = frozenset({"error", "success", "message", "code", "status", "statusCode", "requestId"})
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OURS = {
    "media": "media_ids",
    "scheduledFor": "when",
    "saveAsDraft": "when",
    "queue": "when",
    "firstCommentDelay": "first_comment_delay_s",
    "filename": "file_name",
}
"""Wire names whose argument is not just their snake_case."""


def unwrap(reply: Reply) -> Any:
    """The body itself is the payload; a delete answers with nothing (section 13)."""
    payload: Any = reply.body
    if reply.is_empty or (reply.is_json and payload is None):
        return {}
    if not reply.is_json or not isinstance(payload, dict):
        raise ValueError("the answer is not a JSON object")
    body = cast("dict[str, Any]", payload)
    if body.get("error") and body.keys() <= _ENVELOPE:
        raise ValueError("the answer is an error in the clothes of a success")
    return body


def fault(reply: Reply) -> Fault:
    """By status, then by code, never by message (section 3)."""
    quote, details = _error(reply)
    status = reply.status
    if status in UNDECIDED or status >= 500:  # noqa: PLR2004 because a status is its own name
        return Unsettled(
            "VoxBurst failed while it handled the request.", upstream=quote, retry_after_s=5.0
        )
    if status in REDIRECTS:
        # It may mean «done, see there», so it proves nothing about a write.
        return Unsettled(
            "VoxBurst answered with a redirect, which is not followed with a key.",
            upstream=quote,
            next_step="Ask the person to check VOXBURST_API_URL, then call again with the same "
            "arguments; it will not act twice.",
        )
    match status:
        case 429:
            wait = _pause_s(reply)
            return Paced(
                "VoxBurst's limit of requests per minute is used up.",
                retry_after_s=wait,
                next_step=f"Wait {wait:.0f} s, then call again with the same arguments.",
                upstream=quote,
            )
        case 400 | 422:
            return _bad_request(quote, details)
        case 409:
            return _conflict(reply, quote)
        case _:
            code, next_step = _REFUSALS.get(status, ("upstream_error", None))
            if quote.code == "PLAN_UPGRADE_REQUIRED":
                code, next_step = _REFUSALS[402]
            return Refused(
                f"VoxBurst refused the request ({quote.code or status}).",
                code=code,
                next_step=next_step,
                upstream=quote,
            )


REDIRECTS = range(300, 400)

_REFUSALS: dict[int, tuple[Code, str | None]] = {
    401: (
        "unauthorized",
        "Tell the person that VOXBURST_API_KEY is missing or not valid; do not call again.",
    ),
    402: ("plan_limit", "Tell the person that their VoxBurst plan does not cover this."),
    403: ("forbidden", "Tell the person that the VoxBurst key lacks the scope for this."),
    404: ("not_found", "Check the identifier with a list tool; do not guess another."),
}


def _bad_request(quote: Quote, details: Mapping[str, Any]) -> Refused:
    field = details.get("field")
    fields = (
        (FieldProblem(our_name(field), _problem(quote, details)),)
        if isinstance(field, str) and field
        else ()
    )
    return Refused(
        f"VoxBurst found the arguments wrong ({quote.code or quote.status}).",
        code="invalid_arguments",
        retry="after_fix",
        next_step="Correct what is named in fields or upstream.message, then call again.",
        fields=fields,
        upstream=quote,
    )


def _conflict(reply: Reply, quote: Quote) -> Fault:
    if quote.code in {"IDEMPOTENCY_IN_PROGRESS", "IN_PROGRESS"}:
        return InProgress(
            "VoxBurst is still working on the same request.",
            retry_after_s=_stated_s(reply) or TWIN_WAIT_S,
            upstream=quote,
        )
    if quote.code == "IDEMPOTENCY_CONFLICT":
        return Refused(
            "VoxBurst has seen this idempotency key with another request.",
            code="idempotency_conflict",
            side_effect="unknown",
            next_step="The same was probably sent before, in another form. Look for it with a list "
            "tool; only if the person wants it done again, call with the next occurrence.",
            upstream=quote,
        )
    return Refused(
        "VoxBurst refused the request: the state of the thing does not allow it.",
        code="conflict",
        next_step="Read the thing again and decide by its status; calling again does not help.",
        upstream=quote,
    )


def _error(reply: Reply) -> tuple[Quote, Mapping[str, Any]]:
    """The error quoted, with its details; one documented answer has a bare string (section 3)."""
    error: Any = _mapping(reply.body).get("error")
    named = _mapping(error)
    message = error if isinstance(error, str) else named.get("message")
    code = named.get("code")
    quote = Quote(
        "voxburst",
        status=reply.status,
        code=code[:60] if isinstance(code, str) else None,
        message=message if isinstance(message, str) else None,
    )
    return quote, _mapping(named.get("details"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def our_name(field: str) -> str:
    """`platformOverrides.TWITTER.content` as our arguments spell it."""
    first, *rest = field[:120].split(".")
    name, bracket, index = first.partition("[")
    ours = _OURS.get(name) or _HUMP.sub("_", name).lower()
    return ".".join([ours + bracket + index, *rest])


def _problem(quote: Quote, details: Mapping[str, Any]) -> str:
    platform, longest, actual = (details.get(k) for k in ("platform", "maxLength", "actualLength"))
    parts: list[str] = []
    if isinstance(longest, int):
        parts.append(f"has at most {longest} characters")
    if isinstance(actual, int):
        parts.append(f"was given {actual}")
    if isinstance(platform, str):
        parts.append(f"on {platform[:40]}")
    return ", ".join(parts) or f"was refused ({quote.code or quote.status})"


def _pause_s(reply: Reply) -> float:
    """`Retry-After`, else the window's end, else a whole window."""
    stated = _stated_s(reply)
    if stated is not None:
        return max(1.0, stated)
    try:
        resets_at = float(reply.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return WINDOW_S
    # Their clock may be untold, but no window is longer than this.
    return min(max(1.0, resets_at - reply.told_at), WINDOW_S)


def _stated_s(reply: Reply) -> float | None:
    """`Retry-After` in seconds, or as an HTTP date: the unit is not documented (section 2)."""
    text = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - reply.told_at)
    except ValueError:
        return None


API = Api(
    name="voxburst",
    title="VoxBurst",
    base_url="https://api.voxburst.io/v1",
    url_suffix="/v1",  # contract section 13: documented with and without
    key_name="VOXBURST_API_KEY",
    url_name="VOXBURST_API_URL",
    key_prefix="vb_live_",
    key_help="VoxBurst dashboard, Settings, API keys",
    limits={"requests": Limit(120, WINDOW_S, "VoxBurst requests")},  # the smallest plan's
    windows=lambda _method, _path: ("requests",),
    learns_limits=True,
    key_header="Idempotency-Key",
    key_window_s=KEY_WINDOW_S,
    replay_header="idempotency-key-used",
    unwrap=unwrap,
    fault=fault,
)
FAMILY = Family(API)


class AuthMe(Result):
    """Whose key this is (contract AuthMe; scopes where told)."""

    workspace_id: str | None = None
    workspace_name: str | None = None
    plan: str | None = None
    scopes: tuple[str, ...] | None = None


class _Accounts(Result):
    data: tuple[dict[str, Any], ...] | None = None


async def probe(call: Call) -> Mapping[str, Any]:
    """Whether the key works, and what it is worth (section 1: `/health` proves nothing)."""
    try:
        me = await call.get(route("/auth/me"), into=AuthMe)
    except Refused as refused:
        if refused.code not in {"not_found", "forbidden"}:
            raise
    else:
        plan = me.plan.lower() if me.plan else None
        return me.model_copy(update={"plan": plan}).compact()
    await call.get(route("/accounts"), into=_Accounts, query={"limit": 1})
    return {}


FAMILY.probe = probe

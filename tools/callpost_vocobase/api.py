"""Facts of the Vocobase partner API v2: address, limits, envelope, error codes to faults.

Sources are sections of the contract `vocobase.md`. The API honours no idempotency key (section 12),
so `key_header` stays empty, and a lost answer to a start is settled by looking for the call.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

from callpost.errors import Code, Fault, Paced, Refused, Retry, Unsettled, Upstream
from callpost.pace import Limit
from callpost.toolset import Api, Family, Reply, Slots
from callpost_vocobase.capacity import SLOT, read_capacity
from callpost_vocobase.carriers import PROVIDER_OPTION, probe

__all__ = ["API", "FAMILY", "fault", "unwrap", "windows"]

_NO_CONTENT = 204
_REDIRECTS = range(300, 400)
_REFUSALS = range(400, 500)
_LIMIT_REACHED = 429
_MAY_HAVE_HAPPENED = frozenset({408, 425, 499})
"""4xx of proxies that gave up or lost the client; the request may have gone through anyway."""

_BALANCE_WORDS = ("balance", "credit", "wallet", "recharge", "top up", "top-up", "funds")
"""Low balance and a suspended account share FORBIDDEN; only the message tells (section 1). Its
wording changed from «insufficient credits» to «insufficient balance» (section 10, point 2)."""

_BY_CODE: Mapping[str, Code] = {
    "DICTIONARY_CHAR_LIMIT_EXCEEDED": "invalid_arguments",  # status not documented (section 3)
    "INSUFFICIENT_CREDITS": "insufficient_balance",  # legacy billing page (section 10, point 2)
}
_BY_STATUS: Mapping[int, Code] = {
    400: "invalid_arguments",
    401: "unauthorized",
    402: "insufficient_balance",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "invalid_arguments",
    422: "invalid_arguments",
}
_ADVICE: Mapping[Code, tuple[Retry, str, str]] = {
    "invalid_arguments": (
        "after_fix",
        "Vocobase refused the arguments.",
        "Read upstream.message, correct the arguments and call again.",
    ),
    "unauthorized": (
        "never",
        "Vocobase does not accept the key.",
        "Ask the person to check VOCOBASE_API_KEY; `callpost doctor` tests it.",
    ),
    "insufficient_balance": (
        "after_fix",
        "The Vocobase balance is too low.",
        "Ask the person to top up in the Vocobase dashboard; there is no way to do it from here.",
    ),
    "forbidden": (
        "never",
        "Vocobase refuses this to the account.",
        "Tell the person what upstream.message says; the account may be suspended or not approved.",
    ),
    "not_found": (
        "after_fix",
        "Vocobase knows nothing under this identifier in this account.",
        "Take the identifier from a list answer and call again.",
    ),
    "conflict": (
        "after_fix",
        "Vocobase already has something under this name.",
        "List what exists and use that, or choose another name.",
    ),
    "upstream_error": (
        "never",
        "Vocobase refused the request in a way it does not document.",
        "Tell the person what upstream says; calling again does not help.",
    ),
}


def windows(method: str, path: str) -> tuple[str, ...]:
    """The limits a request spends (section 2): `/calls` and below has a window of its own.

    Whether plain `GET /calls` counts among `/calls/*` is not said; it is taken to.
    """
    plain = path.partition("?")[0].rstrip("/")
    if plain == "/calls" or plain.startswith("/calls/"):
        return ("calls",)
    if method.upper() == "POST" and plain == "/sessions/webrtc":
        return ("general", "webrtc")
    return ("general",)


def unwrap(reply: Reply) -> Any:
    """The payload of `{"success": true, "data": ...}` (section 3).

    A body without that envelope is not Vocobase's word: most result fields are optional, so a
    gateway's page would otherwise read as an empty success.

    Raises:
        ValueError: The body is not a success envelope.
    """
    if reply.status == _NO_CONTENT and reply.is_empty:
        return {}
    envelope = _object(reply.body)
    if envelope.get("success") is True:
        data = envelope.get("data")
        return {} if data is None else data
    raise ValueError("expected a JSON object with success: true")


def fault(reply: Reply) -> Fault:
    """What a reply other than 2xx means (section 3), by status first: 500 and 502 share a code."""
    said = _said(reply)
    if reply.status == _LIMIT_REACHED:
        is_slots = said.code == "CONCURRENCY_LIMIT"  # the legacy keys page (section 10, point 1)
        return Paced(
            "Vocobase says a limit is reached.",
            code="concurrency_limited" if is_slots else "rate_limited",
            retry_after_s=_retry_after_s(reply),
            upstream=said,
        )
    if reply.status in _REFUSALS and reply.status not in _MAY_HAVE_HAPPENED:
        return _refused(reply.status, said)
    if reply.status in _REDIRECTS:
        # It may mean «done, see there», so it proves nothing about a write.
        return Unsettled(
            "Vocobase answered with a redirect, which is not followed with a key.",
            next_step="Ask the person to check VOCOBASE_API_URL, then call again with the same "
            "arguments; it will not act twice.",
            upstream=said,
        )
    return Unsettled(
        f"Vocobase answered {reply.status}; the request may have taken effect.", upstream=said
    )


def _refused(status: int, said: Upstream) -> Refused:
    code = _BY_CODE.get(said.code or "") or _BY_STATUS.get(status, "upstream_error")
    words = (said.message or "").lower()
    if code == "forbidden" and any(word in words for word in _BALANCE_WORDS):
        code = "insufficient_balance"
    retry, message, next_step = _ADVICE[code]
    return Refused(message, code=code, retry=retry, next_step=next_step, upstream=said)


def _said(reply: Reply) -> Upstream:
    body = _object(reply.body)
    error = body.get("error")
    told = _object(error) or body
    code, message = told.get("code"), told.get("message", error)
    return Upstream(
        api=API.name,
        status=reply.status,
        code=code if isinstance(code, str) else None,
        message=message if isinstance(message, str) else None,
    )


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _retry_after_s(reply: Reply) -> float | None:
    """Not documented for Vocobase (section 2), but obeyed where a gateway sends it."""
    try:
        seconds = float(reply.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


API = Api(
    name="vocobase",
    title="Vocobase",
    base_url="https://api.vocobase.com/api/v2",
    url_suffix="/api/v2",
    key_name="VOCOBASE_API_KEY",
    url_name="VOCOBASE_API_URL",
    key_prefix="rg_live_",
    key_help="Make one in the Vocobase dashboard; it starts with rg_live_ and is shown once.",
    limits={
        "general": Limit(60, 60, "Vocobase requests a minute"),
        "calls": Limit(10, 60, "Vocobase call requests a minute"),
        "webrtc": Limit(10, 60, "Vocobase browser sessions a minute"),
    },
    windows=windows,
    unwrap=unwrap,
    fault=fault,
    slots=(Slots(SLOT, limit=5, hold_s=3600, refresh=read_capacity),),
    options=(PROVIDER_OPTION,),
)
"""Section 2 for the limits. A slot is held for an hour, the longest cap of a call (section 4)."""

FAMILY = Family(API, probe=probe)

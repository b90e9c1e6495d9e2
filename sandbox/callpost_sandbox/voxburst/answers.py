"""What the API answers: values, the error envelope, pages (voxburst.md sections 3, 5 and 6)."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from starlette.responses import JSONResponse, Response

__all__ = ["Answer", "ApiError", "Json", "Spelling", "error_body", "numbered_page", "page"]

Json = dict[str, Any]
Spelling = Literal["snake", "camel", "both"]
T = TypeVar("T")

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    402: "LIMIT_EXCEEDED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    503: "SERVICE_UNAVAILABLE",
}
_MAX_LIMIT = 100


@dataclass(frozen=True)
class Answer:
    """Status, JSON body (None: no body) and extra headers."""

    status: int = 200
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def response(self, headers: Mapping[str, str]) -> Response:
        """Write it down, with the headers that every answer has."""
        every = {**headers, **self.headers}
        if self.body is None:
            return Response(status_code=self.status, headers=every)
        return JSONResponse(self.body, status_code=self.status, headers=every)


class ApiError(Exception):
    """A refusal in the API's own envelope."""

    def __init__(
        self, status: int, message: str, code: str | None = None, /, **details: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or _CODES[status]
        self.message = message
        self.details = details

    def envelope(self) -> Json:
        """Return the `error` member of the body."""
        body: Json = {"code": self.code, "message": self.message}
        if self.details:
            body["details"] = self.details
        return body

    def answer(self) -> Answer:
        """Return the whole answer."""
        return Answer(self.status, {"error": self.envelope()})


def error_body(status: int) -> Json:
    """Return the envelope of a planned fault."""
    code = _CODES.get(status, "INTERNAL_ERROR" if status >= 500 else "BAD_REQUEST")  # noqa: PLR2004 -- the first server fault
    return {"error": {"code": code, "message": "Planned by the sandbox"}}


def page(
    query: Mapping[str, str],
    items: Sequence[T],
    *,
    identify: Callable[[T], str],
    show: Callable[[T], Json],
    spelling: Spelling,
    default: int = 20,
) -> Json:
    """Cut one page out of a list; the cursor names the last item shown."""
    limit = _number(query, "limit", default, _MAX_LIMIT)
    start = 0
    if "cursor" in query:
        after = _read_cursor(query["cursor"])
        known = [identify(item) for item in items]
        if after not in known:
            raise ApiError(400, "Unknown cursor", field="cursor")
        start = known.index(after) + 1
    shown = items[start : start + limit]
    more = start + limit < len(items)
    cursor = _write_cursor(identify(shown[-1])) if more and shown else None
    pagination: Json = {}
    if spelling != "camel":
        pagination |= {"has_more": more, "next_cursor": cursor, "limit": limit}
    if spelling != "snake":
        pagination |= {"hasMore": more, "nextCursor": cursor}
    return {"data": [show(item) for item in shown], "pagination": pagination}


def numbered_page(query: Mapping[str, str], items: Sequence[Json], name: str) -> Json:
    """Cut one page by its number; only the list's name is documented, the rest is assumed."""
    limit = _number(query, "limit", 20, _MAX_LIMIT)
    number = _number(query, "page", 1, None)
    start = (number - 1) * limit
    return {
        name: list(items[start : start + limit]),
        "pagination": {"page": number, "limit": limit, "total": len(items)},
    }


def _number(query: Mapping[str, str], name: str, default: int, most: int | None) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= (most or int(text)):
        raise ApiError(400, f"{name} is out of range", "VALIDATION_ERROR", field=name)
    return int(text)


def _write_cursor(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _read_cursor(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ApiError(400, "Malformed cursor", field="cursor") from error

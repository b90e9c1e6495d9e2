"""One request as a handler sees it, and the envelopes of the answers (vocobase.md section 3)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callpost_sandbox.vocobase.state import State

__all__ = [
    "ApiError",
    "Ask",
    "Body",
    "Handler",
    "Operation",
    "conflict",
    "error_body",
    "failure",
    "forbidden",
    "invalid",
    "limited",
    "not_found",
    "ok",
]

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    429: "LIMIT_REACHED",
    500: "INTERNAL_ERROR",
    502: "INTERNAL_ERROR",
}
_PAGE = 10
_LONGEST_PAGE = 100


class Body(BaseModel):
    """A request body. Types are strict; unknown fields, of which nothing is said, are ignored.

    A field that may be left out is not for that reason nullable: `nullable` names those that are.
    """

    model_config = ConfigDict(strict=True, extra="ignore")
    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _refuse_stray_nulls(self) -> Self:
        for name in sorted(self.model_fields_set - self.nullable):
            if getattr(self, name) is None:
                raise ValueError(f"{name}: null is not allowed")
        return self

    def given(self) -> dict[str, Any]:
        """Return the fields that were in the body, explicit nulls included."""
        return self.model_dump(exclude_unset=True)


class ApiError(Exception):
    """An answer that is an error of the contract."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or CODES[status]
        self.message = message


def invalid(message: str) -> ApiError:
    """400, a body or parameter is wrong."""
    return ApiError(400, message)


def forbidden(message: str) -> ApiError:
    """403, the key is fine and the action refused."""
    return ApiError(403, message)


def not_found(what: str) -> ApiError:
    """404, absent or somebody else's."""
    return ApiError(404, f"{what} not found")


def conflict(message: str) -> ApiError:
    """409, a unique name is taken."""
    return ApiError(409, message)


def limited(message: str) -> ApiError:
    """429, over the rate or over the concurrency: one code for both."""
    return ApiError(429, message)


def ok(data: Any, status: int = 200) -> Response:
    """Wrap a result."""
    return JSONResponse({"success": True, "data": data}, status_code=status)


def failure(error: ApiError) -> Response:
    """Wrap an error. No `Retry-After` and no rate headers: none are documented."""
    return JSONResponse(error_body(error.status, error.code, error.message), error.status)


def error_body(status: int, code: str | None = None, message: str | None = None) -> dict[str, Any]:
    """Return the error envelope for a status."""
    known = CODES.get(status, "INTERNAL_ERROR")
    text = message or "The sandbox was told to answer this."
    return {"success": False, "error": {"code": code or known, "message": text}}


@dataclass(frozen=True)
class Ask:
    """A request that passed the gate."""

    state: State
    request: Request

    @property
    def origin(self) -> str:
        """Scheme and authority under which the client reached this sandbox."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    def path(self, name: str) -> str:
        """Return a path parameter."""
        return self.request.path_params[name]

    def number_in_path(self, name: str) -> int:
        """Return a path parameter that has to be a positive integer."""
        text = self.path(name)
        if not (text.isascii() and text.isdigit()) or int(text) < 1:
            raise invalid(f"{name}: expected a positive integer")
        return int(text)

    def text(self, name: str) -> str | None:
        """Return a query parameter."""
        return self.request.query_params.get(name)

    def number(self, name: str, *, least: int = 0, most: int | None = None) -> int | None:
        """Return an integer query parameter; out of range is an error that names it."""
        text = self.text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()):
            raise invalid(f"{name}: expected an integer")
        value = int(text)
        if value < least or (most is not None and value > most):
            raise invalid(f"{name}: out of range")
        return value

    def page(self) -> tuple[int, int]:
        """Return limit and offset (vocobase.md section 6)."""
        limit = self.number("limit", least=1, most=_LONGEST_PAGE)
        return _PAGE if limit is None else limit, self.number("offset") or 0

    def paged(self, name: str, items: Sequence[T], show: Callable[[T], Any]) -> Response:
        """Answer one page of a list with `total`, `limit` and `offset`."""
        limit, offset = self.page()
        page = [show(item) for item in items[offset : offset + limit]]
        return ok({name: page, "total": len(items), "limit": limit, "offset": offset})

    async def body(self, model: type[M], *, required: bool = True) -> M:
        """Read and validate the body."""
        raw = await self.request.body()
        if not raw and not required:
            raw = b"{}"
        try:
            return model.model_validate_json(raw)
        except ValidationError as error:
            raise invalid(_problems(error)) from None


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )


Handler = Callable[[Ask], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One operation of the contract and the handler that acts it out."""

    method: str
    path: str
    handler: Handler

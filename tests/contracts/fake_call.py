"""A `Call` that answers every request from the contract, and writes down what left."""

# A double takes whatever its Protocol hands over.
# ruff: noqa: ARG002

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any, TypeVar

from callpost.models import Result
from callpost.toolset import Api, LocalFile, Reply, Route, Settle
from contracts.contract import Operation, operation_for

ResultT = TypeVar("ResultT", bound=Result)
Json = Mapping[str, Any]

START = datetime(2026, 1, 1, tzinfo=UTC)
TIME_S = 45.0

MEDIA_TYPES = {".jpg": "image/jpeg", ".wav": "audio/wav", ".pdf": "application/pdf"}


@dataclass(frozen=True)
class Request:
    """One request that left."""

    operation: Operation
    path: str
    query: Mapping[str, Any]
    body: Any


@dataclass
class FakeCall:
    """Satisfies `callpost.toolset.Call`; its clock moves only by `sleep`."""

    api: Api
    answer: Callable[[Operation], Any]
    """The body of a successful answer of an operation; None for an empty one."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    requests: list[Request] = field(default_factory=list[Request])
    elapsed_s: float = 0.0
    is_resumed: bool = False

    def _payload(self, method: str, path: Route, query: Json | None, body: Any) -> Any:
        operation = operation_for(self.api.name, method, path)
        given = {name: value for name, value in (query or {}).items() if value is not None}
        self.requests.append(Request(operation, path, given, body))
        answer = self.answer(operation)
        return self.api.unwrap(
            Reply(
                status=204 if answer is None else 200,
                headers={},
                body=answer,
                is_json=answer is not None,
                is_empty=answer is None,
                received_at=START.timestamp() + self.elapsed_s,
            )
        )

    async def get(
        self,
        path: Route,
        *,
        into: type[ResultT],
        query: Mapping[str, str | int | bool | None] | None = None,
        background: bool = False,
    ) -> ResultT:
        return into.model_validate(self._payload("get", path, query, None))

    async def ask(self, path: Route, body: Json, *, into: type[ResultT]) -> ResultT:
        return into.model_validate(self._payload("post", path, None, body))

    async def post(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        slot: str | None = None,
        repeatable: bool = False,
    ) -> ResultT:
        return into.model_validate(self._payload("post", path, None, body))

    async def put(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        repeatable: bool = True,
    ) -> ResultT:
        return into.model_validate(self._payload("put", path, None, body))

    async def patch(
        self,
        path: Route,
        body: Json | None = None,
        *,
        into: type[ResultT],
        settle: Settle[ResultT] | None = None,
        repeatable: bool = True,
    ) -> ResultT:
        return into.model_validate(self._payload("patch", path, None, body))

    async def delete(
        self, path: Route, *, into: type[ResultT], body: Json | None = None
    ) -> ResultT:
        return into.model_validate(self._payload("delete", path, None, body))

    async def watch(
        self,
        path: Route,
        *,
        query: Mapping[str, str | int | bool | None],
        digest: Callable[[Any], Json],
        max_age_s: float,
    ) -> Json:
        return digest(self._payload("get", path, query, None))

    async def claimed(self, upstream_ids: Iterable[str]) -> Mapping[str, datetime | None]:
        return {}

    async def dismiss(self, upstream_ids: Iterable[str]) -> frozenset[str]:
        return frozenset(upstream_ids)

    async def file(self, path: str) -> LocalFile:
        name = PurePath(path)
        media_type = MEDIA_TYPES.get(name.suffix, "application/octet-stream")
        return LocalFile(path, name.name, media_type, size=1000, sha256="0" * 64)

    async def upload(self, url: str, headers: Mapping[str, str], file: LocalFile) -> None:
        return None

    async def free(self, slot: str, upstream_ids: Iterable[str]) -> None:
        return None

    async def learn_slots(self, slot: str, *, limit: int, active: int) -> None:
        return None

    async def progress(self, message: str, *, done: float, total: float | None = None) -> None:
        return None

    async def sleep(self, seconds: float) -> None:
        self.elapsed_s += max(seconds, 0.1)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed_s)

    def seconds_left(self) -> float:
        return TIME_S - self.elapsed_s

    def option(self, name: str) -> str | None:
        return self.options.get(name)

"""Credentials that travel to Vocobase: never in an answer, an error, the ledger or a log.

A `Secret` prints and serialises as stars, so whatever is kept of the arguments holds none of it.
Upstream text is quoted to a model (errors.Upstream); one that repeats a credential is withheld.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast

from pydantic import BaseModel, Field, SecretStr, WithJsonSchema

from callpost.errors import Fault
from callpost.toolset import Result

__all__ = ["Secret", "ShownOnce", "fingerprints", "revealed", "secrets_of", "unsaid", "without"]

ResultT = TypeVar("ResultT", bound=Result)

Secret = Annotated[SecretStr, Field(min_length=1), WithJsonSchema({"type": "string"})]
"""A credential as an argument."""

KEEP = "Shown only now: have the person store it."

WITHHELD = "(withheld: it repeated a credential)"

_TELLING = 6
"""A shared run of this many characters counts as a repeated credential: upstream text is trimmed,
so it may hold only a part."""


class ShownOnce(Result):
    """An answer with a secret that the API shows once; so do we.

    The ledger holds the note in its place, and a replay therefore says that there is none.
    """

    gone: ClassVar[str] = "The secret was shown once and is not kept here."

    note: str | None = None

    def stored(self) -> dict[str, Any]:
        """Without the secret, and saying so."""
        return super().stored() | {"note": self.gone}

    def shown(self) -> Self:
        """With what to do about the secret."""
        has_one = any(getattr(self, name) for name in self.unstored)
        return self.model_copy(update={"note": KEEP if has_one else self.gone})


def secrets_of(args: BaseModel) -> dict[str, SecretStr]:
    """The credentials among the arguments, by name."""
    return {name: value for name, value in args if isinstance(value, SecretStr)}


def revealed(value: object) -> object:
    """What goes into the request: the secret itself, or the plain value."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def fingerprints(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    """What makes another credential another intent.

    Sixteen bits tell two credentials apart, and confirm nobody's guess at one.
    """
    return {
        name: sha256(secret.get_secret_value().encode()).hexdigest()[:4]
        for name, secret in secrets.items()
    }


def _repeats(text: str, secrets: Iterable[SecretStr]) -> bool:
    for secret in secrets:
        value = secret.get_secret_value()
        runs = range(max(1, len(value) - _TELLING + 1))
        if any(value[start : start + _TELLING] in text for start in runs):
            return True
    return False


@contextmanager
def unsaid(secrets: Mapping[str, SecretStr]) -> Generator[None]:
    """Withholds upstream text that repeats a credential from the fault it travels in."""
    try:
        yield
    except Fault as fault:
        said = fault.upstream
        if said is not None and said.message and _repeats(said.message, secrets.values()):
            fault.upstream = replace(said, message=WITHHELD)
        raise


def without(result: ResultT, secrets: Mapping[str, SecretStr]) -> ResultT:
    """The result less every text that repeats a credential, one level deep."""
    told = {name: _hidden(value, secrets) for name, value in result}
    changed = {name: value for name, value in told.items() if value is not getattr(result, name)}
    return result.model_copy(update=changed) if changed else result


def _hidden(value: Any, secrets: Mapping[str, SecretStr]) -> Any:
    if isinstance(value, str):
        return WITHHELD if _repeats(value, secrets.values()) else value
    if isinstance(value, dict):
        return {
            name: _hidden(part, secrets) for name, part in cast("dict[str, Any]", value).items()
        }
    return value

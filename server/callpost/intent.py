"""Arguments become an idempotency key: canonical JSON (RFC 8785), then SHA-256. Pure.

The types of `fields` have made every value canonical already; here the rest of what a model varies
without meaning it is taken away: the order of fields, and defaults spelled out.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785

from callpost.errors import FieldProblem, InvalidArguments
from callpost.fields import NOT_IN_KEY
from callpost.models import Args
from callpost.toolset import Tool

__all__ = ["Intent", "canonical", "fingerprint", "intent_of", "scope_of", "wire_key"]

LONGEST_CLIENT_KEY = 512


@dataclass(frozen=True, slots=True)
class Intent:
    """What the agent wants done, as one name."""

    key: str
    """`<tool>-<scope>-<hash>`, of `[A-Za-z0-9_-]`, at most 120 characters."""
    fingerprint: str
    occurrence: int


def canonical(args: Args) -> dict[str, Any]:
    """What the arguments mean: JSON values, without defaults and without what is not in the key."""
    skipped = {
        name for name, field in type(args).model_fields.items() if NOT_IN_KEY in field.metadata
    }
    return args.model_dump(mode="json", exclude_defaults=True, exclude=skipped)


def fingerprint(
    tool: Tool, args: Args, occurrence: int, material: Mapping[str, str] | None = None
) -> str:
    """SHA-256, in hex, over the canonical form of the whole intent.

    Raises:
        InvalidArguments: A number has no exact JSON form.
    """
    whole = {
        "api": tool.api.name,
        "operation": tool.name,
        "arguments": canonical(args),
        "occurrence": occurrence,
        "material": dict(material or {}),
    }
    try:
        return hashlib.sha256(rfc8785.dumps(whole)).hexdigest()
    except rfc8785.CanonicalizationError as error:
        problem = FieldProblem("(arguments)", "a number beyond 2^53 travels as a string")
        raise InvalidArguments(
            "An argument has no exact JSON form. Nothing was sent.", fields=(problem,)
        ) from error


def intent_of(
    tool: Tool,
    scope: str,
    args: Args,
    *,
    occurrence: int,
    material: Mapping[str, str] | None = None,
    client_key: str | None = None,
) -> Intent:
    """The intent of a tool call: named by its content, or by the client's own key."""
    print_ = fingerprint(tool, args, occurrence, material)
    if client_key is None:
        return Intent(f"{tool.name}-{scope}-{print_}", print_, occurrence)
    if not 0 < len(client_key) <= LONGEST_CLIENT_KEY:
        problem = FieldProblem("_meta", f"a key has 1 to {LONGEST_CLIENT_KEY} characters")
        raise InvalidArguments("The client's key is unusable. Nothing was sent.", fields=(problem,))
    name = hashlib.sha256(b"client:" + client_key.encode()).hexdigest()
    return Intent(f"{tool.name}-{scope}-{name}", print_, occurrence)


def scope_of(secret: str, place: str) -> str:
    """A short fingerprint of a credential at a place; it names a budget and a set of intents."""
    return hashlib.sha256(f"{place}\n{secret}".encode()).hexdigest()[:12]


def wire_key(key: str, *, attempt: int, n: int, tries: int) -> str:
    """The key one request carries upstream.

    The first request of an intent carries the intent's own key. Later steps are other requests; and
    after a definite refusal a new try needs a new key, because the refusal may be remembered.
    """
    counts = {"s": n, "a": attempt, "t": tries}
    return "-".join([key, *(f"{what}{count}" for what, count in counts.items() if count > 1)])

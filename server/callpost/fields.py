"""Argument types whose values are already canonical, so that equal meanings give equal keys.

A model writes the same thing in many ways: «+1 (555) 010-0001», a time with another offset, a list
in another order, a text with a trailing blank or in another Unicode form. Each type here turns
every such way into one value at validation. The request is built from that value, so a retry sends
the same bytes, which an upstream with idempotency keys requires.
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

__all__ = [
    "E164",
    "IDENTIFIER",
    "NOT_IN_KEY",
    "Id",
    "Instant",
    "PhoneNumber",
    "Text",
    "canonical_text",
    "instant_text",
    "unordered",
]

E164 = re.compile(r"\+[1-9]\d{6,14}")
"""Vocobase documents this form for numbers (contract vocobase.md section 6)."""

NOT_IN_KEY = "callpost:not-in-key"
"""`Annotated[..., NOT_IN_KEY]`: an argument that changes how we work, not what happens."""


def canonical_text(value: str) -> str:
    """Unicode NFC without trailing white space: what nobody sees does not make a new intent."""
    return unicodedata.normalize("NFC", value).replace("\r\n", "\n").rstrip()


def _e164(value: str) -> str:
    import phonenumbers  # noqa: PLC0415 because it costs 50 ms that a start saves

    text = unicodedata.normalize("NFKC", value).strip()
    if text.startswith("00"):
        text = "+" + text[2:]
    expected = "expected a full international number such as +14155550100, with + and country code"
    if not text.removeprefix("tel:").startswith("+"):
        raise ValueError(expected)
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise ValueError(expected) from None
    formatted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.extension or not E164.fullmatch(formatted):
        raise ValueError(expected)
    return formatted


_INSTANT_EXPECTED = "expected an instant with an offset, such as 2026-12-01T09:00:00+01:00"


def _aware(value: Any) -> Any:
    try:
        instant = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(_INSTANT_EXPECTED) from None
    if not isinstance(instant, datetime):
        raise ValueError(_INSTANT_EXPECTED)  # noqa: TRY004 because pydantic reports only ValueError
    if instant.tzinfo is None:
        raise ValueError("has no offset; add Z or one such as +01:00, so that it is one instant")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(_INSTANT_EXPECTED) from None


def instant_text(value: datetime) -> str:
    """An instant as both APIs take it: UTC, «Z», milliseconds only where there are some."""
    spec = "milliseconds" if value.microsecond else "seconds"
    return value.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def _sorted_unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(set(values)))


Text = Annotated[str, AfterValidator(canonical_text)]
"""Text a person reads."""

PhoneNumber = Annotated[
    str,
    AfterValidator(_e164),
    WithJsonSchema({"type": "string"}),
]
"""A telephone number in any international notation; E.164 afterwards."""

Instant = Annotated[
    datetime,
    BeforeValidator(_aware),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time with any offset; UTC afterwards."""

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:~-]{0,127}")

Id = Annotated[
    str,
    Field(pattern=f"^{IDENTIFIER.pattern}$"),
    WithJsonSchema({"type": "string"}),  # the pattern would cost every tool's listing 60 bytes
]
"""An upstream identifier: opaque, but nothing that could change a path."""

unordered = AfterValidator(_sorted_unique)
"""`Annotated[tuple[X, ...], unordered]`: a list whose order and repeats mean nothing."""

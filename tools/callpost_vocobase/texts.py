"""Texts with a form. The form is told when it is missed: patterns would cost every listing."""

import re
from typing import Annotated

from pydantic import AfterValidator

from callpost.fields import Text

__all__ = ["Digits", "Email", "HttpsUrl", "Named", "SocketUrl", "WebUrl"]


def _formed(pattern: str, expected: str) -> AfterValidator:
    form = re.compile(pattern)

    def check(text: str) -> str:
        if not form.fullmatch(text):
            raise ValueError(f"expected {expected}")
        return text

    return AfterValidator(check)


Named = Annotated[Text, _formed(r"(?s).+", "a text that is not empty")]
"""A name that is not empty."""

Email = Annotated[Text, _formed(r"[^@\s]+@[^@\s]+", "an e-mail address")]

HttpsUrl = Annotated[Text, _formed(r"https://[^\s/]\S*", "an address with https://")]

WebUrl = Annotated[Text, _formed(r"https?://[^\s/]\S*", "an address with https:// or http://")]

SocketUrl = Annotated[Text, _formed(r"(wss?|https?)://[^\s/]\S*", "an address with wss://")]

Digits = Annotated[Text, _formed(r"\+?\d{4,15}", "4 to 15 digits, with or without +")]
"""A number as its carrier writes it, national ones too (operation createTelephonyConnection)."""

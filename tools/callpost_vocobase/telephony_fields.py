"""What each carrier needs to be used, as one set of arguments with a closed choice of carrier.

Sources: the seven operations `PUT /config/telephony/...` and createTelephonyConnection. They name
some things differently; the tables below hold our name and theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from callpost.fields import PhoneNumber, Text
from callpost.toolset import Args
from callpost_vocobase.credential import Secret, revealed
from callpost_vocobase.texts import Digits, Email, HttpsUrl

__all__ = ["CONNECTIONS", "DEFAULTS", "CarrierFields", "Needs", "Transport", "problem_with"]


class CarrierFields(Args):
    """The credentials and numbers of an account with a carrier; which apply depends on it."""

    account_sid: Text | None = None
    auth_id: Text | None = None
    auth_token: Secret | None = None
    api_key: Secret | None = None
    api_token: Secret | None = None
    subdomain: Text | None = None
    caller_id: PhoneNumber | None = None
    applet_id: Text | None = None
    email: Email | None = None
    username: Text | None = None
    password: Secret | None = None
    jwt_token: Secret | None = None
    exe_number: Digits | None = None
    from_number: PhoneNumber | None = None
    did_number: PhoneNumber | None = None
    agent_number: Text | None = None
    base_url: HttpsUrl | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What one carrier takes: our names to the API's."""

    wire: Mapping[str, str]
    required: frozenset[str]
    path: str = ""

    def body(self, args: CarrierFields) -> dict[str, Any]:
        """The carrier's part of the request."""
        body: dict[str, Any] = {}
        for ours, theirs in self.wire.items():
            value = getattr(args, ours)
            if isinstance(value, tuple):
                body[theirs] = list(cast("tuple[str, ...]", value))
            elif value is not None:
                body[theirs] = revealed(value)
        return body


def _needs(required: str, optional: str = "", path: str = "", **renamed: str) -> Needs:
    names = [*required.split(), *optional.split()]
    wire = {name: renamed.get(name, name) for name in names}
    return Needs(wire, frozenset(required.split()), path)


_AUTH = "auth_id auth_token from_number"

DEFAULTS: Mapping[str, Needs] = {
    "exotel": _needs("account_sid api_key api_token subdomain caller_id applet_id", path="exotel"),
    "tata_smartflo": _needs(
        "email password from_number", "base_url agent_number", path="tata-smartflo"
    ),
    "plivo": _needs(_AUTH, path="plivo"),
    "vobiz": _needs(_AUTH, path="vobiz"),
    "twilio": _needs("account_sid auth_token from_number", path="twilio"),
    "mcube": _needs("jwt_token exe_number", path="mcube"),
    "voicelink": _needs("username password did_number", "base_url", path="voicelink"),
}
"""The default connection of each carrier. The bodies of the last three are inferred; a default
without credentials or number is of no use, so these are asked for there as well."""

CONNECTIONS: Mapping[str, Needs] = {
    "twilio": _needs("", "account_sid auth_token from_number"),
    "exotel": _needs("", "account_sid api_key subdomain caller_id from_number"),
    "plivo": _needs("", _AUTH),
    "vobiz": _needs("", _AUTH),
    "tata_smartflo": _needs(
        "email password",
        "from_number base_url agent_number",
        email="tata_email",
        password="tata_password",  # noqa: S106 because it is the name of a field
    ),
    "sip": _needs(
        "",
        "sip_host username password source_ips did_number transport from_number",
        username="outbound_username",
        password="outbound_password",  # noqa: S106 because it is the name of a field
    ),
    "voicelink": _needs("", "username password did_number base_url from_number"),
    "mcube": _needs("jwt_token exe_number", "from_number"),
}
"""A named connection. Required is what createTelephonyConnection calls required."""


def problem_with(args: CarrierFields, provider: str, needs: Needs) -> str | None:
    """What is missing for the carrier or does not belong to it; None where all is well."""
    given = {name for name in args.model_fields_set if getattr(args, name) is not None}
    given -= {"provider", "name"}
    missing = sorted(needs.required - given)
    foreign = sorted(given - set(needs.wire))
    told: list[str] = []
    if missing:
        told.append(f"{provider} also needs {', '.join(missing)}")
    if foreign:
        takes = ", ".join(needs.wire)
        told.append(f"{provider} does not take {', '.join(foreign)}, only {takes}")
    return "; ".join(told) or None


Transport = Literal["UDP", "TCP", "TLS"]

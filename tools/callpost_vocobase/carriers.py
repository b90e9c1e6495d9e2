"""Which carrier a call goes through, and what the account may do.

`POST /calls/start` takes «mcube» when no provider is given, whatever carrier the account really
uses (contract section 4). So every start names one, and nothing is guessed.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

from callpost.errors import FieldProblem, InvalidArguments, Refused
from callpost.toolset import Call, Result, route

__all__ = ["CARRIERS", "PROVIDER_OPTION", "Account", "Carrier", "carrier_for", "probe"]

PROVIDER_OPTION = "VOCOBASE_PROVIDER"
"""Setting with the carrier of calls that name none."""


def _spelt(name: Any) -> Any:
    """Lower in calls, upper in phone numbers, hyphens in config paths (sections 6 and 8)."""
    return name.strip().lower().replace("-", "_") if isinstance(name, str) else name


Carrier = Annotated[
    Literal["mcube", "twilio", "exotel", "plivo", "vobiz", "sip", "voicelink", "tata_smartflo"],
    BeforeValidator(_spelt),
]
"""A carrier as `POST /calls/start` spells it (section 8)."""

CARRIERS: tuple[str, ...] = get_args(get_args(Carrier)[0])


class Account(Result):
    """What `GET /config` tells of the account, as far as calls need it.

    The exact place of the balance was not captured; `credits` kept its name when the unit became
    rupees (section 9).
    """

    name: str | None = None
    display_name: str | None = None
    status: str | None = None
    credits: float | None = None
    balance: float | None = None
    agent_limit: int | None = None
    current_agent_count: int | None = None
    allowed_telephony_providers: tuple[str, ...] | None = None

    @property
    def carriers(self) -> tuple[str, ...]:
        """The allowed carriers, each once, as a start spells them."""
        return tuple(dict.fromkeys(_spelt(p) for p in self.allowed_telephony_providers or ()))


async def probe(call: Call) -> Mapping[str, Any]:
    """What `get_status` and `doctor` tell: the key works, the balance, what is allowed."""
    account = await call.get(route("/config"), into=Account)
    balance = account.credits if account.credits is not None else account.balance
    told = {
        "key": "works",
        "account": account.display_name or account.name,
        "status": account.status,
        "balance_rupees": balance,
        "allowed_providers": list(account.carriers) or None,
        "agents": account.current_agent_count,
        "agent_limit": account.agent_limit,
    }
    return {name: value for name, value in told.items() if value is not None}


async def carrier_for(call: Call, given: str | None) -> str:
    """The argument, else the setting, else the account's only allowed carrier.

    Raises:
        InvalidArguments: None of these decides; the choices are named.
    """
    if given is not None:
        return given
    setting = _spelt(call.option(PROVIDER_OPTION) or "")
    if setting in CARRIERS:
        return setting
    if setting:
        raise _undecided(f"{PROVIDER_OPTION} names no known carrier", CARRIERS)
    try:
        account = await call.get(route("/config"), into=Account)
    except Refused as refusal:
        if refusal.code != "not_found":
            raise
        raise _undecided("the account's carriers cannot be read", CARRIERS) from None
    match account.carriers:
        case ():
            raise _undecided("the account lists no allowed carrier", CARRIERS)
        case (only,):
            return only
        case several:
            raise _undecided("the account may use several carriers", several)


def _undecided(why: str, choices: tuple[str, ...]) -> InvalidArguments:
    named = ", ".join(choices)
    return InvalidArguments(
        f"provider is needed, because {why}. Nothing was dialled.",
        fields=(FieldProblem("provider", f"is required here: one of {named}"),),
        next_step=f"Ask the person which carrier to use ({named}), then call again with provider.",
    )

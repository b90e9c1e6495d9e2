"""What VoxBurst answers about connected accounts.

Source: contract `voxburst.openapi.yaml`, Account and its neighbours.
"""

from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import BeforeValidator, model_validator

from callpost.models import Result
from callpost_voxburst.paging import Pagination, listed
from callpost_voxburst.platforms import Lower

__all__ = [
    "Account",
    "AccountList",
    "AccountPage",
    "AccountSummary",
    "AccountTest",
    "Accounts",
    "Authorization",
    "ConnectedAccount",
    "Done",
    "PageList",
    "ScopeHealth",
]


class DegradedCapability(Result):
    """Something the account was not permitted to do."""

    capability: str | None = None
    label: str | None = None
    granted_for_other_targets_only: bool | None = None


class ScopeHealth(Result):
    """What was permitted when it was connected; where it is missing, nobody ever looked."""

    status: Lower | None = None
    degraded_capabilities: tuple[DegradedCapability, ...] | None = None
    message: str | None = None
    reason: str | None = None
    verified_at: str | None = None


class FlobProbe(Result):
    """Instagram only."""

    flob_available: bool | None = None
    facebook_account_id: str | None = None
    facebook_platform_user_id: str | None = None
    page_id: str | None = None
    checked_at: str | None = None


class Account(Result):
    """One connected account; only an active one can publish."""

    id: str
    platform: Lower | None = None
    status: Lower | None = None
    username: str | None = None
    display_name: str | None = None
    avatar_url: str | None = None
    account_type: str | None = None
    connected_at: str | None = None
    followers: int | None = None
    oauth_version: str | None = None
    flob_probe: FlobProbe | None = None
    needs_playlist_reauth: bool | None = None
    needs_org_scope_reauth: bool | None = None
    gmb_locations_configured: bool | None = None
    scope_health: ScopeHealth | None = None


class AccountList(Result):
    """One page as it comes."""

    data: tuple[Account, ...]
    pagination: Pagination | None = None


class AccountSummary(Result):
    """What one needs to choose an account."""

    id: str
    platform: str | None = None
    status: str | None = None
    username: str | None = None
    display_name: str | None = None
    account_type: str | None = None
    scope_health: str | None = None

    @classmethod
    def of(cls, account: Account) -> Self:
        """An account in short."""
        return cls(
            id=account.id,
            platform=account.platform,
            status=account.status,
            username=account.username,
            display_name=account.display_name,
            account_type=account.account_type,
            scope_health=account.scope_health.status if account.scope_health else None,
        )


class Accounts(Result):
    """Connected accounts."""

    items: tuple[AccountSummary, ...]
    next_cursor: str | None = None


class Authorization(Result):
    """Where a person allows the connection (ConnectResponse)."""

    unstored: ClassVar[frozenset[str]] = frozenset({"authorization_url", "state"})

    authorization_url: str
    state: str | None = None


class ConnectedAccount(Result):
    """What the end of a connection answers (CallbackResponse)."""

    account: Account


class Done(Result):
    """A trigger's answer (SuccessFlag)."""

    success: bool | None = None
    account_id: str | None = None


class PlatformUser(Result):
    """Who the platform says the account is."""

    platform_user_id: str | None = None
    username: str | None = None
    display_name: str | None = None


class AccountTest(Result):
    """Whether the platform still takes the stored token (TestAccountResult)."""

    success: bool
    message: str | None = None
    details: PlatformUser | None = None


_SECRET = ("token", "secret")


def _page(value: Any) -> Any:
    """The shape is not documented: what is plain is kept, and nothing that opens a door."""
    if not isinstance(value, dict):
        return {"id": value} if isinstance(value, str) else value
    given = cast("dict[str, Any]", value)
    known = {"id", "pageId", "page_id", "name", "pageName", "page_name"}
    return {
        "id": given.get("id") or given.get("pageId") or given.get("page_id"),
        "name": given.get("name") or given.get("pageName") or given.get("page_name"),
        "details": {
            key: item
            for key, item in given.items()
            if key not in known
            and isinstance(item, str | int | bool)
            and not any(word in key.lower() for word in _SECRET)
        }
        or None,
    }


class AccountPage(Result):
    """A page or organisation an account can publish as."""

    id: str | None = None
    name: str | None = None
    details: dict[str, str | int | bool] | None = None


def _pages(value: Any) -> Any:
    return [_page(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


class PageList(Result):
    """Pages of an account; their list has no documented name."""

    items: Annotated[tuple[AccountPage, ...], BeforeValidator(_pages)] = ()

    @model_validator(mode="before")
    @classmethod
    def _under_any_name(cls, data: Any) -> Any:
        return listed(data)

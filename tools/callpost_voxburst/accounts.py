"""Connected social accounts.

Source: contract `voxburst.openapi.yaml` `/accounts*`, `voxburst.md` sections 7 and 8.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from callpost.errors import Refused
from callpost.fields import Id, Text
from callpost.models import Args
from callpost.toolset import Call, Dedupe, Effect, route
from callpost_voxburst.account_models import (
    Account,
    AccountList,
    Accounts,
    AccountSummary,
    AccountTest,
    Authorization,
    ConnectedAccount,
    Done,
    PageList,
)
from callpost_voxburst.answers import Deleted
from callpost_voxburst.api import FAMILY
from callpost_voxburst.paging import Paged
from callpost_voxburst.platforms import Platform

__all__ = ["accounts"]

accounts = FAMILY.toolset("accounts", title="Accounts", default="reads")


def _filter(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip().upper()
    return "all" if text == "ALL" else text


def _web(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("expected a URL")
    return value


StatusFilter = Annotated[
    Literal["ACTIVE", "INACTIVE", "ERROR", "DISCONNECTED", "all"], BeforeValidator(_filter)
]
WebUrl = Annotated[str, AfterValidator(_web)]


class ListAccounts(Paged):
    """Which accounts."""

    platform: Platform | None = None
    status: StatusFilter | None = None
    include_disconnected: bool = False

    def query(self) -> dict[str, str | int | bool | None]:
        """Statuses in upper case, platforms in lower case (section 5)."""
        return self.page() | {
            "platform": self.platform.lower() if self.platform else None,
            "status": self.status,
            "includeArchived": self.include_disconnected or None,
        }


class AccountArgs(Args):
    """Which account."""

    account_id: Id


@accounts.tool(effect=Effect.READS, operations=("listAccounts",))
async def list_accounts(args: ListAccounts, call: Call) -> Accounts:
    """Connected social accounts; only active ones can publish."""
    found = await call.get(route("/accounts"), into=AccountList, query=args.query())
    return Accounts(
        items=tuple(AccountSummary.of(account) for account in found.data),
        next_cursor=found.pagination.following if found.pagination else None,
    )


@accounts.tool(effect=Effect.READS, operations=("getAccount",))
async def get_account(args: AccountArgs, call: Call) -> Account:
    """One account with its health; no scope_health means never checked."""
    return await call.get(route("/accounts/{}", args.account_id), into=Account)


@accounts.tool(effect=Effect.READS, operations=("listAccountPages",), default=False)
async def list_account_pages(args: AccountArgs, call: Call) -> PageList:
    """Pages or organisations an account can publish as; Facebook needs one selected."""
    return await call.get(route("/accounts/{}/pages", args.account_id), into=PageList)


@accounts.tool(effect=Effect.READS, operations=("testAccount",), default=False)
async def test_account(args: AccountArgs, call: Call) -> AccountTest:
    """Check an account's stored token with its platform now."""
    return await call.ask(route("/accounts/{}/test", args.account_id), {}, into=AccountTest)


class ConnectAccount(Args):
    """Which platform, and where a person comes back to."""

    platform: Platform
    redirect_url: WebUrl
    page_mode: Annotated[
        Literal["personal", "page"] | None, Field(description="Such as for LinkedIn")
    ] = None

    def body(self) -> dict[str, Any]:
        """ConnectRequest."""
        mode = {"pageMode": self.page_mode} if self.page_mode else {}
        return {"redirectUri": self.redirect_url, **mode}


@accounts.tool(effect=Effect.CREATES, dedupe=Dedupe.INVOCATION, operations=("connectAccount",))
async def connect_account(args: ConnectAccount, call: Call) -> Authorization:
    """Start connecting an account: returns a URL that a person must open to allow it."""
    path = route("/accounts/connect/{}", args.platform.lower())
    return await call.post(path, args.body(), into=Authorization)


class CompleteConnection(Args):
    """What came back with the person."""

    platform: Platform
    code: Annotated[str, Field(min_length=1)]
    state: Annotated[str, Field(min_length=1)]
    redirect_url: WebUrl | None = None

    def body(self) -> dict[str, Any]:
        """CallbackRequest."""
        url = {"redirectUri": self.redirect_url} if self.redirect_url else {}
        return {"code": self.code, "state": self.state, **url}


@accounts.tool(effect=Effect.CREATES, dedupe=Dedupe.CONTENT, operations=("completeConnect",))
async def complete_account_connection(args: CompleteConnection, call: Call) -> Account:
    """Finish connect_account with the code and state the platform sent back."""
    path = route("/accounts/callback/{}", args.platform.lower())
    return (await call.post(path, args.body(), into=ConnectedAccount)).account


async def _is_active(args: AccountArgs, call: Call) -> bool:
    account = await call.get(route("/accounts/{}", args.account_id), into=Account)
    return account.status == "active"


@accounts.tool(
    effect=Effect.UPDATES,
    dedupe=Dedupe.BRIEF,
    stands=_is_active,
    operations=("refreshAccountToken",),
)
async def refresh_account(args: AccountArgs, call: Call) -> Done:
    """Refresh the stored token of an expired account."""
    path = route("/accounts/{}/refresh", args.account_id)
    done = await call.post(path, into=Done, repeatable=True)
    return done.model_copy(update={"account_id": args.account_id})


class SelectPage(AccountArgs):
    """Which page, or the person's own profile."""

    page_id: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    page_name: Text | None = None
    personal_profile: Annotated[bool, Field(description="LinkedIn: no page")] = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.page_id is None) != self.personal_profile:
            raise ValueError("give either page_id or personal_profile: true")
        return self

    def body(self) -> dict[str, Any]:
        """SelectPageRequest; an empty id is the personal profile."""
        name = {"pageName": self.page_name} if self.page_name else {}
        return {"pageId": self.page_id or "", **name}


@accounts.tool(effect=Effect.UPDATES, dedupe=Dedupe.INVOCATION, operations=("selectAccountPage",))
async def select_account_page(args: SelectPage, call: Call) -> Done:
    """Choose who all later posts of an account speak as."""
    path = route("/accounts/{}/select-page", args.account_id)
    try:
        done = await call.post(path, args.body(), into=Done, repeatable=True)
    except Refused as refused:
        if refused.upstream is not None and refused.upstream.code == "DESTINATIONS_NOT_LOADED":
            raise _not_loaded(refused) from refused
        raise
    return done.model_copy(update={"account_id": args.account_id})


def _not_loaded(refused: Refused) -> Refused:
    """The one refusal that passes by itself (section 3)."""
    return Refused(
        "VoxBurst has not loaded the account's pages yet.",
        code="conflict",
        retry="same_arguments",
        retry_after_s=5.0,
        next_step="Wait 5 s, then call again with the same arguments.",
        upstream=refused.upstream,
    )


@accounts.tool(effect=Effect.DELETES, dedupe=Dedupe.INVOCATION, operations=("disconnectAccount",))
async def disconnect_account(args: AccountArgs, call: Call) -> Deleted:
    """Disconnect an account; only a person can authorise it again."""
    await call.delete(route("/accounts/{}", args.account_id), into=Deleted)
    return Deleted(id=args.account_id)

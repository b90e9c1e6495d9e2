"""Connected accounts (voxburst.md section 15, voxburst.openapi.yaml, Account).

Nothing here reaches a platform: tokens are imagined. An account whose status a test sets to
`expired` becomes active by refresh; one with `pages` None answers DESTINATIONS_NOT_LOADED.
"""

from urllib.parse import quote, urlsplit

from pydantic import Field

from callpost_sandbox.voxburst import platforms
from callpost_sandbox.voxburst.answers import Answer, ApiError, Json, page
from callpost_sandbox.voxburst.call import Body, Call, Operation
from callpost_sandbox.voxburst.records import Account
from callpost_sandbox.voxburst.state import stamp
from callpost_sandbox.voxburst.values import fixed_id, new_id

__all__ = ["OPERATIONS", "show_account"]

_SLUGS = tuple(name.lower() for name in platforms.CONSTANTS)
_STATUSES = ("ACTIVE", "INACTIVE", "ERROR", "DISCONNECTED", "all")
_WITH_PAGES = ("facebook", "linkedin")


class _Connect(Body):
    redirect_uri: str = Field(min_length=1)
    page_mode: str = ""


class _Callback(Body):
    code: str = Field(min_length=1)
    state: str
    redirect_uri: str = ""


class _Page(Body):
    page_id: str
    page_name: str = ""


def show_account(account: Account) -> Json:
    """Show one account: extras without a value are absent here, not null (section 5)."""
    shown: Json = {
        "id": account.id,
        "platform": account.platform,
        "username": account.username,
        "displayName": account.display_name,
        "avatarUrl": None,
        "accountType": account.account_type,
        "status": account.status,
        "connectedAt": stamp(account.connected_at),
        **account.extra,
    }
    if account.followers is not None:
        shown["followers"] = account.followers
    return shown


def find_account(call: Call, name: str = "id") -> Account:
    """Return the account of the path."""
    account = call.state.accounts.get(call.ids[name])
    if account is None:
        raise ApiError(404, "No such account")
    return account


def _list(call: Call) -> Answer:
    status = call.choice("status", _STATUSES)
    platform = call.choice("platform", _SLUGS)
    archived = call.choice("includeArchived", ("true", "false")) == "true"

    def fits(account: Account) -> bool:
        if platform not in (None, account.platform):
            return False
        if status is None:
            return archived or account.status != "disconnected"
        return status in ("all", account.status.upper())

    accounts = [account for account in call.state.accounts.values() if fits(account)]
    body = page(call.query, accounts, identify=lambda a: a.id, show=show_account, spelling="snake")
    return Answer(200, body)


def _get(call: Call) -> Answer:
    return Answer(200, show_account(find_account(call)))


def _disconnect(call: Call) -> Answer:
    account = find_account(call)
    if account.status != "disconnected":
        account.status = "disconnected"
        account.disconnected_at = call.now
        call.state.did("account_disconnected", account.id)
        data = {"accountId": account.id, "platform": account.platform.upper()}
        call.state.emit("account.disconnected", {**data, "reason": "user"}, call.now)
    return Answer(204)


def _platform(call: Call) -> str:
    platform = call.ids["platform"]
    if platform not in _SLUGS:
        raise ApiError(400, "Unknown platform", "VALIDATION_ERROR", field="platform")
    return platform


def _connect(call: Call) -> Answer:
    platform = _platform(call)
    body = call.body(_Connect)
    if urlsplit(body.redirect_uri).scheme not in ("http", "https"):
        raise ApiError(400, "redirectUri is no URL", "VALIDATION_ERROR", field="redirectUri")
    if body.page_mode not in ("", "personal", "page"):
        raise ApiError(400, "Unknown pageMode", "VALIDATION_ERROR", field="pageMode")
    _room(call)
    state = new_id()
    call.state.oauth[state] = platform
    back = quote(body.redirect_uri, safe="")
    url = f"https://{platform.replace('_', '-')}.example/oauth?state={state}&redirect_uri={back}"
    return Answer(200, {"authorizationUrl": url, "state": state})


def _callback(call: Call) -> Answer:
    platform = _platform(call)
    body = call.body(_Callback)
    if call.state.oauth.pop(body.state, None) != platform:
        raise ApiError(400, "Unknown state", "VALIDATION_ERROR", field="state")
    _room(call)
    account = Account(new_id(), platform, "new", f"New {platform} account", call.now)
    call.state.accounts[account.id] = account
    call.state.did("account_connected", account.id)
    data = {"accountId": account.id, "platform": platform.upper(), "username": account.username}
    call.state.emit("account.connected", data, call.now)
    return Answer(200, {"account": show_account(account)})


def _room(call: Call) -> None:
    quota = call.state.account_quota
    connected = [a for a in call.state.accounts.values() if a.status != "disconnected"]
    if quota is not None and len(connected) >= quota:
        raise ApiError(402, "The plan's number of accounts is reached", limit=quota)


def _refresh(call: Call) -> Answer:
    account = find_account(call)
    refreshed = account.status in ("active", "expired", "error")
    if refreshed:
        account.status = "active"
        call.state.did("account_refreshed", account.id)
    return Answer(200, {"success": refreshed})


def _test(call: Call) -> Answer:
    account = find_account(call)
    if account.status != "active":
        return Answer(200, {"success": False, "message": f"The account is {account.status}"})
    details = {
        "platformUserId": fixed_id(account.id)[1:13],
        "username": account.username,
        "displayName": account.display_name,
    }
    return Answer(200, {"success": True, "message": "The token works", "details": details})


def _pages(call: Call) -> Answer:
    account = find_account(call)
    pages = [{**entry, "selected": entry["id"] == account.page_id} for entry in account.pages or ()]
    return Answer(200, {"data": pages})


def _select_page(call: Call) -> Answer:
    account = find_account(call)
    body = call.body(_Page)
    if account.platform not in _WITH_PAGES:
        raise ApiError(400, "This platform has no pages", "PAGE_SELECTION_NOT_SUPPORTED")
    if account.pages is None:
        raise ApiError(400, "The pages are not loaded yet", "DESTINATIONS_NOT_LOADED")
    clears = body.page_id == "" and account.platform == "linkedin"
    if not clears and body.page_id not in [entry["id"] for entry in account.pages]:
        raise ApiError(400, "The account has no such page", "ACCOUNT_PAGE_MISMATCH")
    account.page_id = body.page_id or None
    call.state.did("page_selected", account.id)
    return Answer(200, {"success": True})


OPERATIONS = (
    Operation("GET", "/accounts", _list, "accounts:read"),
    Operation("GET", "/accounts/{id}", _get, "accounts:read"),
    Operation("DELETE", "/accounts/{id}", _disconnect, "accounts:write"),
    Operation("POST", "/accounts/connect/{platform}", _connect, "accounts:write"),
    Operation("POST", "/accounts/callback/{platform}", _callback, "accounts:write"),
    Operation("POST", "/accounts/{id}/refresh", _refresh, "accounts:write"),
    Operation("POST", "/accounts/{id}/test", _test, "accounts:read"),
    Operation("GET", "/accounts/{id}/pages", _pages, "accounts:read"),
    Operation("POST", "/accounts/{id}/select-page", _select_page, "accounts:write"),
)

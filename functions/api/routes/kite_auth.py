"""The day's session at the broker for programs: the login's address, and the request token that it yields."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from functions.api.gate import Reader, TheDesk, Trader
from patang.accounts.view import AccountView, account_view
from patang.identity.rights import one_account

__all__ = ["router"]

router = APIRouter(prefix="/api/kite")


class BeginLogin(BaseModel):
    """Where the account's owner logs in at Kite."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"action": "login", "account_id": "main"}]}
    )

    action: Literal["login"]
    account_id: Annotated[str, Field(max_length=40)] | None = None


class OpenSession(BaseModel):
    """The request token that Kite has sent back, good once; `state` as it came back beside it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"action": "session", "account_id": "main", "request_token": "from the address"}]
        },
    )

    action: Literal["session"]
    account_id: Annotated[str, Field(max_length=40)] | None = None
    request_token: Annotated[str, Field(min_length=1, max_length=200)]
    state: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class LoginPage(BaseModel):
    """`login_url` leads to Kite. `state` is in its redirect_params, and comes back to the desk's callback,
    which opens the session by itself, or beside the request token to wherever the app sends browsers.
    """

    account_id: str
    login_url: str
    state: str
    good_until: datetime


class LoginAnswer(BaseModel):
    """Where to log in, or the account with its session open."""

    status: Literal["success"] = "success"
    data: LoginPage | AccountView


class AccountsAnswer(BaseModel):
    """Accounts with the state of their login."""

    status: Literal["success"] = "success"
    data: tuple[AccountView, ...]


@router.get("/accounts")
def accounts(principal: Reader, desk: TheDesk) -> AccountsAnswer:
    """Your accounts that are switched on, and whether the broker's session of the day is there."""
    known, now = desk.accounts(), desk.clock.now()
    shown = (account_view(known, known.account(name), now) for name in principal.accounts)
    return AccountsAnswer(data=tuple(shown))


@router.post("/auth")
def authenticate(
    wish: Annotated[BeginLogin | OpenSession, Body(discriminator="action")], principal: Trader, desk: TheDesk
) -> LoginAnswer:
    """`login`: the page to log in at. `session`: open the day's session with the request token of a login."""
    account = one_account(principal, wish.account_id)
    if isinstance(wish, OpenSession):
        desk.sign_in().exchange(account, wish.request_token, wish.state)
        known = desk.accounts()
        return LoginAnswer(data=account_view(known, known.account(account), desk.clock.now()))
    link = desk.sign_in().begin_for(account)
    page = LoginPage(account_id=account, login_url=link.url, state=link.state, good_until=link.until)
    return LoginAnswer(data=page)

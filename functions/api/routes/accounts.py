"""The principal's accounts: what they are called, what they are reached with, whether they trade."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from functions.api.gate import Admin, Reader, TheDesk, UnknownAccount
from patang.accounts.account import Account
from patang.accounts.view import AccountView, account_view
from patang.app import Desk
from patang.errors import BadInput
from patang.identity.principal import Principal
from patang.identity.rights import in_person

__all__ = ["router"]

router = APIRouter(prefix="/api/accounts")

type Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
type Label = Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
type ApiKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{4,64}$")]
type ApiSecret = Annotated[SecretStr, Field(min_length=4, max_length=128)]
type KiteUserId = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,20}$")]


class NewAccount(BaseModel):
    """Without `account` the desk chooses a name. `kite_user_id` has to be on the desk's list of people."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "account": "main",
                    "label": "My account",
                    "api_key": "abcdefgh12345678",
                    "api_secret": "from developers.kite.trade",
                    "kite_user_id": "AB1234",
                }
            ]
        },
    )

    account: Name | None = None
    label: Label
    api_key: ApiKey
    api_secret: ApiSecret
    kite_user_id: KiteUserId


class AccountChange(BaseModel):
    """What is left out stays as it is. Another `api_key` ends the day's session: log in again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"label": "Long term"}]})

    label: Label | None = None
    api_key: ApiKey | None = None
    api_secret: ApiSecret | None = None
    enabled: bool | None = None


class OpenBusiness(BaseModel):
    """What is under way in an account, in words; while there is anything, it is neither switched off nor
    removed."""

    account: str
    open: tuple[str, ...]


@router.get("")
def accounts(principal: Reader, desk: TheDesk) -> tuple[AccountView, ...]:
    """Your accounts, those that are switched off as well. Nothing secret is ever shown."""
    return tuple(_view(desk, account) for account in desk.accounts().register.of(principal.name))


@router.post("", status_code=201)
def add(wish: NewAccount, principal: Admin, desk: TheDesk) -> AccountView:
    """Register an account of yours. The API secret goes to the secret store and comes back to nobody.

    403 for a token: an app of somebody else's would be handed the session of your next login.
    """
    in_person(principal, "adding an account")
    added = desk.accounts().register.add(
        wish.account,
        wish.label,
        wish.api_key,
        wish.api_secret.get_secret_value(),
        wish.kite_user_id,
        principal.name,
        by=principal.actor,
    )
    return _view(desk, added)


@router.get("/{account}/open")
def under_way(account: str, principal: Reader, desk: TheDesk) -> OpenBusiness:
    """What stands in the way of switching an account off, as far as the desk knows without the broker."""
    known = _own(desk, principal, account).account
    return OpenBusiness(account=known, open=desk.accounts().register.under_way(known))


@router.patch("/{account}")
def change(account: str, wish: AccountChange, principal: Admin, desk: TheDesk) -> AccountView:
    """Rename, give other credentials, switch off or on. Switching off is refused while something is open.

    Other credentials take the signed-in owner; 403 for a token.
    """
    register, now = desk.accounts().register, _own(desk, principal, account)
    if wish == AccountChange():
        raise BadInput("nothing to change was given: label, api_key, api_secret or enabled")
    if wish.api_key is not None or wish.api_secret is not None:
        in_person(principal, "giving an account other credentials")
    if wish.enabled is not None:
        switch = register.enable if wish.enabled else register.disable
        now = switch(account, principal.actor)
    if wish.label is not None:
        now = register.rename(account, wish.label, principal.actor)
    if wish.api_key is not None or wish.api_secret is not None:
        secret = None if wish.api_secret is None else wish.api_secret.get_secret_value()
        now = register.set_credentials(account, principal.actor, api_key=wish.api_key, api_secret=secret)
    return _view(desk, now)


@router.delete("/{account}", status_code=204)
def remove(account: str, principal: Admin, desk: TheDesk) -> None:
    """Take an account off the desk, its secret with it. Refused while something is open, which it names."""
    desk.accounts().register.remove(_own(desk, principal, account).account, principal.actor)


def _own(desk: Desk, principal: Principal, account: str) -> Account:
    for known in desk.accounts().register.of(principal.name):
        if known.account == account:
            return known
    raise UnknownAccount(account)


def _view(desk: Desk, account: Account) -> AccountView:
    return account_view(desk.accounts(), account, desk.clock.now())

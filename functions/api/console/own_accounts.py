"""The accounts of a person: whether they are logged in, and what may be changed of them."""

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk
from patang.accounts.view import AccountView, account_view
from patang.app import Desk
from patang.identity.principal import Principal

__all__ = ["router"]

router = APIRouter(prefix="/settings/accounts")


@router.get("")
def accounts_page(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """Your accounts, and the form that adds one."""
    return console_page(request, principal, "accounts.html", own=_own(desk, principal))


@router.get("/{account}")
def account_page(account: str, request: Request, principal: Reader, desk: TheDesk) -> Response:
    """One of them: its name, its credentials, its session."""
    return console_page(request, principal, "account.html", one=_one(desk, principal, account))


@router.get("/{account}/removal")
def removal(account: str, request: Request, principal: Reader, desk: TheDesk) -> Response:
    """Switching it off or taking it off the desk, with what stands in the way."""
    one = _one(desk, principal, account)
    under_way = desk.accounts().register.under_way(one.account)
    return console_page(request, principal, "account_removal.html", one=one, under_way=under_way)


def _own(desk: Desk, principal: Principal) -> tuple[AccountView, ...]:
    accounts, now = desk.accounts(), desk.clock.now()
    return tuple(account_view(accounts, account, now) for account in accounts.register.of(principal.name))


def _one(desk: Desk, principal: Principal, account: str) -> AccountView:
    found = next((one for one in _own(desk, principal) if one.account == account), None)
    if found is None:
        raise HTTPException(404, "You have no such account.")
    return found

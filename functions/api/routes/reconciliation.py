"""Whether the desk and the broker tell the same of an account, and asking for it anew."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.api.gate import Reader, TheDesk, Trader, own_accounts
from patang.execution.reconciliation.record import Reconciliation

__all__ = ["router"]

router = APIRouter(prefix="/api/reconciliation")


class ReconcileRequest(BaseModel):
    """Without an account: all of yours."""

    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(max_length=40)] | None = None


class Asked(BaseModel):
    """The accounts that are being compared; what is found is read by the same address."""

    accounts: tuple[str, ...]


@router.get("")
def latest(principal: Reader, desk: TheDesk) -> tuple[Reconciliation, ...]:
    """The latest comparison of each account that was ever compared."""
    return desk.reconciliations().latest(principal.accounts)


@router.post("", status_code=202)
def reconcile(wish: ReconcileRequest, principal: Trader, desk: TheDesk) -> Asked:
    """Compare anew, within a few seconds. It changes nothing but what it finds to be so."""
    accounts = own_accounts(principal, wish.account)
    desk.reconciliations().ask(accounts)
    return Asked(accounts=accounts)

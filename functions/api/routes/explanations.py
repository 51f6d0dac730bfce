"""Why a signal came about and what was made of it, and what a cycle left alone."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from functions.api.gate import Reader, TheDesk, own_accounts
from patang.desk_view.explanations import CycleExplained, SignalExplained

__all__ = ["router"]

router = APIRouter(prefix="/api/explanations")

SignalId = Annotated[str, Query(max_length=120, description="a signal's id")]
OneAccount = Annotated[str | None, Query(max_length=40, description="one of yours; all of them without")]


@router.get("/signal")
def signal(
    signal_id: SignalId, principal: Reader, desk: TheDesk, account: OneAccount = None
) -> SignalExplained:
    """A signal's rules, the model's contributions, and the answers of your accounts."""
    found = desk.explanations().signal(signal_id, own_accounts(principal, account))
    if found is None:
        raise HTTPException(404, "there is no such signal")
    return found


@router.get("/cycles/{run_id}")
def cycle(run_id: Annotated[str, Path(max_length=20)], _: Reader, desk: TheDesk) -> CycleExplained:
    """What a cycle found, and what every strategy left alone at which numbers."""
    found = desk.explanations().cycle(run_id)
    if found is None:
        raise HTTPException(404, "nothing is kept of such a cycle")
    return found

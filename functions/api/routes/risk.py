"""The state of risk, and a person's stop."""

import dataclasses
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.api.gate import Reader, TheDesk, Trader, own_accounts
from patang.desk_view.risk_views import RiskView
from patang.said_by_others import PlainLine

__all__ = ["router"]

router = APIRouter(prefix="/api/risk")


class HaltRequest(BaseModel):
    """Without an account: all of yours."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"account": "main", "reason": "news at noon"}]}
    )

    account: Annotated[str, Field(max_length=40)] | None = None
    reason: Annotated[PlainLine, Field(min_length=1, max_length=200)] = "halted by hand"


class FlattenRequest(BaseModel):
    """Without an account: all of yours."""

    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(max_length=40)] | None = None
    reason: Annotated[PlainLine, Field(min_length=1, max_length=200)] = "flattened by hand"


class FlattenView(BaseModel):
    """Ids of the positions that are being sold and of the entries that are being cancelled because of this;
    `closing` were being sold already."""

    account: str
    exits: tuple[str, ...]
    cancels: tuple[str, ...]
    closing: tuple[str, ...]


class ResumeRequest(BaseModel):
    """Without an account: all of yours."""

    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(max_length=40)] | None = None


@router.get("")
def risk(principal: Reader, desk: TheDesk) -> tuple[RiskView, ...]:
    """Losses, exposure and positions beside their limits, an entry an account."""
    return desk.desk_view().risk(principal.accounts)


@router.post("/halt")
def halt(wish: HaltRequest, principal: Trader, desk: TheDesk) -> tuple[RiskView, ...]:
    """No new entry until resumed; exits go on. Halting twice keeps the first reason."""
    accounts, view = own_accounts(principal, wish.account), desk.desk_view()
    for account in accounts:
        desk.halts().halt(account, wish.reason, principal.actor, view.moment())
    return view.risk(accounts)


@router.post("/flatten")
def flatten(wish: FlattenRequest, principal: Trader, desk: TheDesk) -> tuple[FlattenView, ...]:
    """Halt, cancel entries on their way, and sell everything that is held. Safe to repeat."""
    accounts, as_of = own_accounts(principal, wish.account), desk.desk_view().moment()
    return tuple(
        FlattenView.model_validate(dataclasses.asdict(done))
        for account in accounts
        for done in (desk.flatten().run(account, wish.reason, principal.actor, as_of),)
    )


@router.post("/resume")
def resume(wish: ResumeRequest, principal: Trader, desk: TheDesk) -> tuple[RiskView, ...]:
    """Take a halt back. The day's loss cannot be argued with: its account stays REDUCING for the day."""
    accounts, view = own_accounts(principal, wish.account), desk.desk_view()
    for account in accounts:
        desk.halts().resume(account, principal.actor, view.moment())
    return view.risk(accounts)

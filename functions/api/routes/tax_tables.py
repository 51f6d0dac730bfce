"""What an owner tells for his taxes: purchases, trade books, contract notes, splits and bonuses."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from functions.api.gate import Admin, Reader, TheDesk, own_account, own_accounts
from functions.api.questions import OneAccount
from functions.api.routes.trading_reports import Table
from patang.app import Desk
from patang.identity.principal import Principal
from patang.identity.rights import OwnerNeeded
from patang.reports.taxes.telling import LONGEST_TABLE, KeptTable, TableKind

__all__ = ["router"]

router = APIRouter(prefix="/api/taxes")

_Name = Annotated[str, Field(max_length=30, description="of a trade book or notes: a period, as 2026-08")]


class TableRequest(BaseModel):
    """A table as comma-separated text, in the columns that docs/concepts/taxes.md names."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "table": "purchases",
                    "account": "main",
                    "text": "symbol,bought_on,quantity,price\nINFY,2020-05-04,10,700.50\n",
                }
            ]
        },
    )

    table: TableKind
    account: Annotated[str, Field(max_length=40)] | None = None
    name: _Name = ""
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TABLE)]


@router.get("/tables")
def tables(principal: Reader, desk: TheDesk, account: OneAccount = None) -> tuple[KeptTable, ...]:
    """What is told of your accounts, and of splits and bonuses for the whole desk."""
    return desk.tax_tables().kept(own_accounts(principal, account))


@router.post("/tables")
def tell(told: TableRequest, principal: Admin, desk: TheDesk) -> KeptTable:
    """Put a table in the place of the one of its name; its first line alone takes back what was told. 400: a
    line is wrong, by its number. 403: splits and bonuses are told by whoever runs the desk."""
    account = None if told.account is None else own_account(principal, told.account)
    if account is None and not desk.settings_page().may_change(principal):
        raise OwnerNeeded("splits and bonuses are the whole desk's: the owner of its data account tells them")
    moment = desk.desk_view().moment()
    return desk.tax_tables().tell(told.table, account, told.name, told.text, principal.actor, moment)


@router.get("/tables/{table}", response_class=Table)
def table(
    table: TableKind,
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
    name: Annotated[str, Query(max_length=30, description="of a trade book or notes")] = "",
) -> Table:
    """A table as it was told."""
    text = _text(desk, principal, table, account, name)
    if text is None:
        raise HTTPException(404, f"no table {table} of this name was told")
    return Table(text, headers={"Content-Disposition": f'attachment; filename="{table}.csv"'})


def _text(desk: Desk, principal: Principal, table: TableKind, account: str | None, name: str) -> str | None:
    own = None if account is None else own_account(principal, account)
    return desk.tax_tables().text(table, own, name)

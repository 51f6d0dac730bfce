"""The audit log, page by page."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from functions.api.gate import Reader, TheDesk, own_account
from patang.audit.entry import AuditEntry, AuditHead
from patang.desk_view.views import EventView
from patang.identity.principal import Principal
from patang.settings.changes import DESK_CHAIN

__all__ = ["router"]

router = APIRouter(prefix="/api/audit")


class AuditPage(BaseModel):
    """`next_after` goes into the next request's `after`; it is null on the last page."""

    entries: tuple[EventView, ...]
    next_after: int | None


class AuditExport(BaseModel):
    """A page of the chain as it is stored, to be verified by whoever reads it; `head` is where it ends."""

    entries: list[AuditEntry]
    head: AuditHead | None


class AuditCheck(BaseModel):
    """Whether a day's chain is whole. `unlinked` events still wait to be chained."""

    ok: bool
    entries: int
    first_bad: int | None
    reason: str
    unlinked: int


Account = Annotated[str, Query(max_length=40)]
MarketDay = Annotated[date | None, Query(alias="date", description="a market day; the running one without")]


@router.get("")
def page(
    account: Account,
    principal: Reader,
    desk: TheDesk,
    day: MarketDay = None,
    after: Annotated[int, Query(ge=0, le=99_999_999)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Entries of a day behind sequence `after`, oldest first."""
    view = desk.desk_view()
    own = _own_chain(principal, account)
    entries = view.events(own, day or view.market_now().date(), after=after, limit=limit)
    return AuditPage(entries=entries, next_after=entries[-1].sequence if len(entries) == limit else None)


@router.get("/entries")
def entries(
    account: Account,
    principal: Reader,
    desk: TheDesk,
    day: MarketDay = None,
    after: Annotated[int, Query(ge=0, le=99_999_999)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> AuditExport:
    """The entries of a day behind sequence `after` with their hashes, and the chain's head."""
    own, log = _own_chain(principal, account), desk.audit_log()
    exported = day or desk.desk_view().market_now().date()
    # The head first: entries that are linked meanwhile then lie behind it, never before.
    head = log.head(own, exported)
    return AuditExport(entries=log.page(own, exported, after=after, limit=limit), head=head)


@router.get("/verification")
def verification(account: Account, principal: Reader, desk: TheDesk, day: MarketDay = None) -> AuditCheck:
    """Check a day's chain for change, loss and a cut end."""
    own, log = _own_chain(principal, account), desk.audit_log()
    checked = day or desk.desk_view().market_now().date()
    found = log.verify(own, checked)
    return AuditCheck(
        ok=found.ok,
        entries=found.entries,
        first_bad=found.first_bad,
        reason=found.reason,
        unlinked=len(log.unlinked(own, checked)),
    )


def _own_chain(principal: Principal, account: str) -> str:
    """The account's, or the desk's own, which holds what is no account's: its settings, its decisions."""
    return account if account == DESK_CHAIN else own_account(principal, account)

"""The audit log, page by page."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from functions.api.gate import Reader, TheDesk, own_account
from functions.api.questions import Cursor, Day, Limit
from patang.audit.entry import AuditEntry, AuditHead
from patang.desk_view.paging import Page
from patang.desk_view.views import EventView
from patang.identity.principal import Principal
from patang.settings.changes import DESK_CHAIN

__all__ = ["router"]

router = APIRouter(prefix="/api/audit")


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
MarketDay = Annotated[Day | None, Query(alias="date", description="a market day; the running one without")]


@router.get("")
def page(
    account: Account,
    principal: Reader,
    desk: TheDesk,
    day: MarketDay = None,
    kind: Annotated[str | None, Query(max_length=60, description="such as ORDER_COMPLETE")] = None,
    actor: Annotated[str | None, Query(max_length=120, description="such as person:asha")] = None,
    order: Annotated[Literal["oldest", "newest"], Query(description="which comes first")] = "oldest",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[EventView]:
    """Entries of a day. With a filter a page may be short, or empty, and still have a next one."""
    own, view = _own_chain(principal, account), desk.desk_view()
    return view.audit_page(
        own, day or view.market_now().date(), kind, actor, cursor, limit, newest_first=order == "newest"
    )


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

"""The audit log, page by page."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from functions.api.gate import Reader, TheDesk, own_account
from functions.api.questions import Cursor, Day, Limit
from patang.audit.entry import AuditEntry, AuditHead
from patang.desk_view.audit_chains import CheckedChain, checked_chain
from patang.desk_view.audit_files import (
    MOST_IN_A_FILE,
    DayFile,
    day_file,
    entries_csv,
    entries_lines,
    fitting,
)
from patang.desk_view.audit_search import AuditQuestion
from patang.desk_view.paging import Page
from patang.desk_view.views import EventView
from patang.identity.principal import Principal
from patang.settings.changes import DESK_CHAIN

__all__ = ["own_chain", "router"]

router = APIRouter(prefix="/api/audit")


_TYPES: Final = {"jsonl": "application/jsonl", "csv": "text/csv"}
_FILES: Final = {
    "content": {kind: {"schema": {"type": "string"}} for kind in _TYPES.values()},
    "headers": {
        "Patang-Entries": {
            "description": "which entries of how many: 1-3120/7200; 0/0 of a day that has none",
            "schema": {"type": "string"},
        },
        "Link": {
            "description": "the address of the next part, rel=next; absent from the last",
            "schema": {"type": "string"},
        },
    },
}


class AuditExport(BaseModel):
    """A page of the chain as it is stored, to be verified by whoever reads it; `head` is where it ends."""

    entries: list[AuditEntry]
    head: AuditHead | None


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
    text: Annotated[
        str | None, Query(max_length=120, description="words that all stand somewhere in it, as RELIANCE")
    ] = None,
    order: Annotated[Literal["oldest", "newest"], Query(description="which comes first")] = "oldest",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[EventView]:
    """Entries of a day. With a filter a page may be short, or empty, and still have a next one."""
    own, view = own_chain(principal, account), desk.desk_view()
    question = AuditQuestion(
        account=own,
        day=day or view.market_now().date(),
        kind=kind,
        actor=actor,
        text=text,
        newest_first=order == "newest",
    )
    return view.audit_page(question, cursor, limit)


@router.get("/entries")
def entries(
    account: Account,
    principal: Reader,
    desk: TheDesk,
    day: MarketDay = None,
    after: Annotated[int, Query(ge=0, le=99_999_999)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> AuditExport:
    """The entries of a day behind sequence `after` with their hashes, and the chain's head.

    Long ones may be fewer than `limit`: the day goes on until the head's sequence.
    """
    own, log = own_chain(principal, account), desk.audit_log()
    exported = day or desk.desk_view().market_now().date()
    # The head first: entries that are linked meanwhile then lie behind it, never before.
    head = log.head(own, exported)
    return AuditExport(entries=fitting(log.page(own, exported, after=after, limit=limit)), head=head)


@router.get("/export", response_class=Response, responses={200: _FILES})
def export(
    request: Request,
    account: Account,
    principal: Reader,
    desk: TheDesk,
    day: MarketDay = None,
    form: Annotated[
        Literal["jsonl", "csv"], Query(alias="format", description="lines, or a table")
    ] = "jsonl",
    after: Annotated[int, Query(ge=0, le=99_999_999, description="the last sequence of the part before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_IN_A_FILE)] = MOST_IN_A_FILE,
) -> Response:
    """A day as a file: lines that `patang audit verify --file` checks, or a table for a spreadsheet.

    A file holds 5,000 entries, or 5 MB, at most. One that does not hold the whole day says so in its name and
    in `Patang-Entries`, and `Link` leads to the part behind it.
    """
    own = own_chain(principal, account)
    exported = day or desk.desk_view().market_now().date()
    found = day_file(desk.audit_log(), own, exported, after, limit)
    text = entries_csv(found.entries) if form == "csv" else entries_lines(found.entries)
    span = f"{found.entries[0].sequence}-{found.entries[-1].sequence}" if found.entries else "0"
    name = f"audit-{own}-{exported}{_part(found, after)}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Patang-Entries": f"{span}/{found.of}",
    }
    if found.next_after is not None:
        following = request.url.include_query_params(date=exported, after=found.next_after)
        headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return Response(text, media_type=f"{_TYPES[form]}; charset=utf-8", headers=headers)


def _part(found: DayFile, after: int) -> str:
    """What the name of a file says of the part of the day that it holds."""
    if not found.entries:
        return f"-behind-{after}" if after else ""
    first, last = found.entries[0].sequence, found.entries[-1].sequence
    return "" if (first, last) == (1, found.of) else f"-{first}-to-{last}-of-{found.of}"


@router.get("/verification")
def verification(account: Account, principal: Reader, desk: TheDesk, day: MarketDay = None) -> CheckedChain:
    """Check a day's chain for change, loss and a cut end."""
    own = own_chain(principal, account)
    return checked_chain(desk.audit_log(), own, day or desk.desk_view().market_now().date())


def own_chain(principal: Principal, account: str) -> str:
    """The account's chain, or the desk's own: its settings, its decisions, what is no account's."""
    return account if account == DESK_CHAIN else own_account(principal, account)

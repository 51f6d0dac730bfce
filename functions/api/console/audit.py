"""The audit log: what happened by day, one entry at length, and whether the chains are whole."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from functions.api.console.addresses import address, next_address
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk
from functions.api.questions import Day
from functions.api.routes.audit import own_chain
from patang.audit.kinds import KINDS
from patang.desk_view.audit_chains import checked_chain
from patang.desk_view.audit_files import MOST_IN_A_FILE
from patang.desk_view.audit_search import AuditQuestion
from patang.desk_view.settings_said import changes_said
from patang.identity.principal import Principal
from patang.settings.changes import DESK_CHAIN

__all__ = ["router"]

router = APIRouter(prefix="/audit")

_ROWS: Final = 100
# A form sends what was left empty, too.
_Left = BeforeValidator(lambda given: given or None)
_Account = Annotated[Annotated[str, Field(max_length=40)] | None, _Left, Query()]
_OfDay = Annotated[Day | None, _Left, Query(alias="date")]
_Text = Annotated[Annotated[str, Field(max_length=120)] | None, _Left, Query()]
_Place = Annotated[Annotated[str, Field(max_length=400)] | None, _Left, Query()]


@router.get("")
def entries(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    account: _Account = None,
    day: _OfDay = None,
    kind: _Text = None,
    actor: _Text = None,
    text: _Text = None,
    cursor: _Place = None,
) -> Response:
    """Entries of a day, newest first."""
    view = desk.desk_view()
    chain, today = _chain(principal, account), view.market_now().date()
    # People write a kind as the page shows it.
    kind = kind and kind.strip().upper().replace(" ", "_")
    question = AuditQuestion(chain, day or today, kind, actor, text, newest_first=True)
    page = view.audit_page(question, cursor, _ROWS)
    asked = {"account": chain, "date": question.day, "kind": kind, "actor": actor, "text": text}
    filtered = bool(kind or actor or text)
    return console_page(
        request,
        principal,
        "audit.html",
        question=question,
        chains=_chains(principal),
        page=page,
        filtered=filtered,
        # What is looked for in a whole day is not looked for again every other second.
        follows=question.day == today and not filtered and cursor is None,
        today=today,
        kinds=KINDS,
        changes_said=changes_said,
        most_in_a_file=MOST_IN_A_FILE,
        here_again=lambda **other: address("/audit", asked | other),
        older=next_address("/audit", asked, page.next),
        later=cursor is not None,
    )


@router.get("/verification")
def verification(
    request: Request, principal: Reader, desk: TheDesk, account: _Account = None, day: _OfDay = None
) -> Response:
    """Every chain of a day gone through from its first entry to its last; those of one account, if named."""
    log = desk.audit_log()
    checked = day or desk.desk_view().market_now().date()
    chains = _chains(principal) if account is None else (own_chain(principal, account),)
    found = [checked_chain(log, chain, checked) for chain in chains]
    return console_page(request, principal, "audit_verification.html", day=checked, found=found)


@router.get("/{account}/{day}/{sequence}")
def entry(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    account: Annotated[str, Path(max_length=40)],
    day: Day,
    sequence: Annotated[int, Path(ge=1, le=99_999_999)],
) -> Response:
    """One entry: who, when, what, and where it stands in its chain."""
    chain, log = own_chain(principal, account), desk.audit_log()
    # With those on both sides of it: what it names as the one before has to be the one before.
    around = {one.sequence: one for one in log.page(chain, day, after=max(sequence - 2, 0), limit=3)}
    found = around.get(sequence)
    if found is None:
        raise HTTPException(404, f"the log of {chain} has no entry {sequence} on {day}")
    before, event = around.get(sequence - 1), found.event()
    return console_page(
        request,
        principal,
        "audit_entry.html",
        entry=found,
        event=event,
        changes=changes_said(event.kind, event.details),
        unchanged=found.hash == found.computed_hash(),
        follows=sequence == 1 or (before is not None and before.hash == found.previous),
        before=before is not None,
        after=sequence + 1 in around,
    )


def _chains(principal: Principal) -> tuple[str, ...]:
    return (*principal.accounts, DESK_CHAIN)


def _chain(principal: Principal, account: str | None) -> str:
    return _chains(principal)[0] if account is None else own_chain(principal, account)

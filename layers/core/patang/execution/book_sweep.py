"""The book of open positions, held against the positions themselves."""

from collections.abc import Sequence
from datetime import datetime

from patang.execution.journal import journal
from patang.keys import risk_key
from patang.portfolio.account_state import RiskState
from patang.portfolio.held import latest_positions
from patang.portfolio.position_book import PositionBook
from patang.ports import StateStore, Write
from patang.records import change, load, replace

__all__ = ["mend_book"]


def mend_book(store: StateStore, account: str, as_of: datetime, now: datetime) -> bool:
    """Whether the account's book named other positions than are open; it names those now, and the audit log
    tells which were wrong. Every fill keeps the book in its own transaction, so that finding something says
    that a position was written past it."""

    def decide() -> tuple[bool, Sequence[Write]]:
        risk = load(store, RiskState, risk_key(account))
        if risk is None or risk.book is None:
            return False, ()
        found = PositionBook.of(latest_positions(store, account))
        known, true = set(risk.book.open), set(found.open)
        if known == true:
            return False, ()
        told = journal(
            account,
            "POSITION_BOOK_MENDED",
            f"{risk.revision}",
            as_of,
            now,
            missing=sorted(true - known),
            not_open=sorted(known - true),
        )
        return True, (replace(risk.evolve(book=found)), told)

    return change(store, decide)

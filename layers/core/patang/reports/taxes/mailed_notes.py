"""The contract notes that the broker mails, as their reader has copied their sums, against our own."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from pydantic import BaseModel, ConfigDict

from patang.reports.amounts import Rupees
from patang.reports.deals import Deal, by_day, orders_of
from patang.reports.taxes.rules import FinancialYear
from patang.risk.charges import Charges
from patang.risk.contract_note import contract_note

__all__ = ["COMPONENTS", "MailedNote", "NoteComparison", "NoteDifference", "compare_with_mailed"]

COMPONENTS: Final = ("brokerage", "stt", "exchange_transaction", "sebi", "stamp_duty", "gst")
# A line of a note has STT and stamp duty in whole rupees, the rest to the paisa, and a day has a line or two.
_ROUNDED_TO_RUPEES: Final = frozenset({"stt", "stamp_duty"})


class MailedNote(BaseModel):
    """A day's note: rupees by component, `exchange_transaction` with IPFT and clearing in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    charges: dict[str, Decimal]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoteDifference(_Told):
    """A component of a day: on the note that our trades make, and on the one that was mailed. `within` what
    rounding explains: a rupee of STT and stamp duty, two paise of the rest."""

    day: date
    component: str
    ours: Rupees
    mailed: Rupees
    difference: Rupees
    within: bool


class NoteComparison(_Told):
    """An account's year against its mailed notes. `days_without_note` were traded and no note of theirs was
    told, `days_without_trades` have a note and no trade that we know of."""

    notes: int
    lines: tuple[NoteDifference, ...]
    ours_total: Rupees
    mailed_total: Rupees
    days_without_note: tuple[date, ...]
    days_without_trades: tuple[date, ...]


def compare_with_mailed(
    year: FinancialYear, deals: Sequence[Deal], notes: Sequence[MailedNote]
) -> NoteComparison:
    """`deals` are all of the account's, also what its owner did beside the desk as far as he has told it: the
    note has them all. Several notes of a day are one. Raises StopTrading for a day without sourced rates."""
    days = by_day(deal for deal in deals if year.holds(deal.day))
    mailed = _by_day([note for note in notes if year.holds(note.day)])
    lines = [
        line for day in sorted(days.keys() & mailed.keys()) for line in _lines(day, days[day], mailed[day])
    ]
    return NoteComparison(
        notes=len(mailed),
        lines=tuple(lines),
        ours_total=sum((line.ours for line in lines), Decimal(0)),
        mailed_total=sum((line.mailed for line in lines), Decimal(0)),
        days_without_note=tuple(day for day in days if day not in mailed),
        days_without_trades=tuple(sorted(mailed.keys() - days.keys())),
    )


def _by_day(notes: Sequence[MailedNote]) -> dict[date, dict[str, Decimal]]:
    days: dict[date, dict[str, Decimal]] = {}
    for note in notes:
        of_day = days.setdefault(note.day, dict.fromkeys(COMPONENTS, Decimal(0)))
        for name, amount in note.charges.items():
            of_day[name] += amount
    return days


def _lines(day: date, deals: Sequence[Deal], mailed: Mapping[str, Decimal]) -> list[NoteDifference]:
    own = contract_note(day, orders_of(deals)).charges
    return [_line(day, name, _of_note(own, name), mailed[name]) for name in COMPONENTS]


def _of_note(own: Charges, component: str) -> Decimal:
    amount: Decimal = getattr(own, component)
    # The mailed note has both in one figure.
    return amount + own.ipft if component == "exchange_transaction" else amount


def _line(day: date, component: str, ours: Decimal, mailed: Decimal) -> NoteDifference:
    allowed = Decimal(1) if component in _ROUNDED_TO_RUPEES else Decimal("0.02")
    return NoteDifference(
        day=day,
        component=component,
        ours=ours,
        mailed=mailed,
        difference=mailed - ours,
        within=abs(mailed - ours) <= allowed,
    )

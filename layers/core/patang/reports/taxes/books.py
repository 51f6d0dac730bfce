"""A financial year from the desk's records and what its owner has told beside them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from patang.keys import account_partition
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.ports import ObjectStore, StateStore
from patang.records import load_all
from patang.reports.deals import Deal
from patang.reports.kept_deals import kept_deals, kept_positions
from patang.reports.taxes.comparison import BrokerComparison, compare_with_broker
from patang.reports.taxes.files import load_actions, load_notes, load_purchases, load_tradebook
from patang.reports.taxes.lots import CorporateAction
from patang.reports.taxes.mailed_notes import NoteComparison, compare_with_mailed
from patang.reports.taxes.matching import matched
from patang.reports.taxes.parts import Part, parts_of
from patang.reports.taxes.rules import FinancialYear
from patang.reports.taxes.statement import Statement
from patang.reports.taxes.working import statement
from patang.risk.charge_comparison import ChargeComparison
from patang.settings import Mode, Settings

__all__ = ["TaxBooks"]


class TaxBooks:
    """Every method is told whose accounts to look at. The mode is the one in force where none is asked for:
    what was traded on paper is taxed nowhere, and its report says so."""

    def __init__(self, store: StateStore, objects: ObjectStore, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._objects = objects
        self._settings = settings

    def year(self, accounts: Sequence[str], year: FinancialYear, mode: Mode | None = None) -> Statement:
        """The statement of one financial year over these accounts.

        Raises BadInput where a table of the owner's is wrong, StopTrading for a day without sourced charges.
        """
        asked = mode or self._settings().mode
        actions = [action for action in load_actions(self._objects) if action.ex_day <= year.last]
        parts, opening, notes = list[Part](), [], list[str]()
        unknown: dict[str, date] = {}
        for account in accounts:
            parts += parts_of(self._deals(account, asked, year.last))
            opening += [lot for lot in load_purchases(self._objects, account) if lot.opened <= year.last]
            unknown |= _unexplained(kept_positions(self._store, account, asked), actions)
        if asked != "live":
            notes.append("these trades were made on paper: none of this is income")
        return statement(year, asked, accounts, matched(parts, opening, actions, unknown), notes)

    def against_broker(self, account: str, year: FinancialYear, mode: Mode | None = None) -> BrokerComparison:
        """The account's year against the broker's trade book and its contract notes. Raises as `year`."""
        asked = mode or self._settings().mode
        deals = kept_deals(self._store, account, asked, year.last)
        notes = load_all(self._store, ChargeComparison, account_partition(account), "CHARGES#")
        book = load_tradebook(self._objects, account) if asked == "live" else None
        return compare_with_broker(account, year, deals, book, {note.day: note for note in notes})

    def against_mailed(self, account: str, year: FinancialYear, mode: Mode | None = None) -> NoteComparison:
        """The account's year against the contract notes that were mailed. Raises as `year`."""
        asked = mode or self._settings().mode
        deals = self._deals(account, asked, year.last)
        return compare_with_mailed(year, deals, load_notes(self._objects, account) if asked == "live" else ())

    def _deals(self, account: str, mode: Mode, until: date) -> list[Deal]:
        own = kept_deals(self._store, account, mode, until)
        book = load_tradebook(self._objects, account) if mode == "live" else None
        return own if book is None else _with_foreign(own, [deal for deal in book if deal.day <= until])


def _with_foreign(own: Sequence[Deal], book: Iterable[Deal]) -> list[Deal]:
    """Our deals and those of the trade book that are not ours. What the desk knows as sold beside it is there
    under the broker's own number, and then counts as that."""
    orders = {deal.order for deal in own}
    foreign = [deal for deal in book if deal.order not in orders]
    left: dict[str, int] = {}
    for deal in foreign:
        if deal.side == "SELL":
            left[deal.symbol] = left.get(deal.symbol, 0) + deal.quantity
    found = []
    for deal in own:
        if deal.source == "outside" and left.get(deal.symbol, 0) >= deal.quantity:
            left[deal.symbol] -= deal.quantity
            continue
        found.append(deal)
    return [*found, *foreign]


def _unexplained(positions: Iterable[Position], actions: Iterable[CorporateAction]) -> dict[str, date]:
    """Shares whose price was restated without anybody having said by a split or a bonus, and since when."""
    told = {(action.symbol, action.ex_day) for action in actions}
    found: dict[str, date] = {}
    for position in positions:
        broken = position.price_break
        if broken is None or broken.ratio == "1:1" or (position.symbol, broken.day) in told:
            continue
        # Bought on the day itself, the position is of the new shares.
        if position.entry_time.astimezone(IST).date() < broken.day:
            found[position.symbol] = min(found.get(position.symbol, broken.day), broken.day)
    return found

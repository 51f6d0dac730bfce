"""Reports of days and months, from what the desk keeps."""

import re
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from patang.approvals.proposal import Proposal
from patang.errors import BadInput
from patang.execution.intent import OrderIntent
from patang.keys import charges_key, intent_key
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import load
from patang.reports.deals import Deal, deal_of_fill, orders_of
from patang.reports.desk_report import Calendar, ChargeLine, DeskReport, NoteLine, TradeLine
from patang.reports.kept_deals import kept_fills
from patang.reports.notes import TradeNotes
from patang.reports.performance import (
    calibration,
    expectations,
    result_sums,
    slippages,
    trade_sum,
    trade_sums,
)
from patang.risk.charge_comparison import ChargeComparison
from patang.risk.charges import Charges
from patang.risk.contract_note import contract_note
from patang.settings import Mode, Settings
from patang.trade_log.day_log import DayLog
from patang.trade_log.fill import OrderFill

__all__ = ["DeskReports", "month_of"]

# Probabilities are judged over more trades than a day has, or a month.
_DAYS_BEFORE_A_DAY = 90
_DAYS_BEFORE_A_MONTH = 365
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_OF_THE_NOTE = ("brokerage", "stt", "exchange_transaction", "sebi", "stamp_duty", "gst", "dp", "square_off")
_NOTHING = Decimal(0)
_PAISA = Decimal("0.01")


class _Place(NamedTuple):
    account: str
    day: date


class DeskReports:
    """Every method is told whose accounts to look at, and reports the mode in force where none is asked
    for. Raises StopTrading for a day with trades and without sourced charges."""

    def __init__(self, store: StateStore, settings: Callable[[], Settings], notes: TradeNotes) -> None:
        self._store = store
        self._log = DayLog(store)
        self._settings = settings
        self._notes = notes

    def daily(self, accounts: Sequence[str], day: date, mode: Mode | None = None) -> DeskReport:
        """One market day."""
        return self._report("daily", accounts, day, day, _DAYS_BEFORE_A_DAY, mode)

    def monthly(self, accounts: Sequence[str], month: date, mode: Mode | None = None) -> DeskReport:
        """The month in which a day lies."""
        first = month.replace(day=1)
        last = month.replace(day=monthrange(month.year, month.month)[1])
        return self._report("monthly", accounts, first, last, _DAYS_BEFORE_A_MONTH, mode)

    def calendar(self, accounts: Sequence[str], until: date, mode: Mode | None = None) -> Calendar:
        """Days and months of the year that ends with the month of `until`."""
        first = until.replace(year=until.year - 1, day=1)
        asked = mode or self._settings().mode
        found = [row for account in accounts for row in self._log.results(account, first, until)]
        rows = [row for row in found if row.mode == asked]
        return Calendar(
            mode=asked,
            days=result_sums(rows, lambda row: row.day.isoformat()),
            months=result_sums(rows, lambda row: f"{row.day:%Y-%m}"),
        )

    def _report(
        self,
        kind: Literal["daily", "monthly"],
        accounts: Sequence[str],
        first: date,
        last: date,
        before: int,
        mode: Mode | None,
    ) -> DeskReport:
        asked = mode or self._settings().mode
        since = last - timedelta(days=before)
        judged = [line for account in accounts for line in self._trades(account, since, last, asked)]
        judged.sort(key=lambda line: (line.exit_time, line.position_id))
        trades = [line for line in judged if first <= _day(line) <= last]
        fills = [fill for account in accounts for fill in kept_fills(self._store, account, asked)]
        fills = [fill for fill in fills if first <= fill.as_of.astimezone(IST).date() <= last]
        days = _by_account_and_day(fills)
        kept = {place: load(self._store, ChargeComparison, charges_key(*place)) for place in days}
        charges = _charge_lines(days, [note for note in kept.values() if note is not None])
        return DeskReport(
            kind=kind,
            first=first,
            last=last,
            mode=asked,
            accounts=tuple(accounts),
            total=trade_sum("all", trades),
            by_strategy=trade_sums(trades, lambda line: line.strategy),
            by_symbol=trade_sums(trades, lambda line: line.symbol),
            trades=tuple(trades),
            charges=charges,
            charges_total=sum((line.on_our_notes for line in charges), _NOTHING),
            days_without_note=tuple(sorted({place.day for place, note in kept.items() if note is None})),
            slippage=slippages(fills),
            expectation=expectations(trades),
            calibration=calibration(judged, since, last),
        )

    def _trades(self, account: str, first: date, last: date, mode: Mode) -> list[TradeLine]:
        closed = self._log.closed_between(account, first, last)
        return [self._line(position) for position in closed if position.mode == mode]

    def _line(self, position: Position) -> TradeLine:
        entry = load(self._store, OrderIntent, intent_key(position.account, position.entry_intent_id))
        notes = self._notes.of(position.account, position.position_id)
        return _trade_line(
            position,
            None if entry is None else self._log.proposal_behind(entry),
            position.quantity if entry is None else entry.filled_quantity,
            [NoteLine(text=n.text, actor=n.actor, written_at=n.written_at) for n in notes],
        )


def _trade_line(
    position: Position, proposal: Proposal | None, bought: int, notes: Sequence[NoteLine]
) -> TradeLine:
    """A closed position as a line. `bought` units were filled of what the proposal wanted."""
    # What is closed says when, at which price and with which result.
    left = position.exit_time or position.entry_time
    exit_price = position.exit_price or _NOTHING
    net = position.realised_pnl or _NOTHING
    # From the prices, so that what it made before charges is in whole paise, and all three agree.
    gross = (position.exit_value - position.entry_price * position.exited_quantity).quantize(_PAISA)
    lost = (
        position.entry_slippage * position.quantity
        - (position.exit_slippage or _NOTHING) * position.exited_quantity
    )
    signal = None if proposal is None else proposal.signal
    return TradeLine(
        account=position.account,
        position_id=position.position_id,
        strategy=position.strategy,
        exchange=position.exchange,
        symbol=position.symbol,
        product=position.product,
        quantity=position.quantity,
        entry_time=position.entry_time,
        exit_time=left,
        entry_price=position.entry_price,
        exit_price=exit_price,
        exit_reason=position.exit_reason,
        minutes=int((left - position.entry_time).total_seconds() // 60),
        gross=gross,
        charges=gross - net,
        slippage=lost,
        net=net,
        won=net > 0,
        return_pct=float(100 * (exit_price / position.entry_price - 1)) if position.entry_price else 0.0,
        p_win=None if signal is None else signal.confidence,
        expected_return_pct=None if signal is None else signal.expected_return_pct,
        expected_net=None
        if proposal is None
        else (proposal.expected_net_profit * bought / proposal.quantity).quantize(_PAISA),
        model_version=None if signal is None else signal.model_version,
        notes=tuple(notes),
    )


def month_of(text: str) -> date:
    """The first day of a month written as 2026-08. Raises BadInput for anything else."""
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or not 2000 <= int(found[1]) < 2100:
        raise BadInput(f"{text!r} is no month: write it as 2026-08")
    return date(int(found[1]), int(found[2]), 1)


def _day(line: TradeLine) -> date:
    return line.exit_time.astimezone(IST).date()


def _by_account_and_day(fills: Iterable[OrderFill]) -> dict[_Place, list[Deal]]:
    days: dict[_Place, list[Deal]] = defaultdict(list)
    for fill in fills:
        deal = deal_of_fill(fill)
        days[_Place(deal.account, deal.day)].append(deal)
    return days


def _charge_lines(
    days: Mapping[_Place, Sequence[Deal]], compared: Sequence[ChargeComparison]
) -> tuple[ChargeLine, ...]:
    own = Charges()
    for place, deals in days.items():
        note = contract_note(place.day, orders_of(deals))
        own += note.charges + note.beside
    # The broker's note has both in one figure.
    own = replace(own, exchange_transaction=own.exchange_transaction + own.ipft, ipft=_NOTHING)
    lines = []
    for name in _OF_THE_NOTE:
        expected = sum((note.expected.get(name, _NOTHING) for note in compared), _NOTHING)
        charged = sum((note.charged.get(name, _NOTHING) for note in compared), _NOTHING)
        lines.append(
            ChargeLine(
                component=name,
                on_our_notes=getattr(own, name),
                compared_expected=expected,
                compared_charged=charged,
                difference=charged - expected,
            )
        )
    return tuple(lines)

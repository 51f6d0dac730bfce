"""From matched trades to the rows and sums of a financial year."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple

from patang.reports.taxes.lots import Lot
from patang.reports.taxes.matching import ClosedTrade, Matched
from patang.reports.taxes.parts import Part
from patang.reports.taxes.rules import GRANDFATHERED_UNTIL, FinancialYear, Term, rule_of, term_of
from patang.reports.taxes.statement import (
    BusinessRow,
    BusinessSum,
    CarriedLot,
    GainRow,
    GainSum,
    PeriodGain,
    Statement,
    UnsettledDeal,
)
from patang.risk.charges import Charges

__all__ = ["statement"]

_PAISA = Decimal("0.01")
_NOTHING = Decimal(0)
_WITHOUT_LOT = "sold, and their purchase is not known: add it to the shares bought outside the desk"
_UNDETERMINED = (
    "the price was adjusted, and whether for a split or a bonus is not known: add it to splits and bonuses"
)


class _Rate(NamedTuple):
    term: Term
    rate_pct: float
    section: str
    source: str


def statement(
    year: FinancialYear, mode: str, accounts: Sequence[str], found: Matched, to_settle: Sequence[str] = ()
) -> Statement:
    """The year's statement. `found` is of all deals up to the end of the year, of these accounts.

    Raises StopTrading for a day that no rule covers.
    """
    closed = [trade for trade in found.closed if year.holds(trade.closed)]
    business = [_business_row(trade) for trade in closed if trade.kind != "delivery"]
    business_trades = [trade for trade in closed if trade.kind != "delivery"]
    gains = [_gain_row(trade) for trade in closed if trade.kind == "delivery"]
    free = rule_of("exemption", year.last)
    sums = _gain_sums(gains, year)
    unsettled = [*_unsettled(found.without_lot, _WITHOUT_LOT, year)]
    unsettled += _unsettled(found.undetermined, _UNDETERMINED, year)
    return Statement(
        year=str(year),
        first=year.first,
        last=year.last,
        mode=mode,
        accounts=tuple(accounts),
        futures_and_options=_business_sum([t for t in business_trades if t.kind != "intraday"]),
        intraday=_business_sum([t for t in business_trades if t.kind == "intraday"]),
        gains=sums,
        short_term=_sum(each.gain for each in sums if each.term == "short"),
        long_term=_sum(each.gain for each in sums if each.term == "long"),
        exemption=free.amount,
        exemption_source=f"{free.section}: {free.source}",
        business_rows=tuple(business),
        gain_rows=tuple(gains),
        carried=tuple(map(_carried, found.open)),
        unsettled=tuple(unsettled),
        outside=sum(trade.outside for trade in closed),
        to_settle=(*to_settle, *_what_to_settle(gains, unsettled)),
    )


def _business_row(trade: ClosedTrade) -> BusinessRow:
    kind: Literal["futures", "options", "intraday"] = "intraday"
    if trade.kind == "futures" or trade.kind == "options":
        kind = trade.kind
    cost = trade.charges
    return BusinessRow(
        account=trade.account,
        exchange=trade.exchange,
        symbol=trade.symbol,
        kind=kind,
        quantity=trade.quantity,
        bought_on=trade.bought_on,
        sold_on=trade.sold_on,
        bought=trade.bought,
        sold=trade.sold,
        difference=trade.difference,
        charges=cost.total,
        stt=cost.stt,
        net=trade.difference - cost.total,
    )


def _business_sum(trades: Sequence[ClosedTrade]) -> BusinessSum:
    differences = [trade.difference for trade in trades]
    cost = sum((trade.charges for trade in trades), Charges())
    gains, losses = _sum(d for d in differences if d > 0), _sum(d for d in differences if d < 0)
    return BusinessSum(
        trades=len(trades),
        turnover=gains - losses,
        gains=gains,
        losses=losses,
        option_premiums=_sum(trade.sold for trade in trades if trade.kind == "options"),
        charges=asdict(cost),
        charges_total=cost.total,
        net=gains + losses - cost.total,
    )


def _gain_row(trade: ClosedTrade) -> GainRow:
    term = term_of(trade.bought_on, trade.sold_on)
    rule = rule_of(term, trade.sold_on)
    buy, sell = (charges.total - charges.stt for charges in (trade.buy_charges, trade.sell_charges))
    paid = trade.bought + buy
    cost = max(paid, _worth_in_2018(trade, term))
    return GainRow(
        account=trade.account,
        exchange=trade.exchange,
        symbol=trade.symbol,
        term=term,
        quantity=trade.quantity,
        bought_on=trade.bought_on,
        sold_on=trade.sold_on,
        bought=trade.bought,
        buy_charges=buy,
        sold=trade.sold,
        sell_charges=sell,
        stt=trade.charges.stt,
        fmv_2018=trade.fmv_2018,
        grandfathered=cost > paid,
        from_bonus=trade.from_bonus,
        cost=cost,
        gain=trade.sold - cost - sell,
        section=rule.section,
        rate_pct=float(rule.amount),
    )


def _worth_in_2018(trade: ClosedTrade, term: Term) -> Decimal:
    """What counts as cost where it is more than was paid: the lower of the worth on 31 January 2018 and of
    what the sale has brought (s. 55(2)(ac))."""
    if term == "short" or trade.fmv_2018 is None or trade.bought_on > GRANDFATHERED_UNTIL:
        return _NOTHING
    worth = (trade.fmv_2018 * trade.quantity).quantize(_PAISA, ROUND_HALF_UP)
    return min(worth, trade.sold)


def _gain_sums(rows: Sequence[GainRow], year: FinancialYear) -> tuple[GainSum, ...]:
    groups: dict[_Rate, list[GainRow]] = {}
    for row in sorted(rows, key=lambda row: (row.term != "short", row.sold_on)):
        rule = rule_of(row.term, row.sold_on)
        place = _Rate(row.term, row.rate_pct, rule.section, rule.source)
        groups.setdefault(place, []).append(row)
    return tuple(_gain_sum(place, group, year) for place, group in groups.items())


def _gain_sum(place: _Rate, rows: Sequence[GainRow], year: FinancialYear) -> GainSum:
    periods, begun = [], year.first
    for until in year.periods:
        periods.append(
            PeriodGain(until=until, gain=_sum(row.gain for row in rows if begun <= row.sold_on <= until))
        )
        begun = until.fromordinal(until.toordinal() + 1)
    return GainSum(
        **place._asdict(),
        trades=len(rows),
        sold=_sum(row.sold for row in rows),
        cost=_sum(row.cost for row in rows),
        sell_charges=_sum(row.sell_charges for row in rows),
        stt=_sum(row.stt for row in rows),
        gain=_sum(row.gain for row in rows),
        by_period=tuple(periods),
    )


def _carried(lot: Lot) -> CarriedLot:
    return CarriedLot(
        account=lot.account,
        exchange=lot.exchange,
        symbol=lot.symbol,
        opened=lot.opened,
        quantity=lot.quantity,
        value=lot.value,
        charges=lot.charges.total,
        origin=lot.origin,
        short=lot.short,
    )


def _unsettled(parts: Iterable[Part], why: str, year: FinancialYear) -> list[UnsettledDeal]:
    return [
        UnsettledDeal(
            account=part.deal.account,
            symbol=part.deal.symbol,
            side=part.deal.side,
            quantity=part.quantity,
            price=part.deal.price,
            day=part.deal.day,
            why=why,
        )
        for part in parts
        if year.holds(part.deal.day)
    ]


def _what_to_settle(gains: Sequence[GainRow], unsettled: Sequence[UnsettledDeal]) -> list[str]:
    found = []
    for why in (_WITHOUT_LOT, _UNDETERMINED):
        symbols = sorted({deal.symbol for deal in unsettled if deal.why == why})
        if symbols:
            found.append(f"{', '.join(symbols)}: {why}. Until then these sales are not in the totals")
    old = sorted(
        {
            row.symbol
            for row in gains
            if row.term == "long" and row.bought_on <= GRANDFATHERED_UNTIL and row.fmv_2018 is None
        }
    )
    if old:
        found.append(
            f"{', '.join(old)}: bought before February 2018. What was paid counts as their cost until their "
            "highest price of 31 January 2018 (fmv_2018) is added"
        )
    return found


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, _NOTHING)

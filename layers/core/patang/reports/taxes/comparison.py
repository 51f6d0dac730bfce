"""The desk's records against the broker's word: trades order by order, charges day by day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.reports.amounts import Rupees
from patang.reports.deals import Deal, by_day, orders_of
from patang.reports.taxes.rules import FinancialYear
from patang.risk.charge_comparison import ChargeComparison
from patang.risk.contract_note import contract_note

__all__ = ["BrokerComparison", "ChargeDifference", "TradeDifference", "compare_with_broker"]

_PRECISION = Decimal("0.01")
_COMPONENTS = ("brokerage", "stt", "exchange_transaction", "sebi", "stamp_duty", "gst")

type What = Literal["ONLY_OURS", "ONLY_BROKERS", "QUANTITY", "VALUE", "SYMBOL"]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TradeDifference(_Told):
    """An order that the two sides tell differently: units and rupees of the whole, None where a side does not
    know it. `desk` says whether the desk has sent it; what its owner did elsewhere is no mistake."""

    day: date
    order: str
    symbol: str
    side: str
    what: What
    desk: bool
    ours_quantity: int | None
    brokers_quantity: int | None
    ours_value: Rupees | None
    brokers_value: Rupees | None


class ChargeDifference(_Told):
    """A component of a day: by our rates, by the broker's virtual contract note of the day, and on the note
    that our trades of the day make (rounded as a note is). `within` what rounding explains."""

    day: date
    component: str
    expected: Rupees
    charged: Rupees
    difference: Rupees
    within: bool
    on_our_note: Rupees


class BrokerComparison(_Told):
    """One account's year. `orders` were compared, None without a trade book; `days_without_note` are days
    with trades of which no note of the broker is kept."""

    account: str
    orders: int | None
    trades: tuple[TradeDifference, ...]
    charges: tuple[ChargeDifference, ...]
    charged_total: Rupees
    expected_total: Rupees
    days_without_note: tuple[date, ...]


def compare_with_broker(
    account: str,
    year: FinancialYear,
    deals: Sequence[Deal],
    tradebook: Sequence[Deal] | None,
    notes: Mapping[date, ChargeComparison],
) -> BrokerComparison:
    """`deals` are those of the desk's own records, `notes` what is kept of the broker's, by day.

    Raises StopTrading where a day has no sourced rate.
    """
    ours = [deal for deal in deals if year.holds(deal.day)]
    theirs = None if tradebook is None else [deal for deal in tradebook if year.holds(deal.day)]
    days = by_day(ours)
    kept = {day: note for day, note in sorted(notes.items()) if year.holds(day)}
    charges = [row for day, note in kept.items() for row in _charges(day, note, days.get(day, ()))]
    return BrokerComparison(
        account=account,
        orders=None if theirs is None else len(_by_order(ours).keys() | _by_order(theirs).keys()),
        trades=() if theirs is None else tuple(_trades(ours, theirs)),
        charges=tuple(charges),
        charged_total=sum((row.charged for row in charges), Decimal(0)),
        expected_total=sum((row.expected for row in charges), Decimal(0)),
        days_without_note=tuple(day for day in days if day not in kept),
    )


def _trades(ours: Sequence[Deal], theirs: Sequence[Deal]) -> Iterable[TradeDifference]:
    known, told = _by_order(ours), _by_order(theirs)
    for order in sorted(known.keys() | told.keys()):
        mine, other = known.get(order, ()), told.get(order, ())
        what = _what(mine, other)
        if what is None:
            continue
        one = [*mine, *other][0]
        yield TradeDifference(
            day=one.day,
            order=order,
            symbol=one.symbol,
            side=one.side,
            what=what,
            desk=any(deal.source == "desk" for deal in mine),
            ours_quantity=_units(mine) if mine else None,
            brokers_quantity=_units(other) if other else None,
            ours_value=_value(mine) if mine else None,
            brokers_value=_value(other) if other else None,
        )


def _what(ours: Sequence[Deal], theirs: Sequence[Deal]) -> What | None:
    if not theirs:
        return "ONLY_OURS"
    if not ours:
        return "ONLY_BROKERS"
    if {(d.symbol, d.side, d.exchange) for d in ours} != {(d.symbol, d.side, d.exchange) for d in theirs}:
        return "SYMBOL"
    if _units(ours) != _units(theirs):
        return "QUANTITY"
    # The broker tells an order's average to a few places: as many units may be off by half the last of them.
    tolerance = max(_PRECISION, Decimal("0.0001") * _units(ours))
    return "VALUE" if abs(_value(ours) - _value(theirs)) > tolerance else None


def _charges(day: date, note: ChargeComparison, deals: Iterable[Deal]) -> list[ChargeDifference]:
    own = contract_note(day, orders_of(deals)).charges
    off = {finding.component for finding in note.findings}
    return [
        ChargeDifference(
            day=day,
            component=name,
            expected=note.expected[name],
            charged=note.charged[name],
            difference=note.charged[name] - note.expected[name],
            within=name not in off,
            on_our_note=getattr(own, name) + (own.ipft if name == "exchange_transaction" else 0),
        )
        for name in _COMPONENTS
    ]


def _by_order(deals: Iterable[Deal]) -> dict[str, list[Deal]]:
    found: dict[str, list[Deal]] = defaultdict(list)
    for deal in deals:
        found[deal.order].append(deal)
    return dict(found)


def _units(deals: Iterable[Deal]) -> int:
    return sum(deal.quantity for deal in deals)


def _value(deals: Iterable[Deal]) -> Decimal:
    return sum((deal.value for deal in deals), Decimal(0)).quantize(_PRECISION, ROUND_HALF_UP)

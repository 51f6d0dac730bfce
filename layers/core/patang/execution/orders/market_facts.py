"""What the rules of an order ask of its market: the instrument, a fresh quote, the hours, the largest
order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from patang.errors import BadInput
from patang.execution.prices import price_protection
from patang.market.instruments import Instrument
from patang.market.sessions import Segment, Session, session_on
from patang.risk.freeze import freeze_quantity
from patang.settings import Settings

__all__ = ["MarketFacts", "MarketQuote", "facts_of", "segment_of_instrument"]


@dataclass(frozen=True, slots=True)
class MarketQuote:
    """An instrument's market now, rupees. Bid, ask and circuit limits are None where the broker tells none.

    The circuit limits are the day's price band. Ticks do not carry them: they come from the broker's quotes
    alone, https://kite.trade/docs/connect/v3/market-quotes/
    """

    last_price: Decimal
    bid: Decimal | None = None
    ask: Decimal | None = None
    lower_circuit: Decimal | None = None
    upper_circuit: Decimal | None = None

    @classmethod
    def of(cls, identifier: str, row: Mapping[str, Any]) -> "MarketQuote":
        """From a row of the broker's /quote. Raises BadInput without a last price."""
        last = _amount(row.get("last_price"))
        if last is None:
            raise BadInput(f"the quote of {identifier} has last_price {row.get('last_price')!r}, not a price")
        depth = row.get("depth") or {}
        return cls(
            last,
            _best(depth.get("buy")),
            _best(depth.get("sell")),
            _amount(row.get("lower_circuit_limit")),
            _amount(row.get("upper_circuit_limit")),
        )

    def range_of(self, *, option: bool) -> tuple[Decimal, Decimal | None]:
        """The prices that the exchange takes now: within the circuit limits and, for options, its limit price
        protection."""
        low, high = self.lower_circuit or Decimal(0), self.upper_circuit
        if option:
            least, most = price_protection(self.last_price)
            low, high = max(low, least), most if high is None else min(high, most)
        return low, high


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """`as_of` is market time. `session`: the instrument's hours on that day, None on a day without trading.
    `quote` is None where no market data is to be had: what it would show is not looked at then. `largest` is
    the most units of one order in whole lots, None where nobody knows a freeze quantity. `square_off`: when
    the broker ends intraday positions (IST). `drift_pct`: what the owner lets a price be away on top of its
    band.
    """

    instrument: Instrument
    as_of: datetime
    session: Session | None
    quote: MarketQuote | None
    largest: int | None
    square_off: time
    drift_pct: Decimal


def facts_of(
    instrument: Instrument, quote: MarketQuote | None, as_of: datetime, settings: Settings
) -> MarketFacts:
    """Raises StopTrading where the day's hours are not known, BadInput for an exchange that Patang has no
    hours of."""
    exits = settings.exits
    contract = instrument.expiry is not None
    ends = exits.broker_square_off_contracts if contract else exits.broker_square_off_shares
    day = as_of.date()
    return MarketFacts(
        instrument,
        as_of,
        session_on(day, segment_of_instrument(instrument), settings.sessions),
        quote,
        _largest(instrument, day),
        time.fromisoformat(ends),
        settings.approval.max_price_drift_pct,
    )


def segment_of_instrument(instrument: Instrument) -> Segment:
    """Whose hours it trades in. Raises BadInput for an exchange whose hours Patang does not know."""
    if instrument.exchange in ("NFO", "BFO"):
        return "derivatives"
    if instrument.exchange in ("NSE", "BSE"):
        return "cash_with_auction" if instrument.has_derivatives else "cash"
    raise BadInput(
        f"exchange is {instrument.exchange}: Patang knows no hours of it and trades on NSE, BSE, NFO and BFO"
    )


def _largest(instrument: Instrument, day: date) -> int | None:
    frozen = freeze_quantity(instrument.exchange, instrument.underlying, day)
    return None if frozen is None else frozen // instrument.lot_size * instrument.lot_size


def _best(levels: Any) -> Decimal | None:
    first = levels[0] if isinstance(levels, list) and levels else {}
    return _amount(first.get("price"))


def _amount(value: Any) -> Decimal | None:
    """Rupees above 0; None for what is missing, 0 (which stands for nothing) or no number."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None

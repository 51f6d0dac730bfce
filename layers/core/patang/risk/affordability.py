"""What a capital can buy at all: the least with which one lot passes every bound, and the bound that says no.

Asked of the same sizing that decides on real signals, for an account that holds nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from patang.portfolio.account_state import AccountDay, RiskState
from patang.risk.account_view import AccountView
from patang.risk.charges import round_trip_charges
from patang.risk.sizing import Sizing, segment_of_signal, size
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["MIN_EXPECTED_NET_PROFIT", "Affordable", "Purchase", "affordable"]

# The bound that is no size: what the whole target leaves must reach the least expected profit.
MIN_EXPECTED_NET_PROFIT = "MIN_EXPECTED_NET_PROFIT"

_MOST_RUPEES = 10**10


@dataclass(frozen=True, slots=True)
class Purchase:
    """Something a strategy might buy: prices in rupees a unit, lot in units. `source` says where from."""

    strategy: str
    symbol: str
    underlying: str
    exchange: str
    lot_size: int
    tick_size: Decimal
    price: Decimal
    stop: Decimal
    target: Decimal
    holding_period: Literal["intraday", "swing"]
    source: str

    def signal(self, as_of: datetime) -> Signal:
        """The signal that would ask for it."""
        return Signal(
            signal_id="affordability",
            as_of=as_of,
            strategy=self.strategy,
            signal_type="CALL" if self.exchange in ("NFO", "BFO") else "BUY",
            symbol=self.symbol,
            underlying=self.underlying,
            exchange=self.exchange,
            instrument_token=0,
            lot_size=self.lot_size,
            tick_size=self.tick_size,
            entry_price=self.price,
            stop_loss_price=self.stop,
            target_price=self.target,
            bid=self.price,
            ask=self.price,
            expected_return_pct=0.0,
            confidence=1.0,
            holding_period=self.holding_period,
            reason="what a capital can buy",
            model_version="none",
            features={},
        )


@dataclass(frozen=True, slots=True)
class Affordable:
    """`quantity` that the settings' capital buys now and the bound that set it. `lot_cost` and `lot_risk` are
    of one lot, before charges and drift. `smallest_capital`: whole rupees with which one lot, or as many as
    the least profit takes, can be bought; None where no capital is enough."""

    purchase: Purchase
    quantity: int
    binding: str
    lot_cost: Decimal
    lot_risk: Decimal
    smallest_capital: int | None


def affordable(purchase: Purchase, settings: Settings, as_of: datetime) -> Affordable:
    """What an account that holds nothing can buy of it. Raises StopTrading where the day has no sourced
    charges."""
    signal = purchase.signal(as_of)
    now, binding = _tried(signal, settings)
    distance = purchase.price - purchase.stop
    return Affordable(
        purchase=purchase,
        quantity=now,
        binding=binding,
        lot_cost=purchase.lot_size * purchase.price,
        lot_risk=purchase.lot_size * distance,
        smallest_capital=_smallest(signal, settings),
    )


def _smallest(signal: Signal, settings: Settings) -> int | None:
    """By halving: more capital never buys less."""
    if not _tried(signal, _with_capital(settings, _MOST_RUPEES))[0]:
        return None
    too_little, enough = 0, _MOST_RUPEES
    while enough - too_little > 1:
        middle = (too_little + enough) // 2
        if _tried(signal, _with_capital(settings, middle))[0]:
            enough = middle
        else:
            too_little = middle
    return enough


def _tried(signal: Signal, settings: Settings) -> tuple[int, str]:
    """The quantity that passes, and the bound that set it or refused."""
    empty = AccountView(
        RiskState(account="nobody"), AccountDay(account="nobody", day=signal.as_of.date()), (), Decimal(0)
    )
    sizing = size(signal, settings, empty.headroom(signal, settings))
    if sizing.quantity and _best_profit(signal, sizing) < settings.risk.min_expected_net_profit_inr:
        return 0, MIN_EXPECTED_NET_PROFIT
    return sizing.quantity, sizing.binding


def _best_profit(signal: Signal, sizing: Sizing) -> Decimal:
    """What the whole target leaves after charges: no signal can expect more."""
    charges = round_trip_charges(
        segment_of_signal(signal),
        signal.exchange,
        signal.entry_price,
        signal.target_price,
        sizing.quantity,
        signal.as_of.date(),
    )
    return sizing.quantity * (signal.target_price - signal.entry_price) - charges.total


def _with_capital(settings: Settings, rupees: int) -> Settings:
    capital = settings.capital.model_copy(update={"starting_capital_inr": Decimal(rupees)})
    return settings.model_copy(update={"capital": capital})

"""What became of an entry: bought, held by the strategies' own exits and sold, net of everything it cost.

Size, exits, charges and the arithmetic of a position are the desk's. An entry is labelled only if all of its
holding period is in the data, so that nothing about it changes when more data comes.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Literal

import numpy as np

from patang.backtest.fills import Bought, FillTerms, Leaving, buy, sale_price, walk_exit
from patang.backtest.minutes import Tape
from patang.backtest.price_bars import PriceBars
from patang.errors import BadInput, StopTrading
from patang.execution.terms import entry_limit
from patang.market.exchange_calendar import Segment
from patang.market.instrument_hours import segment_of
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.ledger import Fill, after_exit, opened
from patang.risk.account_view import AccountView
from patang.risk.sizing import segment_of_signal
from patang.settings import Settings
from patang.strategies.base import Candidate, Strategy
from patang.strategies.deciding import signal_of
from patang.strategies.exits import ExitReason
from patang.strategies.signal import Signal
from patang.training.trading_minutes import TradingMinutes

__all__ = ["Follower", "Outcome", "Unknown", "WhyUnknown"]

type WhyUnknown = Literal["NOT_FILLED", "NO_SOURCED_CHARGES", "HOLE_IN_THE_DATA", "HELD_PAST_THE_DATA"]

_ACCOUNT = "research"
_MINUTE = 60
# Minutes. Where nobody saw a price for longer, nobody knows what an exit would have found.
_LONGEST_HOLE = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """An entry with its end. `bought` and `left` are epoch seconds: the start of the bar in which it was
    bought, the end of the bar in which it had to go.

    `gross_pct` is the return of the price itself, in percent of what was paid, `net_pct` what is left after
    charges, spread and slippage, `slippage_pct` the slippage of both sides in it. `net_pnl` is that in rupees
    for `quantity` units: what the market gave of those that the desk would have bought with nothing else on
    its hands, or of one lot where it would have bought none (`one_lot`). `modelled`: the prices were made by
    a model.
    """

    bought: int
    left: int
    reason: ExitReason
    quantity: int
    gross_pct: float
    net_pct: float
    slippage_pct: float
    net_pnl: float
    one_lot: bool
    modelled: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """An entry without an end. `bought` is None where it was not bought, else it was held from then on, and
    at least until `until`, epoch seconds."""

    reason: WhyUnknown
    bought: int | None = None
    until: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """The bar in which it was bought and what that gave, the price traded then and what of the price paid is
    slippage, rupees a unit."""

    row: int
    bought: Bought
    traded: Decimal
    slipped: Decimal


class Follower:
    """Follows entries to their ends on a tape whose market takes orders as `fills` say."""

    def __init__(self, tape: Tape, settings: Settings, fills: FillTerms) -> None:
        if not len(tape.closes):
            raise BadInput(f"{tape.source} has no bars to follow an entry on")
        self._tape = tape
        self._settings = settings
        self._fills = fills
        self._first, self._last = (datetime.fromtimestamp(int(end), IST) for end in tape.closes[[0, -1]])
        self._clocks: dict[Segment, TradingMinutes] = {}
        self._view = AccountView(
            state=RiskState(account=_ACCOUNT),
            day=AccountDay(account=_ACCOUNT, day=self._first.date()),
            positions=(),
            unrealised=Decimal(0),
        )

    def clock(self, candidate: Candidate) -> TradingMinutes:
        """The minutes in which a candidate's instrument trades, over all days of the tape."""
        segment = segment_of(candidate.instrument)
        if segment not in self._clocks:
            self._clocks[segment] = TradingMinutes(segment, self._first.date(), self._last.date())
        return self._clocks[segment]

    def follow(self, strategy: Strategy, candidate: Candidate, as_of: datetime) -> Outcome | Unknown:
        """What became of a candidate of the minute that ended at `as_of`."""
        signal = signal_of(candidate, as_of)
        # Whatever is held longer has met no bar when its time was over.
        until = datetime.combine(candidate.exit_by.astimezone(IST), time.max, IST)
        bars = self._tape.bars(candidate.instrument, as_of, until)
        known_until = min(until, self._last)
        try:
            sized = self._sized(strategy, signal)
            entry = self._bought(signal, bars, sized or signal.lot_size)
            if entry is None:
                return Unknown("NOT_FILLED")
            return self._held(candidate, signal, bars, entry, known_until, one_lot=sized == 0)
        except StopTrading:
            return Unknown("NO_SOURCED_CHARGES")

    def _held(
        self,
        candidate: Candidate,
        signal: Signal,
        bars: PriceBars,
        entry: _Entry,
        known_until: datetime,
        *,
        one_lot: bool,
    ) -> Outcome | Unknown:
        bought, quantity = int(bars.starts[entry.row]), entry.bought.quantity
        position = opened(
            signal.signal_id,
            _ACCOUNT,
            signal,
            signal.product,
            "",
            signal.entry_price,
            Fill(quantity, entry.bought.price, datetime.fromtimestamp(bought, IST)),
            mode=self._settings.mode,
        )
        walk = walk_exit(position, bars, self._settings, begin=entry.row, since=entry.bought.since)
        if walk.left is None:
            return Unknown("HELD_PAST_THE_DATA", bought, int(known_until.timestamp()))
        left = int(bars.starts[walk.left.row]) + _MINUTE
        seen = np.concatenate([[int(signal.as_of.timestamp()) - _MINUTE], bars.starts[: walk.left.row + 1]])
        if self.clock(candidate).longest_hole(seen) > _LONGEST_HOLE:
            return Unknown("HOLE_IN_THE_DATA", bought, left)
        sold, slipped = self._sold(signal, bars, walk.left, quantity)
        closed = after_exit(position, None, Fill(quantity, sold, walk.left.at), walk.left.price)
        pnl, paid = closed.realised_pnl or Decimal(0), entry.bought.price
        return Outcome(
            bought=bought,
            left=left,
            reason=walk.left.reason,
            quantity=quantity,
            gross_pct=float(100 * (walk.left.price - entry.traded) / paid),
            net_pct=float(100 * pnl / (paid * quantity)),
            slippage_pct=float(100 * (entry.slipped + slipped) / paid),
            net_pnl=float(pnl),
            one_lot=one_lot,
            modelled=bars.prices == "modelled",
        )

    def _sized(self, strategy: Strategy, signal: Signal) -> int:
        room = self._view.headroom(signal, self._settings)
        return strategy.calculate_position_size(signal, self._settings, room).quantity

    def _bought(self, signal: Signal, bars: PriceBars, wanted: int) -> _Entry | None:
        """What the first bar gave that had a seller for the order; what it left unfilled is cancelled."""
        limit = entry_limit(signal, self._settings)
        sent = int((signal.as_of + timedelta(minutes=self._fills.latency_bars)).timestamp())
        for row in range(bars.row_at(sent), bars.row_at(sent + self._settings.entry_order_seconds)):
            bought = buy(
                bars,
                row,
                limit,
                wanted,
                lot=signal.lot_size,
                tick=signal.tick_size,
                slippage_pct=self._slippage_pct(signal, limit * wanted),
                volume_share=self._fills.volume_share,
            )
            if bought is None:
                continue
            half = _rupees(bars.half_spread[row])
            if bought.since == "open":
                traded = _rupees(bars.open[row])
                return _Entry(row, bought, traded, bought.price - traded - half)
            return _Entry(row, bought, bought.price - half, Decimal(0))
        return None

    def _sold(
        self, signal: Signal, bars: PriceBars, leaving: Leaving, quantity: int
    ) -> tuple[Decimal, Decimal]:
        """What a unit brings, and what of the price is lost to slippage, rupees."""
        percent = self._slippage_pct(signal, leaving.price * quantity)
        sold = sale_price(leaving.price, bars, leaving.row, tick=signal.tick_size, slippage_pct=percent)
        return sold, leaving.price - _rupees(bars.half_spread[leaving.row]) - sold

    def _slippage_pct(self, signal: Signal, value: Decimal) -> Decimal:
        return self._fills.slippage.pct(segment_of_signal(signal), value)


def _rupees(price: float) -> Decimal:
    return Decimal(repr(float(price)))

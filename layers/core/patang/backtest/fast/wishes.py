"""Where the live rules would buy one share, minute by minute, whatever is held."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from patang.backtest.candidates import found_by_rules
from patang.backtest.fast.simulate import Entries, FastReason, Terms, affordable
from patang.backtest.history import History, SymbolHistory
from patang.backtest.history_tape import HistoryTape
from patang.errors import BadInput
from patang.execution.prices import buy_limit
from patang.features.vector import CANDLE_FEATURES
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.risk.charges import segment_of
from patang.risk.slippage import instrument_class, order_size, prior_pct
from patang.settings import Settings
from patang.strategies.base import Candidate, at_clock
from patang.strategies.exits import square_off_moment
from patang.strategies.playbook.equity import exit_moment, levels, strategy

__all__ = ["Wishes", "entries_of", "terms_of", "wishes"]

type Floats = NDArray[np.float64]
type Longs = NDArray[np.int64]

_ATR = CANDLE_FEATURES.index("atr_14")
_FARTHEST, _MINUTE = 50.0, 60


@dataclass(frozen=True, slots=True, eq=False)
class Wishes:
    """Bars at whose close the rules would buy, the ask then on the tick and the most to pay (rupees), and the
    ATR that stop and target are measured in."""

    bar: Longs
    ask: Floats
    limit: Floats
    atr: Floats

    def __len__(self) -> int:
        return len(self.bar)


def wishes(bars: SymbolHistory, settings: Settings) -> Wishes:
    """What the equity strategy finds in the bars of a share. Raises BadInput for what is no share.

    Stop and target are not looked at, so that choices of them share the answer: whether they have room
    between them on the tick is to be asked of each.
    """
    if bars.instrument.instrument_type != "EQ":
        raise BadInput(f"{bars.symbol} is no share: what a sweep buys is what it has the bars of")
    share = {"equities": (bars.instrument.tradingsymbol,), "indices": ()}
    far = {"stop_atr": _FARTHEST, "target_atr": _FARTHEST}
    asked = settings.model_copy(
        update={
            "universe": settings.universe.model_copy(update=share),
            "equity": settings.equity.model_copy(update=far),
        }
    )
    found = found_by_rules(HistoryTape(History("", [bars], {})), [strategy], asked)
    at = [
        (minute.as_of.timestamp() - _MINUTE, wish.entry_price, _limit(wish, settings))
        for minute in found
        for _, wish in minute.wanted
    ]
    starts, ask, limit = np.array(at, np.float64).reshape(-1, 3).T.copy()
    bar = np.searchsorted(bars.starts, starts.astype(np.int64))
    atr = (bars.features_15m if settings.equity.holding_period == "swing" else bars.features)[bar, _ATR]
    return Wishes(bar, ask, limit, atr)


def entries_of(wanted: Wishes, bars: SymbolHistory, settings: Settings, capital: Decimal) -> Entries:
    """The purchases that come of the wishes at the levels and hours of these settings, each of as many units
    as `capital` rupees buy at the worst price allowed; none where ticks leave no room between the levels."""
    tick = bars.instrument.tick_size
    columns = zip(wanted.bar.tolist(), wanted.ask.tolist(), wanted.atr.tolist(), strict=True)
    rows = [_leaving(int(bars.starts[bar]) + _MINUTE, ask, atr, settings, tick) for bar, ask, atr in columns]
    kept = np.array([row is not None for row in rows], np.bool_)
    told = [row for row in rows if row is not None]
    numbers = np.array([row[:4] for row in told], np.float64).reshape(-1, 4).T.copy()
    stop, target, due, send_by = numbers
    ask = wanted.ask[kept]
    worst = ask * (1 + float(settings.approval.max_price_drift_pct) / 100)
    return Entries(
        wanted.bar[kept],
        stop,
        target,
        wanted.limit[kept],
        due.astype(np.int64),
        np.array([row[4] for row in told], np.str_),
        affordable(capital, worst, bars.instrument.lot_size),
        ask,
        send_by.astype(np.int64),
    )


def terms_of(share: Instrument, settings: Settings, capital: Decimal, latency_minutes: int) -> Terms:
    """How orders of about `capital` rupees for a share are filled and charged under these settings."""
    kept_as = "MIS" if settings.equity.holding_period == "intraday" else "CNC"
    segment = segment_of(share.exchange, share.tradingsymbol, kept_as)
    return Terms(
        segment,
        share.exchange,
        share.tick_size,
        slippage_pct=prior_pct(instrument_class(segment), order_size(capital)),
        latency_minutes=latency_minutes,
        patience_seconds=settings.entry_order_seconds,
        max_drift_pct=settings.approval.max_price_drift_pct,
        oldest_seconds=settings.risk.max_data_age_seconds,
        pause_minutes=settings.risk.symbol_cooldown_minutes,
    )


def _limit(wish: Candidate, settings: Settings) -> Decimal:
    """The most that the order will pay."""
    cap = wish.entry_price * (1 + settings.approval.max_price_drift_pct / 100)
    return buy_limit(wish.ask, wish.instrument.tick_size, cap)


def _leaving(
    known: int, ask: float, atr: float, settings: Settings, tick: Decimal
) -> tuple[float, float, float, float, FastReason] | None:
    """Stop, target, the moment at which a position of that minute has to go, the last at which its order is
    sent, and why it has to go then."""
    as_of, entry = datetime.fromtimestamp(known, IST), Decimal(repr(ask))
    stop, target = levels(entry, atr, settings.equity, tick)
    exit_by = exit_moment(as_of, settings)
    if not stop < entry < target or exit_by is None:
        return None
    why: FastReason = "TIME"
    if settings.equity.holding_period == "intraday":
        clock, sessions = settings.exits.square_off_shares, settings.sessions
        closes = square_off_moment(as_of.date(), clock, "cash_with_auction", sessions)
        if closes <= exit_by:
            exit_by, why = closes, "SQUARE_OFF"
    send_by = at_clock(as_of, settings.equity.last_entry).timestamp() + _MINUTE - 1
    return float(stop), float(target), exit_by.timestamp(), send_by, why

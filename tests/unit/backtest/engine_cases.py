"""Backtests by hand: a tape that says what is wanted and when, and the bars that follow."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from patang.backtest.engine import backtest
from patang.backtest.fills import FillTerms
from patang.backtest.minutes import Look
from patang.backtest.price_bars import PriceBars
from patang.backtest.trade import BacktestResult
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.model.signal_model import Prediction
from patang.settings import Settings
from patang.strategies.base import Candidate, Findings
from patang.strategies.market import Market
from patang.strategies.playbook.equity import Equity
from patang.strategies.playbook.long_options import LongOptions
from tests.unit.strategies.markets import option, share

D = Decimal
DAY = date(2026, 6, 30)
NEXT_DAY = date(2026, 7, 1)
SBIN, INFY = share("SBIN", 1), share("INFY", 2)
# A call whose expiry is far enough away to be carried overnight.
CALL = option("NIFTY", date(2026, 7, 14), 25_000, "CE", 3)
PUT = option("NIFTY", date(2026, 7, 14), 25_000, "PE", 4)
FILLS = FillTerms(latency_bars=0, volume_share=1.0)

type Row = tuple[str, float, float, float, float]


def at(clock: str, day: date = DAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), IST)


def flat(first: str, last: str, price: float = 100.0) -> list[Row]:
    """Bars that do not move, from `first` up to the one that begins at `last`."""
    begin, end = at(first), at(last)
    minutes = range(int((end - begin).total_seconds() // 60) + 1)
    return [(f"{begin + timedelta(minutes=m):%H:%M}", price, price, price, price) for m in minutes]


def bars(*rows: Row, day: date = DAY, volume: float = np.nan, half: float = 0.0) -> PriceBars:
    """Bars by the clock of a day: (HH:MM, open, high, low, close)."""
    starts = np.array([int(at(row[0], day).timestamp()) for row in rows], np.int64)
    columns = (np.array([row[n] for row in rows], np.float64) for n in (1, 2, 3, 4))
    count = len(rows)
    return PriceBars(starts, *columns, np.full(count, volume), np.full(count, half), "recorded")


def joined(*parts: PriceBars) -> PriceBars:
    names = ("starts", "open", "high", "low", "close", "volume", "half_spread")
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    return PriceBars(*columns, parts[0].prices)


def wish(
    instrument: Instrument = SBIN, price: str = "100", stop: str = "98", target: str = "103", **more: Any
) -> Candidate:
    """Something to buy at its ask, to be sold by 15:00."""
    fields = {
        "strategy": "long_options" if instrument.is_option else "equity",
        "signal_type": "CALL" if instrument.is_option else "BUY",
        "instrument": instrument,
        "entry_price": D(price),
        "stop_loss_price": D(stop),
        "target_price": D(target),
        "bid": D(price),
        "ask": D(price),
        "exit_by": at("15:00"),
        "holding_period": "intraday",
        "reason": "asked for",
        "inputs": {},
    }
    return Candidate(**(fields | more))


class Wishes:
    """A tape: what the rules find by the clock, and each instrument's bars."""

    source, skipped = "by hand", {}

    def __init__(
        self, wanted: Mapping[datetime, Sequence[Candidate]], prices: Mapping[Instrument, PriceBars]
    ) -> None:
        self._wanted = wanted
        self._prices = {instrument.identifier: found for instrument, found in prices.items()}
        self.closes = np.unique(np.concatenate([found.starts for found in prices.values()])) + 60

    @property
    def symbol_bars(self) -> int:
        return sum(map(len, self._prices.values()))

    def looks(self, strategies: Any, settings: Settings) -> Iterator[Look]:
        for as_of in sorted(self._wanted):
            market = Market(as_of, Universe(day=as_of.date(), instruments=()), {}, {}, {})
            for found in self._wanted[as_of]:
                finds = _Finds(found) if found.strategy == "equity" else _FindsOption(found)
                yield Look.of(market, (finds,))

    def bars(self, instrument: Instrument, after: datetime, until: datetime) -> PriceBars:
        known = self._prices[instrument.identifier]
        kept = slice(known.row_at(int(after.timestamp())), known.row_at(int(until.timestamp())))
        names = ("starts", "open", "high", "low", "close", "volume", "half_spread")
        return PriceBars(*(getattr(known, name)[kept] for name in names), known.prices)


class _Finds(Equity):
    """Asks for one thing."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate

    def generate_signals(self, market: Market, settings: Settings) -> Findings:
        return Findings([self._candidate])


class _FindsOption(LongOptions):
    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate

    def generate_signals(self, market: Market, settings: Settings) -> Findings:
        return Findings([self._candidate])


class Sure:
    """Nearly certain of whatever it is asked; counts how often."""

    version, promoted, p_win = "sure", True, 0.95

    def __init__(self) -> None:
        self.asked: list[int] = []

    def predict(self, rows: Sequence[Mapping[str, float]]) -> list[Prediction]:
        self.asked.append(len(rows))
        return [Prediction(self.p_win, 50.0) for _ in rows]


def settings(**sections: Any) -> Settings:
    """The safe defaults but for these, and without a pause after a sale or a least profit."""
    free = {"risk": {"min_expected_net_profit_inr": 0, "symbol_cooldown_minutes": 0}}
    merged = {name: {**free.get(name, {}), **sections.get(name, {})} for name in {*free, *sections}}
    return Settings.model_validate(merged)


def run(
    wanted: Mapping[str, Sequence[Candidate]],
    prices: Mapping[Instrument, PriceBars],
    fills: FillTerms = FILLS,
    chosen: Settings | None = None,
) -> BacktestResult:
    """The backtest of wishes by the clock of DAY."""
    tape = Wishes({at(clock): found for clock, found in wanted.items()}, prices)
    model = Sure()
    return backtest(
        tape, lambda: {"equity": model, "long_options": model}, (), chosen or settings(), fills=fills
    )

"""Candles as they were kept, made a history: what cannot be trusted is left out, and said."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from patang.backtest.asked import WARM_UP_DAYS
from patang.backtest.featured import MinuteBars, featured
from patang.backtest.history import History
from patang.backtest.share_book import widest_tick
from patang.backtest.unlisted import research_instrument
from patang.errors import BadInput, StopTrading
from patang.market.bar_hours import day_hours, expected_starts
from patang.market.findings import CandleColumns, day_of, days_of
from patang.market.quality import check_candles, condemned

__all__ = ["WARM_UP", "KeptCandles", "history_of", "kept_minutes"]

WARM_UP = timedelta(days=WARM_UP_DAYS)
# A session that lacks more of its bars than this is left out: entries and exits would fall into holes.
_MOST_MISSING = 0.1
_NAMED = 5


class KeptCandles(Protocol):
    """One-minute bars of indices and shares, as a store keeps them."""

    def symbols(self) -> Sequence[str]:
        """Whose there are."""
        ...

    def minutes(self, symbol: str, first: date, last: date) -> CandleColumns | None:
        """Of these days, both included; None where there are none."""
        ...


def kept_minutes(
    kept: KeptCandles, first: date, last: date, wanted: Sequence[str]
) -> Iterator[CandleColumns]:
    """The minutes of these symbols, or of all there are, with those before that warm the indicators up."""
    for symbol in wanted or kept.symbols():
        found = kept.minutes(symbol, first - WARM_UP, last)
        if found is not None:
            yield found


def history_of(
    source: str, candles: Iterable[CandleColumns], first: date, last: date, wanted: Sequence[str]
) -> History:
    """The history of `first` to `last` from candles that begin WARM_UP before.

    Bars that the quality checks condemn are left out, and so are a symbol's sessions with too few bars;
    `skipped` says which and why. Raises BadInput where nothing is left, of all or of one that is wanted.
    """
    sifted = _Sifted(first, last)
    bars = [kept for some in candles if len(kept := sifted.take(some))]
    told = History(source, featured(bars), sifted.told(), dict(sorted(sifted.findings.items())))
    history = told.between(first, last)
    missing = sorted(set(wanted) - {s.symbol for s in history.symbols})
    if missing or not history.symbols:
        raise BadInput(
            f"{source} has no minutes of {', '.join(missing) or 'anything'} that can be used from {first} to "
            f"{last}: pull them, or choose other days"
        )
    return history


@dataclass(slots=True)
class _Sifted:
    """What the checks leave of candles, and what they took from the days that are asked for."""

    first: date
    last: date
    findings: Counter[str] = field(default_factory=Counter)
    left_out: dict[date, dict[str, list[str]]] = field(default_factory=dict)

    def take(self, candles: CandleColumns) -> MinuteBars:
        """The bars that can be used, in the order of time."""
        found = check_candles(candles)
        for finding in found:
            if self.first <= finding.day <= self.last:
                self.findings[finding.kind] += 1
                if finding.kind == "missing_day":
                    self._leave_out(finding.day, "no bar", candles.symbol)
        rows = np.flatnonzero(~condemned(found, len(candles)))
        rows = rows[np.argsort(candles.start[rows], kind="stable")]
        days = days_of(candles.start[rows])
        kept = np.zeros(len(rows), np.bool_)
        for number in np.unique(days).tolist():
            of_day = days == number
            kept[of_day] = self._inside(candles, day_of(number), candles.start[rows[of_day]])
        rows = rows[kept]
        columns = (getattr(candles, name)[rows] for name in ("open", "high", "low", "close", "volume"))
        last_price = float(candles.close[rows[-1]]) if len(rows) else 1.0
        instrument = research_instrument(candles.symbol, candles.segment, self.last, last_price)
        if len(rows) and candles.segment != "index":
            tick = widest_tick(candles.start[rows], candles.open[rows])
            instrument = instrument.model_copy(update={"tick_size": tick})
        return MinuteBars(instrument, candles.start[rows], *columns)

    def _inside(self, candles: CandleColumns, day: date, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of a day's bars are of its continuous trading; none of a day that lacks too many."""
        try:
            hours = day_hours(day, candles.segment)
        except StopTrading as unknown:
            self._leave_out(day, str(unknown), candles.symbol)
            return np.zeros(len(starts), np.bool_)
        if hours is None:
            self._leave_out(day, "no session", candles.symbol)
            return np.zeros(len(starts), np.bool_)
        expected = expected_starts(day, hours, candles.step)
        inside = np.isin(starts, expected)
        missing = len(expected) - np.count_nonzero(inside)
        if missing > _MOST_MISSING * len(expected):
            self._leave_out(day, f"{missing} of {len(expected)} bars are missing", candles.symbol)
            inside[:] = False
        return inside

    def _leave_out(self, day: date, reason: str, symbol: str) -> None:
        if self.first <= day <= self.last:
            self.left_out.setdefault(day, {}).setdefault(reason, []).append(symbol)

    def told(self) -> Mapping[date, str]:
        """Why sessions were left out, and of which symbols."""
        return {
            day: "; ".join(f"{_named(symbols)}: {reason}" for reason, symbols in reasons.items())
            for day, reasons in sorted(self.left_out.items())
        }


def _named(symbols: Sequence[str]) -> str:
    more = len(symbols) - _NAMED
    return ", ".join(symbols[:_NAMED]) + (f" and {more} more" if more > 0 else "")

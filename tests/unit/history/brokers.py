"""A broker's history in memory: it counts requests, keeps the range limits and fails when told to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from patang.market.bar_hours import day_hours, expected_starts
from patang.market.candle_ranges import RANGE_DAYS
from patang.market.findings import INTERVAL_MINUTES, moment_of
from patang.market.instruments import Instrument

__all__ = ["NIFTY", "RELIANCE", "HistoryBroker"]


def _instrument(token: int, symbol: str, kind: str) -> Instrument:
    return Instrument.model_validate({
        "instrument_token": token, "exchange": "NSE", "tradingsymbol": symbol, "name": symbol,
        "instrument_type": kind, "segment": "NSE", "tick_size": Decimal("0.05"), "lot_size": 1,
    })  # fmt: skip


RELIANCE = _instrument(738561, "RELIANCE", "EQ")
NIFTY = _instrument(256265, "NIFTY 50", "INDEX")


class HistoryBroker:
    """MarketData with bars of every session up to `now` but those in `holes`; `faults` are raised first."""

    def __init__(self, now: datetime, holes: Iterable[date] = ()) -> None:
        self.now = now
        self.holes = frozenset(holes)
        self.faults: list[Exception] = []
        self.asked: list[tuple[date, date]] = []

    def instruments(self, exchange: str) -> list[Mapping[str, Any]]:
        raise AssertionError("nobody asks for instruments here")

    def quotes(self, instruments: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        raise AssertionError("nobody asks for quotes here")

    def candles(
        self, instrument_token: int, start: datetime, end: datetime, interval: str
    ) -> list[Mapping[str, Any]]:
        self.asked.append((start.date(), end.date()))
        if self.faults:
            raise self.faults.pop(0)
        assert (end - start).days < RANGE_DAYS[interval]
        step = INTERVAL_MINUTES[interval] * 60
        found = []
        day = start.date()
        while day <= end.date():
            hours = None if day in self.holes else day_hours(day, "cash")
            for epoch in [] if hours is None else expected_starts(day, hours, step).tolist():
                if moment_of(epoch) < self.now:
                    found.append(self._bar(epoch, instrument_token))
            day += timedelta(days=1)
        return found

    @staticmethod
    def _bar(epoch: int, token: int) -> Mapping[str, Any]:
        price = 1000 + (epoch // 60 * 7919 + token) % 1000 / 100
        return {"date": moment_of(epoch), "open": price, "high": price + 1, "low": price - 1, "close": price,
                "volume": epoch % 997, "oi": 0}  # fmt: skip

"""Instruments, quotes and history from Zerodha, through the official client."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from patang.adapters.kite.calls import KiteCalls
from patang.errors import BadInput
from patang.market.candle_ranges import RANGE_DAYS
from patang.market.sessions import IST

__all__ = ["KiteMarketData"]

_QUOTES_A_CALL = 500


class KiteMarketData:
    """MarketData. Long ranges and many instruments are fetched in several calls."""

    def __init__(self, calls: KiteCalls) -> None:
        self._calls = calls

    def instruments(self, exchange: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._calls.read(
            "other", lambda client: client.instruments(exchange)
        )
        return found

    def quotes(self, instruments: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        for some in batched(instruments, _QUOTES_A_CALL, strict=False):
            found |= self._some_quotes(some)
        return found

    def _some_quotes(self, instruments: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self._calls.read(
            "quote", lambda client: client.quote(list(instruments))
        )
        return found

    def candles(
        self,
        instrument_token: int,
        start: datetime,
        end: datetime,
        interval: str,
        *,
        continuous: bool = False,
    ) -> list[Mapping[str, Any]]:
        if interval not in RANGE_DAYS:
            raise BadInput(f"no candles of {interval!r} are kept; there are {', '.join(RANGE_DAYS)}")
        step = timedelta(days=RANGE_DAYS[interval])
        found: dict[datetime, Mapping[str, Any]] = {}
        while start <= end:
            until = min(start + step, end)
            for candle in self._page(instrument_token, start, until, interval, continuous):
                found[candle["date"]] = candle
            start = until + timedelta(seconds=1)
        return [found[moment] for moment in sorted(found)]

    def _page(
        self, instrument_token: int, start: datetime, end: datetime, interval: str, continuous: bool
    ) -> list[Mapping[str, Any]]:
        candles: list[Mapping[str, Any]] = self._calls.read(
            "historical",
            lambda client: client.historical_data(
                instrument_token, _wall(start), _wall(end), interval, continuous=continuous, oi=True
            ),
        )
        return candles


def _wall(moment: datetime) -> str:
    """The API takes IST without saying so."""
    return moment.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")

"""Premiums where none were recorded: priced on the underlying's own bars by the surface.

Nothing here is a market price, and a result that rests on it says so. The chain is priced without dividends
on the spot itself, so that calls and puts agree; books and open interest are medians of recorded chains,
which no single minute had to have.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from patang.backtest.earlier import NOTHING_EARLIER, Earlier
from patang.backtest.history import History, SymbolHistory
from patang.backtest.premiums.listing import listed_option, strikes_near, watched_expiries
from patang.backtest.premiums.source import OptionBoard, PremiumBars
from patang.backtest.premiums.surface import Surface, shipped_surface
from patang.errors import BadInput
from patang.market.candles import Quote
from patang.market.contract_terms import UNDERLYINGS, expiries
from patang.market.greeks import RISK_FREE_RATE, price
from patang.market.instruments import Instrument
from patang.market.sessions import IST, expiry_moment
from patang.settings import Settings

__all__ = ["ModelledPremiums"]

type Floats = NDArray[np.float64]

_MINUTE = 60
_DAYS_A_YEAR = 365
_YEAR = _DAYS_A_YEAR * 86_400.0
_TICK = 0.05
_SESSION_SECONDS = 375 * 60


@dataclass(frozen=True, slots=True, eq=False)
class _Underlying:
    """An index with what its options' volatility goes by, a value a session: nothing of a session is in its
    own. `places` are each bar's session."""

    bars: SymbolHistory
    places: NDArray[np.int64]
    realised: Floats
    closed_before: Floats
    opened: NDArray[np.int64]

    @classmethod
    def of(cls, bars: SymbolHistory, earlier: Earlier, surface: Surface) -> "_Underlying":
        _, begins, places = np.unique(bars.days, return_index=True, return_inverse=True)
        known = earlier.followed_by(bars.days, bars.close)
        realised = surface.realised(np.array(known.variances))[len(earlier.variances) : -1]
        # Before the first session of all there is no close: its own open stands for it.
        before = float(bars.open[0]) if earlier.close is None else earlier.close
        closed_before = np.append(before, bars.close[begins[1:] - 1])
        return cls(bars, places, realised, closed_before, bars.starts[begins])


class ModelledPremiums:
    """The options on the indices of a history. `settings` say which are watched, as on the live desk."""

    def __init__(self, history: History, settings: Settings, surface: Surface | None = None) -> None:
        self._surface = surface or shipped_surface()
        self._settings = settings
        self._watched: dict[tuple[str, date], tuple[tuple[date, ...], date | None]] = {}
        self._underlyings = {
            symbol.symbol: _Underlying.of(
                symbol, history.earlier.get(symbol.symbol, NOTHING_EARLIER), self._surface
            )
            for symbol in history.symbols
            if symbol.symbol in UNDERLYINGS and len(symbol)
        }

    def board(self, underlying: str, as_of: datetime) -> OptionBoard | None:
        """See PremiumSource: None too for an underlying whose contracts no table knows. Quoted is the expiry
        that may be entered; of the others it is only told that they are listed."""
        index = self._underlyings.get(underlying)
        row = None if index is None else _row_closed_at(index.bars, as_of)
        if index is None or row is None:
            return None
        spot, day = float(index.bars.close[row]), as_of.astimezone(IST).date()
        strikes = tuple(strikes_near(underlying, spot, self._settings.universe.strikes_each_side))
        contracts: list[Instrument] = []
        quotes: dict[str, Quote] = {}
        expiries_watched, enterable = self._expiries(underlying, day)
        for expiry in expiries_watched:
            of_expiry = [listed_option(underlying, expiry, k, kind) for k in strikes for kind in ("CE", "PE")]
            contracts += of_expiry
            # What may not be entered is not looked at but for its date.
            if expiry == enterable:
                quotes |= self._quotes(index, row, of_expiry, expiry, as_of)
        return OptionBoard(tuple(contracts), quotes, "modelled")

    def bars(self, contract: Instrument, first: datetime, last: datetime) -> PremiumBars:
        """See PremiumSource. Within a bar a call is highest where the index is, a put where it is lowest.

        Raises BadInput for what is no option on an index of the history.
        """
        index = self._underlyings.get(contract.underlying)
        if index is None or contract.expiry is None or contract.strike is None or not contract.is_option:
            raise BadInput(
                f"{contract.identifier} is no option on an index of this history: no premium of it"
            )
        starts = index.bars.starts
        ends = int(expiry_moment(contract.expiry).timestamp())
        begin = int(np.searchsorted(starts, int(first.timestamp())))
        end = int(np.searchsorted(starts, min(int(last.timestamp()) + 1, ends)))
        at = slice(begin, max(begin, end))
        spots = np.stack([getattr(index.bars, name)[at] for name in ("open", "high", "low", "close")])
        # The open is of the minute's start; when its high and low were nobody knows, so they are of its end.
        moments = starts[at] + np.array([0, _MINUTE, _MINUTE, _MINUTE])[:, None]
        prices, z = self._prices(index, index.places[at], spots, moments, contract)
        opened, closed = prices[0], prices[3]
        place = _place(contract.underlying, contract.expiry, index.opened[index.places[at]])
        bid, ask = self._book(closed, z[3], place)
        return PremiumBars(
            starts[at].copy(),
            _on_tick(opened),
            _on_tick(prices.max(axis=0)),
            _on_tick(prices.min(axis=0)),
            _on_tick(closed),
            bid,
            ask,
            np.full(len(closed), np.nan),
            "modelled",
        )

    def _expiries(self, underlying: str, day: date) -> tuple[tuple[date, ...], date | None]:
        if (underlying, day) not in self._watched:
            self._watched[underlying, day] = watched_expiries(underlying, day, self._settings)
        return self._watched[underlying, day]

    def _prices(
        self,
        index: _Underlying,
        sessions: NDArray[np.int64],
        spot: Floats,
        moments: NDArray[np.int64],
        contract: Instrument,
    ) -> tuple[Floats, Floats]:
        """Prices in rupees with the index at `spot`, and z of the contract."""
        if contract.expiry is None or contract.strike is None:
            raise BadInput(f"{contract.identifier} is no option: no premium of it")
        is_call, strike = contract.instrument_type == "CE", float(contract.strike)
        return self._priced(index, sessions, spot, moments, contract.expiry, is_call, strike)

    def _priced(
        self,
        index: _Underlying,
        sessions: NDArray[np.int64],
        spot: Floats,
        moments: NDArray[np.int64],
        expiry: date,
        is_call: bool | NDArray[np.bool_],
        strike: float | Floats,
    ) -> tuple[Floats, Floats]:
        end = expiry_moment(expiry)
        years = (end.timestamp() - moments) / _YEAR
        left = self._surface.clock.left(end, moments)
        level = self._surface.level(index.realised[sessions], np.log(spot / index.closed_before[sessions]))
        moneyness = np.log(strike / spot) - RISK_FREE_RATE * years
        volatility = self._surface.volatility(level, left, moneyness)
        z = self._surface.standardised(moneyness, self._surface.at_the_money(level, left), left)
        exercised = np.maximum(np.where(is_call, spot - strike, strike - spot), 0.0)
        # Interest runs by the calendar, variance by its clock: the price takes the total of each.
        with np.errstate(divide="ignore", invalid="ignore"):
            by_calendar = volatility * np.sqrt(left / _DAYS_A_YEAR / years)
        worth = price(is_call, spot, strike, years, by_calendar)
        return np.where(years > 0, worth, exercised), z

    def _quotes(
        self,
        index: _Underlying,
        row: int,
        contracts: list[Instrument],
        expiry: date,
        as_of: datetime,
    ) -> Mapping[str, Quote]:
        is_call = np.array([c.instrument_type == "CE" for c in contracts])
        strike = np.array([float(c.strike or math.nan) for c in contracts])
        session = int(index.places[row])
        mid, z = self._priced(
            index,
            np.full(len(strike), session),
            np.full(len(strike), index.bars.close[row]),
            np.full(len(strike), int(as_of.timestamp())),
            expiry,
            is_call,
            strike,
        )
        place = _place(contracts[0].underlying, expiry, index.opened[session : session + 1])
        bid, ask = self._book(mid, z, place)
        book = self._surface.book_of(int(place[0]))
        traded = min((as_of.timestamp() - float(index.opened[session])) / _SESSION_SECONDS, 1.0)
        falls = np.exp(-book.fall_by_z * np.abs(z)) * contracts[0].lot_size
        columns = (
            _on_tick(mid).tolist(),
            bid.tolist(),
            ask.tolist(),
            (book.volume_lots * traded * falls).astype(np.int64).tolist(),
            (book.open_interest_lots * falls).astype(np.int64).tolist(),
        )
        return {
            # Of arrays that were made here: validating each quote would take longer than pricing all.
            contract.identifier: Quote.model_construct(
                identifier=contract.identifier,
                last_price=last,
                bid=low,
                ask=high,
                volume=volume,
                oi=interest,
                exchange_time=as_of,
            )
            for contract, last, low, high, volume, interest in zip(contracts, *columns, strict=True)
        }

    def _book(self, mid: Floats, z: Floats, place: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Bid and ask on ticks either side of the middle, at least a tick apart."""
        books = [self._surface.book_of(n) for n in range(int(place.max(initial=0)) + 1)]
        at_money = np.array([book.spread_pct for book in books])[place]
        growth = np.array([book.spread_by_z2 for book in books])[place]
        nearest = np.minimum(np.abs(z), self._surface.widest)
        half = mid * at_money / 200 * (1 + growth * nearest**2)
        bid = np.maximum(np.floor((mid - half) / _TICK + 1e-9) * _TICK, _TICK)
        ask = np.maximum(np.ceil((mid + half) / _TICK - 1e-9) * _TICK, bid + _TICK)
        return np.round(bid, 2), np.round(ask, 2)


def _row_closed_at(bars: SymbolHistory, as_of: datetime) -> int | None:
    start = int(as_of.timestamp()) - _MINUTE
    row = int(np.searchsorted(bars.starts, start))
    return row if row < len(bars) and bars.starts[row] == start else None


def _place(underlying: str, expiry: date, opened: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many expiries of the underlying come before this one, on the session of each bar."""
    found: dict[int, int] = {}
    for moment in np.unique(opened).tolist():
        day = datetime.fromtimestamp(moment, IST).date()
        found[moment] = sum(e < expiry for e in expiries(underlying, day, 6))
    return np.array([found[moment] for moment in opened.tolist()], np.int64)


def _on_tick(prices: Floats) -> Floats:
    return np.round(np.maximum(np.rint(prices / _TICK), 1.0) * _TICK, 2)

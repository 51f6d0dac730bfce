"""Implied volatility of the underlyings whose option chains are watched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.market.candles import Quote
from patang.market.chain_snapshot import ChainSnapshot, chain_snapshot
from patang.market.greeks import years_to
from patang.market.instruments import Instrument
from patang.market.option_chain import STALE_AFTER, telling_expiry, volatility_view
from patang.market.volatility import VolatilityRange

__all__ = ["ChainVolatility"]


@dataclass(frozen=True, slots=True)
class _Expiry:
    """The contracts of one expiry: their rows, whether each is a call, and its strike."""

    rows: NDArray[np.intp]
    is_call: NDArray[np.bool_]
    strike: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Chain:
    """An underlying with options: its own row, its contracts, and those by expiry."""

    underlying: Instrument
    row: int
    contracts: tuple[Instrument, ...]
    expiries: Mapping[date, _Expiry]


class ChainVolatility:
    """What the option chains say each minute, ranked in the year that the morning has read."""

    def __init__(self, instruments: tuple[Instrument, ...]) -> None:
        self._chains = _chains(instruments)
        self._years: dict[str, VolatilityRange] = {}

    def know(self, years: Mapping[str, VolatilityRange]) -> None:
        """Rank in these ranges of daily volatility, by underlying."""
        self._years = {name: year for name, year in years.items() if name in self._chains}

    def inherit(self, before: "ChainVolatility") -> None:
        """Where the morning has read no year, keep to the one of an earlier day."""
        self._years = {n: y for n, y in before._years.items() if n in self._chains} | self._years

    def view(self, quotes: NDArray[np.void], as_of: datetime) -> dict[str, dict[str, float]]:
        """The volatility features by underlying; `quotes` (dtype TICK) has a row an instrument."""
        found = {}
        quoted = quotes["exchange_time"] >= (as_of - STALE_AFTER).timestamp()
        for name, chain in self._chains.items():
            spot = float(quotes["last_price"][chain.row])
            alive = {day: e for day, e in chain.expiries.items() if quoted[e.rows].any()}
            expiry = telling_expiry(alive, as_of)
            if spot <= 0 or expiry is None:
                continue
            listed = alive[expiry]
            now = quoted[listed.rows]
            premium = _premium(quotes[listed.rows[now]])
            years = years_to(expiry, as_of)
            view = volatility_view(listed.is_call[now], listed.strike[now], years, premium, spot)
            year = self._years.get(name)
            found[name] = {
                "iv_from_options": view.at_the_money,
                "iv_rank": float("nan") if year is None else year.rank(view.at_the_money),
                "iv_skew": view.skew,
            }
        return found

    def snapshots(self, quotes: Sequence[Quote], as_of: datetime) -> tuple[ChainSnapshot, ...]:
        """The chains of those underlyings that are quoted themselves and have a quoted contract."""
        by_identifier = {quote.identifier: quote for quote in quotes}
        taken = (
            chain_snapshot(
                name,
                chain.contracts,
                by_identifier,
                by_identifier[chain.underlying.identifier].last_price,
                as_of,
                self._years.get(name),
            )
            for name, chain in self._chains.items()
            if chain.underlying.identifier in by_identifier
        )
        return tuple(snapshot for snapshot in taken if snapshot.rows)

    def to_json(self) -> dict[str, Any]:
        return {name: year.model_dump() for name, year in self._years.items()}

    def restore(self, value: Mapping[str, Any]) -> None:
        self.know({name: VolatilityRange.model_validate(year) for name, year in value.items()})


def _premium(quotes: NDArray[np.void]) -> NDArray[np.float64]:
    """The middle of the book, or the last price where one side of it is missing."""
    bid, ask = quotes["bid"], quotes["ask"]
    return np.where((bid > 0) & (ask >= bid), (bid + ask) / 2, quotes["last_price"])


def _chains(instruments: Iterable[Instrument]) -> dict[str, _Chain]:
    listed = list(enumerate(instruments))
    spots = {i.symbol: (row, i) for row, i in listed if i.is_spot}
    chains = {}
    for name in sorted({i.underlying for _, i in listed if i.is_option} & spots.keys()):
        options = [(row, i) for row, i in listed if i.is_option and i.underlying == name]
        row, underlying = spots[name]
        days = sorted({i.expiry for _, i in options if i.expiry})
        expiries = {day: _expiry([(r, i) for r, i in options if i.expiry == day]) for day in days}
        chains[name] = _Chain(underlying, row, tuple(i for _, i in options), expiries)
    return chains


def _expiry(listed: Sequence[tuple[int, Instrument]]) -> _Expiry:
    return _Expiry(
        rows=np.array([row for row, _ in listed], np.intp),
        is_call=np.array([i.instrument_type == "CE" for _, i in listed]),
        strike=np.array([float(i.strike or "nan") for _, i in listed]),
    )

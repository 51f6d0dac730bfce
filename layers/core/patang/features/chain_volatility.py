"""Implied volatility of the underlyings whose option chains are watched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.features.iv_rank import VolatilityHistory
from patang.market.greeks import years_to
from patang.market.instruments import Instrument
from patang.market.option_chain import volatility_view

__all__ = ["ChainVolatility"]


@dataclass(frozen=True, slots=True)
class _Chain:
    """The nearest expiry of an underlying: rows of its contracts, and of the underlying itself."""

    expiry: date
    underlying_row: int
    rows: NDArray[np.intp]
    is_call: NDArray[np.bool_]
    strike: NDArray[np.float64]


class ChainVolatility:
    """One view a minute of each underlying, and the history it is ranked in."""

    def __init__(self, instruments: tuple[Instrument, ...]) -> None:
        self._chains = _nearest_chains(instruments)
        self._histories = {name: VolatilityHistory() for name in self._chains}

    def inherit(self, before: "ChainVolatility") -> None:
        """Take over the histories of an earlier day."""
        self._histories |= {n: h for n, h in before._histories.items() if n in self._histories}

    def view(self, quotes: NDArray[np.void], as_of: datetime) -> dict[str, dict[str, float]]:
        """The volatility features by underlying; `quotes` has a row an instrument. Adds to the histories."""
        found = {}
        for name, chain in self._chains.items():
            of_chain, spot = quotes[chain.rows], float(quotes["last_price"][chain.underlying_row])
            quoted = of_chain["exchange_time"] > 0
            if spot <= 0 or not quoted.any():
                continue
            years = years_to(chain.expiry, as_of)
            premium = _premium(of_chain[quoted])
            view = volatility_view(chain.is_call[quoted], chain.strike[quoted], years, premium, spot)
            history = self._histories[name]
            history.add(as_of.date(), view.at_the_money)
            found[name] = {
                "iv_from_options": view.at_the_money,
                "iv_rank": history.rank(view.at_the_money),
                "iv_skew": view.skew,
            }
        return found

    def to_json(self) -> dict[str, Any]:
        return {name: history.to_json() for name, history in self._histories.items()}

    def restore(self, value: Mapping[str, Any]) -> None:
        self._histories = {name: VolatilityHistory.from_json(history) for name, history in value.items()}


def _premium(quotes: NDArray[np.void]) -> NDArray[np.float64]:
    """The middle of the book, or the last price where one side of it is missing."""
    bid, ask = quotes["bid"], quotes["ask"]
    return np.where((bid > 0) & (ask >= bid), (bid + ask) / 2, quotes["last_price"])


def _nearest_chains(instruments: tuple[Instrument, ...]) -> dict[str, _Chain]:
    own_rows = {i.symbol: row for row, i in enumerate(instruments) if not i.is_option and i.expiry is None}
    chains = {}
    for name in sorted({i.underlying for i in instruments if i.is_option} & own_rows.keys()):
        options = [
            (row, i) for row, i in enumerate(instruments) if i.is_option and i.underlying == name and i.expiry
        ]
        nearest = min(i.expiry for _, i in options if i.expiry)
        listed = [(row, i) for row, i in options if i.expiry == nearest]
        chains[name] = _Chain(
            expiry=nearest,
            underlying_row=own_rows[name],
            rows=np.array([row for row, _ in listed], np.intp),
            is_call=np.array([i.instrument_type == "CE" for _, i in listed]),
            strike=np.array([float(i.strike or "nan") for _, i in listed]),
        )
    return chains

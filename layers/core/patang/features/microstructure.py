"""What the book and the trades of the last minutes say of each index and share.

An index has neither volume nor book. The near future on it speaks for it, if that has a two-sided book;
else the pair of a call and a put of one strike, the nearest to the money that has both books. Such a pair,
the call bought and the put sold, is a future in other clothes: its bid is call bid - put ask + strike, its
ask call ask - put bid + strike, and who buys the call or sells the put buys it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from patang.features.undefined import REASONS, Undefined
from patang.market.instruments import Instrument
from patang.market.option_chain import STALE_AFTER

__all__ = ["Books", "Microstructure"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Microstructure:
    """Spots x BOOK_FEATURES: values, NaN where not defined, and why not (places in REASONS)."""

    values: Floats
    undefined: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """The pairs of call and put on an index, by expiry and strike: their rows."""

    strikes: Floats
    expiries: NDArray[np.int64]
    calls: NDArray[np.intp]
    puts: NDArray[np.intp]


class Books:
    """Whose book and trades speak for each spot. Rows are those of the instruments."""

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self._spots = np.array([row for row, i in enumerate(instruments) if i.is_spot], np.intp)
        self._indices = [
            (
                at,
                _near_future(instruments, instruments[row].symbol),
                _pairs(instruments, instruments[row].symbol),
            )
            for at, row in enumerate(self._spots.tolist())
            if instruments[row].instrument_type == "INDEX"
        ]

    def look(
        self,
        quotes: NDArray[np.void],
        bought: NDArray[np.int64],
        sold: NDArray[np.int64],
        as_of: datetime,
        interrupted: Undefined | None,
    ) -> Microstructure:
        """The features of every spot from its last quote (dtype TICK) and the trades of five minutes.

        A book that was not heard of for five minutes is none. `interrupted`: why the five minutes do not tell
        the flow, if they do not.
        """
        sides = _sides(quotes, bought, sold, as_of)
        missing = np.zeros(len(self._spots), np.uint8)
        speaking, seen = sides[self._spots], quotes["exchange_time"] > 0
        for at, future, pairs in self._indices:
            spot = float(quotes["last_price"][self._spots[at]])
            speaking[at], reason = _stand_in(sides, future, pairs, spot, seen)
            missing[at] = REASONS.index(reason)
        return _measured(speaking, missing, interrupted)


# What a book and its trades come to: quantities wanted and offered, best prices, units bought and sold.
_SIDES = np.dtype([(name, "<f8") for name in ("bids", "asks", "bid", "ask", "bought", "sold")])


def _sides(
    quotes: NDArray[np.void], bought: NDArray[np.int64], sold: NDArray[np.int64], as_of: datetime
) -> NDArray[np.void]:
    """Of each quote: all quantity in the book, or the best bid's and ask's where the totals are missing."""
    found = np.zeros(len(quotes), _SIDES)
    totals = (quotes["buy_quantity"] + quotes["sell_quantity"]) > 0
    fresh = quotes["exchange_time"] >= (as_of - STALE_AFTER).timestamp()
    found["bids"] = fresh * np.where(totals, quotes["buy_quantity"], quotes["bid_quantity"])
    found["asks"] = fresh * np.where(totals, quotes["sell_quantity"], quotes["ask_quantity"])
    found["bid"], found["ask"] = fresh * quotes["bid"], fresh * quotes["ask"]
    found["bought"], found["sold"] = bought, sold
    return found


def _measured(
    sides: NDArray[np.void], missing: NDArray[np.uint8], interrupted: Undefined | None
) -> Microstructure:
    """ob_imbalance and trade_flow_5m from -1 to 1; bid_ask_spread_pct in percent of the middle."""
    bid, ask = sides["bid"], sides["ask"]
    spread = 100 * _share(ask - bid, (ask + bid) / 2)
    flow = _share(sides["bought"] - sides["sold"], sides["bought"] + sides["sold"])
    if interrupted is not None:
        flow = np.full(len(sides), np.nan)
    values = np.stack(
        (
            _share(sides["bids"] - sides["asks"], sides["bids"] + sides["asks"]),
            flow,
            np.where((bid > 0) & (ask >= bid), spread, np.nan),
        ),
        axis=1,
    )
    values[missing > 0] = np.nan
    reasons = np.array(
        [REASONS.index(r) for r in (Undefined.NO_BOOK, interrupted or Undefined.NO_TRADES, Undefined.NO_BOOK)]
    )
    why = np.where(missing[:, None] > 0, missing[:, None], reasons)
    return Microstructure(values, np.where(np.isnan(values), why, 0).astype(np.uint8))


def _stand_in(
    sides: NDArray[np.void],
    future: int | None,
    pairs: _Pairs,
    spot: float,
    seen: NDArray[np.bool_],
) -> tuple[np.void, Undefined | None]:
    """What speaks for an index (_SIDES), or why nothing does. `seen`: what was quoted today."""
    if future is not None and _two_sided(sides[[future]])[0]:
        return sides[future], None
    pair = _nearest_pair(sides, pairs, spot)
    if pair is not None:
        call, put = sides[pairs.calls[pair]], sides[pairs.puts[pair]]
        return _as_future(call, put, float(pairs.strikes[pair])), None
    if future is not None and seen[future]:
        return sides[future], None
    nothing = np.zeros(1, _SIDES)[0]
    if future is None and not len(pairs.strikes):
        return nothing, Undefined.NO_STAND_IN
    heard = seen[pairs.calls].any() or seen[pairs.puts].any()
    return nothing, Undefined.NO_BOOK if heard else Undefined.NO_QUOTE


def _nearest_pair(sides: NDArray[np.void], pairs: _Pairs, spot: float) -> int | None:
    """The place of the pair with both books: of the nearest expiry, there the nearest to the money."""
    whole = np.flatnonzero(_two_sided(sides[pairs.calls]) & _two_sided(sides[pairs.puts]))
    if len(whole) == 0:
        return None
    away = np.abs(pairs.strikes[whole] - spot)
    return int(whole[np.lexsort((pairs.strikes[whole], away, pairs.expiries[whole]))[0]])


def _as_future(call: np.void, put: np.void, strike: float) -> np.void:
    found: np.void = np.zeros(1, _SIDES)[0]
    found["bids"], found["asks"] = call["bids"] + put["asks"], call["asks"] + put["bids"]
    found["bid"], found["ask"] = call["bid"] - put["ask"] + strike, call["ask"] - put["bid"] + strike
    found["bought"], found["sold"] = call["bought"] + put["sold"], call["sold"] + put["bought"]
    return found


def _two_sided(sides: NDArray[np.void]) -> NDArray[np.bool_]:
    both: NDArray[np.bool_] = (sides["bid"] > 0) & (sides["ask"] >= sides["bid"])
    return both


def _share(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def _near_future(instruments: Sequence[Instrument], symbol: str) -> int | None:
    futures = [
        (i.expiry, row)
        for row, i in enumerate(instruments)
        if i.instrument_type == "FUT" and i.underlying == symbol and i.expiry
    ]
    return min(futures)[1] if futures else None


def _pairs(instruments: Sequence[Instrument], symbol: str) -> _Pairs:
    rows = {
        (i.expiry, i.strike, i.instrument_type): row
        for row, i in enumerate(instruments)
        if i.is_option and i.underlying == symbol and i.expiry and i.strike
    }
    both = sorted((e, k) for e, k, kind in rows if kind == "CE" and (e, k, "PE") in rows)
    return _Pairs(
        strikes=np.array([float(strike) for _, strike in both], np.float64),
        expiries=np.array([expiry.toordinal() for expiry, _ in both], np.int64),
        calls=np.array([rows[e, k, "CE"] for e, k in both], np.intp),
        puts=np.array([rows[e, k, "PE"] for e, k in both], np.intp),
    )

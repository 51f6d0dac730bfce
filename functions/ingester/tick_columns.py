"""Packets as the columns of a table of ticks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from patang.market.packets import KINDS, in_rupees

__all__ = ["tick_columns"]

_FIELDS = (
    "last_price", "last_quantity", "average_price", "volume", "buy_quantity", "sell_quantity",
    "open", "high", "low", "close", "oi", "oi_day_high", "oi_day_low",
)  # fmt: skip
_TIMES = ("exchange_time", "last_trade_time")
_LEVELS = 5

type _Heard = tuple[int, NDArray[np.void], datetime]


def tick_columns(
    heard: Iterable[tuple[NDArray[np.void], datetime]], symbols: Mapping[int, str]
) -> dict[str, NDArray[np.generic]]:
    """Columns of equal length from (packets of one kind, when they were received) pairs, by instrument and,
    within one, in the order of arrival: neighbours then differ little, which halves the file.

    Prices in rupees, sizes in units, times as datetime64 in UTC. What a kind of packet does not say, and a
    time of zero, is masked. `symbols` names instruments by token; others have an empty symbol.
    """
    by_kind: dict[int, list[_Heard]] = defaultdict(list)
    for place, (packets, received_at) in enumerate(heard):
        by_kind[packets.dtype.itemsize].append((place, packets, received_at))
    parts = [_columns_of_a_kind(kind, some) for kind, some in by_kind.items()]
    columns = {name: np.ma.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((columns.pop("place"), columns["instrument_token"]))
    in_order: dict[str, NDArray[np.generic]] = {name: values[order] for name, values in columns.items()}
    return {"symbol": _symbols(in_order["instrument_token"], symbols), **in_order}


def _columns_of_a_kind(length: int, heard: list[_Heard]) -> dict[str, NDArray[np.generic]]:
    packets = np.concatenate([part for _, part, _ in heard])
    said, count = in_rupees(packets), len(packets)
    lengths = [len(part) for _, part, _ in heard]
    received = [np.datetime64(round(moment.timestamp() * 1e6), "us") for _, _, moment in heard]
    columns: dict[str, NDArray[np.generic]] = {
        "place": np.repeat([place for place, _, _ in heard], lengths),
        "instrument_token": said["token"],
        "mode": np.full(count, KINDS[length].mode),
        "received_at": np.repeat(np.array(received), lengths),
    }
    names = said.dtype.names or ()
    for name in _TIMES:
        seconds = said[name] if name in names else np.zeros(count, np.int64)
        columns[name] = np.ma.masked_array(seconds.astype("datetime64[s]"), mask=seconds == 0)
    for name in _FIELDS:
        columns[name] = said[name] if name in names else _unsaid(count)
    for side, field in (("bid", "bids"), ("ask", "asks")):
        for level in range(_LEVELS):
            for what in ("price", "quantity", "orders"):
                values = said[field][what][:, level] if field in names else _unsaid(count)
                columns[f"{side}_{what}_{level + 1}"] = values
    return columns


def _unsaid(count: int) -> NDArray[np.generic]:
    return np.ma.masked_all(count, np.int64)


def _symbols(tokens: NDArray[np.generic], symbols: Mapping[int, str]) -> NDArray[np.generic]:
    distinct, places = np.unique(tokens, return_inverse=True)
    return np.array([symbols.get(int(token), "") for token in distinct])[places]

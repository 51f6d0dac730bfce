"""Kite's binary packets: their layouts, and what they say in rupees.

All fields are big-endian and, but for an index's price change, unsigned. The length of a packet tells its
kind. Prices are integers; the segment, the token's last byte, tells how many make a rupee. Source:
https://kite.trade/docs/connect/v3/websocket/ and, for what that page leaves out (BSE's currencies and NSE's
commodities, the order of an index's fields), the official client's parser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import DTypeLike, NDArray

from patang.market.instruments import FeedMode

__all__ = ["FULL", "INDEX_FULL", "KINDS", "Kind", "divisors", "in_rupees", "is_tradable"]

_INDEX_SEGMENT = 9
_CURRENCY_SEGMENT, _BSE_CURRENCY_SEGMENT, _NSE_COMMODITY_SEGMENT = 3, 6, 12

_DIVISORS = np.full(256, 100.0)
_DIVISORS[_CURRENCY_SEGMENT] = 1e7
_DIVISORS[[_BSE_CURRENCY_SEGMENT, _NSE_COMMODITY_SEGMENT]] = 1e4

_PRICES = frozenset({
    "last_price", "average_price", "open", "high", "low", "close", "price_change", "price",
})  # fmt: skip

_LEVEL = np.dtype([("quantity", ">u4"), ("price", ">u4"), ("orders", ">u2"), ("padding", ">u2")])

_LTP = np.dtype([("token", ">u4"), ("last_price", ">u4")])
_INDEX_QUOTE = np.dtype([
    ("token", ">u4"), ("last_price", ">u4"),
    ("high", ">u4"), ("low", ">u4"), ("open", ">u4"), ("close", ">u4"), ("price_change", ">i4"),
])  # fmt: skip
_QUOTE = np.dtype([
    ("token", ">u4"), ("last_price", ">u4"), ("last_quantity", ">u4"), ("average_price", ">u4"),
    ("volume", ">u4"), ("buy_quantity", ">u4"), ("sell_quantity", ">u4"),
    ("open", ">u4"), ("high", ">u4"), ("low", ">u4"), ("close", ">u4"),
])  # fmt: skip


def _then(layout: np.dtype[np.void], *more: tuple[object, ...]) -> np.dtype[np.void]:
    return np.dtype([*((name, layout[name]) for name in layout.names or ()), *more])


INDEX_FULL = _then(_INDEX_QUOTE, ("exchange_time", ">u4"))
FULL = _then(
    _QUOTE,
    ("last_trade_time", ">u4"),
    ("oi", ">u4"),
    ("oi_day_high", ">u4"),
    ("oi_day_low", ">u4"),
    ("exchange_time", ">u4"),
    ("bids", _LEVEL, (5,)),
    ("asks", _LEVEL, (5,)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of packet: the mode that asks for it, its layout on the wire and the dtype of what it says."""

    mode: FeedMode
    layout: np.dtype[np.void]
    said: np.dtype[np.void]


def _said(layout: np.dtype[np.void]) -> list[tuple[str, DTypeLike] | tuple[str, DTypeLike, tuple[int, ...]]]:
    """The fields of `layout` with prices as float64 and everything else as int64."""
    fields: list[tuple[str, DTypeLike] | tuple[str, DTypeLike, tuple[int, ...]]] = []
    for name in layout.names or ():
        if name == "padding":
            continue
        part = layout[name]
        if part.subdtype is not None:
            level, shape = part.subdtype
            fields.append((name, np.dtype(_said(level)), shape))
        else:
            fields.append((name, np.float64 if name in _PRICES else np.int64))
    return fields


def _kind(mode: FeedMode, layout: np.dtype[np.void]) -> Kind:
    fields = [*_said(layout), ("tradable", np.bool_)]
    if "close" in (layout.names or ()):
        fields.append(("change", np.float64))
    return Kind(mode, layout, np.dtype(fields))


_ALL = (
    _kind("ltp", _LTP),
    _kind("quote", _INDEX_QUOTE),
    _kind("full", INDEX_FULL),
    _kind("quote", _QUOTE),
    _kind("full", FULL),
)
# By the length of a packet in bytes.
KINDS: Mapping[int, Kind] = MappingProxyType({kind.layout.itemsize: kind for kind in _ALL})


def divisors(tokens: NDArray[np.unsignedinteger]) -> NDArray[np.float64]:
    """How many of a packet's price units make a rupee, for each instrument token."""
    found: NDArray[np.float64] = _DIVISORS[tokens & 0xFF]
    return found


def is_tradable(tokens: NDArray[np.unsignedinteger]) -> NDArray[np.bool_]:
    """False for indices."""
    tradable: NDArray[np.bool_] = (tokens & 0xFF) != _INDEX_SEGMENT
    return tradable


def in_rupees(packets: NDArray[np.void]) -> NDArray[np.void]:
    """What packets of one kind (dtype one of the layouts of `KINDS`) say, field by field.

    Prices in rupees, sizes in units, times in epoch seconds with 0 where there is none. `tradable` is false
    for indices; `change` is the last price over the previous close in percent, 0 without a close, as the
    official client has it (an index's own `price_change` is in rupees).
    """
    kind = KINDS[packets.dtype.itemsize]
    said = np.empty(len(packets), kind.said)
    divisor = divisors(packets["token"])
    _fill(said, packets, divisor)
    said["tradable"] = is_tradable(packets["token"])
    if "change" in (kind.said.names or ()):
        last, close = said["last_price"], said["close"]
        said["change"] = np.divide((last - close) * 100, close, out=np.zeros(len(said)), where=close != 0)
    return said


def _fill(said: NDArray[np.void], packets: NDArray[np.void], divisor: NDArray[np.float64]) -> None:
    for name in packets.dtype.names or ():
        if name == "padding":
            continue
        field = packets[name]
        if field.dtype.names:
            _fill(said[name], field, divisor[:, None])
        elif name in _PRICES:
            np.divide(field, divisor, out=said[name])
        else:
            said[name] = field

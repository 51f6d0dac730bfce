"""Kite's binary frames as arrays of ticks.

A frame is a count (u16) and, for each packet, its length (u16) and body, all big-endian and unsigned. Only
full packets say when they happened, so only those become ticks: 184 bytes, or 32 for an index.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.market.ticks import TICK

__all__ = ["Decoded", "decode"]

_U16 = struct.Struct(">H")

_DEPTH = np.dtype([("quantity", ">u4"), ("price", ">u4"), ("orders", ">u2"), ("padding", ">u2")])
_FULL = np.dtype([
    ("token", ">u4"), ("last_price", ">u4"), ("last_quantity", ">u4"), ("average_price", ">u4"),
    ("volume", ">u4"), ("buy_quantity", ">u4"), ("sell_quantity", ">u4"),
    ("open", ">u4"), ("high", ">u4"), ("low", ">u4"), ("close", ">u4"),
    ("last_trade_time", ">u4"), ("oi", ">u4"), ("oi_day_high", ">u4"), ("oi_day_low", ">u4"),
    ("exchange_time", ">u4"), ("bids", _DEPTH, (5,)), ("asks", _DEPTH, (5,)),
])  # fmt: skip
_INDEX = np.dtype([
    ("token", ">u4"), ("last_price", ">u4"),
    ("high", ">u4"), ("low", ">u4"), ("open", ">u4"), ("close", ">u4"),
    ("change", ">u4"), ("exchange_time", ">u4"),
])  # fmt: skip
_LAYOUTS = {layout.itemsize: layout for layout in (_FULL, _INDEX)}

# The segment is the token's last byte; prices of the currency segments have more decimals.
_DIVISORS = np.full(256, 100.0)
_DIVISORS[3] = 1e7
_DIVISORS[[6, 12]] = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """The ticks of a frame (dtype TICK), and how many packets were left out for having no time."""

    ticks: NDArray[np.void]
    left_out: int


def decode(frame: bytes) -> Decoded:
    """The ticks in a binary frame. Raises BadInput if it is cut short or runs over."""
    starts: dict[int, list[int]] = {}
    position = _U16.size
    try:
        (count,) = _U16.unpack_from(frame)
        for _ in range(count):
            (length,) = _U16.unpack_from(frame, position)
            starts.setdefault(length, []).append(position + _U16.size)
            position += _U16.size + length
    except struct.error as error:
        raise BadInput(f"a frame of {len(frame)} bytes ends before its last packet") from error
    if position != len(frame):
        raise BadInput(f"a frame of {len(frame)} bytes announces {count} packets that take {position}")
    parts = [_ticks(frame, starts[length], layout) for length, layout in _LAYOUTS.items() if length in starts]
    ticks = np.concatenate(parts) if parts else np.empty(0, TICK)
    timed = ticks[ticks["exchange_time"] > 0]
    return Decoded(timed, count - len(timed))


def _ticks(frame: bytes, starts: list[int], layout: np.dtype[np.void]) -> NDArray[np.void]:
    places = np.asarray(starts)[:, None] + np.arange(layout.itemsize)
    packets = np.frombuffer(frame, np.uint8)[places].view(layout)[:, 0]
    ticks = np.zeros(len(packets), TICK)
    divisor = _DIVISORS[packets["token"] & 0xFF]
    for name in ("token", "exchange_time"):
        ticks[name] = packets[name]
    for name in ("last_price", "close"):
        ticks[name] = packets[name] / divisor
    if layout is _FULL:
        for name in ("volume", "oi", "buy_quantity", "sell_quantity"):
            ticks[name] = packets[name]
        for name, side in (("bid", packets["bids"]), ("ask", packets["asks"])):
            ticks[name] = side["price"][:, 0] / divisor
            ticks[f"{name}_quantity"] = side["quantity"][:, 0]
    return ticks

"""What the ingester would have put onto the stream of the exchange's prices."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from patang.market.envelope import EVERYBODY
from patang.market.ticks import TICK, StreamRecord, pack
from patang_workbench.exchange.lines import Line

__all__ = ["marker_record", "tick_record", "ticks_of"]


def tick_record(lines: Sequence[Line], now: datetime) -> bytes:
    """One record with a tick of each instrument."""
    return pack(StreamRecord("ticks", now, EVERYBODY, ticks_of(lines, now)))


def ticks_of(lines: Sequence[Line], now: datetime) -> NDArray[np.void]:
    """A tick (dtype TICK) of each instrument as it stands."""
    ticks = np.zeros(len(lines), TICK)
    for tick, line in zip(ticks, lines, strict=True):
        tick["token"] = line.instrument.token
        tick["exchange_time"] = int(now.timestamp())
        tick["last_price"], tick["volume"] = line.last / 100, line.volume
        tick["bid"], tick["ask"] = line.bid / 100, line.ask / 100
        tick["bid_quantity"], tick["ask_quantity"] = line.bids[0][1], line.asks[0][1]
        tick["close"] = line.previous_close / 100
    return ticks


def marker_record(now: datetime) -> bytes:
    """The record behind all ticks up to `now`."""
    return pack(StreamRecord("marker", now, EVERYBODY, np.zeros(0, TICK)))

"""What the ingester would have put onto the stream of the exchange's prices."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from patang.market.envelope import EVERYBODY
from patang.market.ticks import TICK, StreamRecord, pack
from patang_workbench.exchange.lines import Line

__all__ = ["marker_record", "tick_record"]


def tick_record(lines: Sequence[Line], now: datetime) -> bytes:
    """One record with a tick of each instrument."""
    ticks = np.zeros(len(lines), TICK)
    for tick, line in zip(ticks, lines, strict=True):
        tick["token"] = line.instrument.token
        tick["exchange_time"] = int(now.timestamp())
        tick["last_price"] = line.last / 100
        tick["bid"], tick["ask"] = line.bid / 100, line.ask / 100
        tick["close"] = line.previous_close / 100
    return pack(StreamRecord("ticks", now, EVERYBODY, ticks))


def marker_record(now: datetime) -> bytes:
    """The record behind all ticks up to `now`."""
    return pack(StreamRecord("marker", now, EVERYBODY, np.zeros(0, TICK)))

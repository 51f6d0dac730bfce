"""Instruments and ticks for tests of the paper broker."""

from datetime import date, datetime
from decimal import Decimal

import numpy as np

from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.market.ticks import TICK

__all__ = ["CALL", "INFY", "NIFTY", "NOW", "UNIVERSE", "ticks"]

NOW = datetime(2026, 8, 18, 10, 0, tzinfo=IST)

INFY = Instrument(
    instrument_token=408065,
    exchange="NSE",
    tradingsymbol="INFY",
    name="INFOSYS",
    instrument_type="EQ",
    segment="NSE",
    tick_size=Decimal("0.05"),
    lot_size=1,
)
CALL = Instrument(
    instrument_token=9000450,
    exchange="NFO",
    tradingsymbol="NIFTY26AUG25000CE",
    name="NIFTY",
    instrument_type="CE",
    segment="NFO-OPT",
    tick_size=Decimal("0.05"),
    lot_size=65,
    expiry=date(2026, 8, 25),
    strike=Decimal(25000),
)
NIFTY = Instrument(
    instrument_token=256265,
    exchange="NSE",
    tradingsymbol="NIFTY 50",
    name="NIFTY 50",
    instrument_type="INDEX",
    segment="INDICES",
    tick_size=Decimal("0.05"),
    lot_size=1,
)
UNIVERSE = Universe(day=NOW.date(), instruments=(INFY, CALL, NIFTY))


def ticks(*rows, instrument=INFY):
    """Ticks from (seconds after ten, bid, ask[, last])."""
    made = np.zeros(len(rows), TICK)
    for tick, (second, bid, ask, *last) in zip(made, rows, strict=True):
        tick["token"] = instrument.instrument_token
        tick["exchange_time"] = int(NOW.timestamp()) + second
        tick["bid"], tick["ask"] = bid, ask
        tick["last_price"] = last[0] if last else (bid + ask) / 2
    return made

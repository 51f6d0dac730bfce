"""Binary frames as Kite sends them, and instruments they speak of."""

import struct
from datetime import date, datetime
from decimal import Decimal

from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST

__all__ = ["CALL", "DAY", "INFY", "NIFTY", "OPEN", "UNIVERSE", "frame", "full", "index"]

DAY = date(2026, 8, 18)
OPEN = int(datetime(2026, 8, 18, 9, 15, tzinfo=IST).timestamp())


def _instrument(token: int, symbol: str, kind: str, name: str) -> Instrument:
    exchange = "NFO" if kind == "CE" else "NSE"
    return Instrument(
        instrument_token=token,
        exchange=exchange,
        tradingsymbol=symbol,
        name=name,
        instrument_type=kind,
        segment=exchange,
        tick_size=Decimal("0.05"),
        lot_size=1,
    )


NIFTY = _instrument(256265, "NIFTY 50", "INDEX", "NIFTY 50")
INFY = _instrument(408065, "INFY", "EQ", "INFOSYS")
CALL = _instrument(9000450, "NIFTY26AUG25000CE", "CE", "NIFTY")
UNIVERSE = Universe(day=DAY, instruments=(NIFTY, INFY, CALL))


def full(token: int, second: int, last: int = 150_005) -> bytes:
    """A full packet; prices in paise, `second` after the open."""
    head = (token, last, 7, 150_000, 1_000, 400, 500, 149_000, 151_000, 148_000, 149_500)
    tail = (OPEN + second, 77, 88, 66, OPEN + second)
    bids = [struct.pack(">IIHH", 10 + level, last - 5 * (level + 1), 1, 0) for level in range(5)]
    asks = [struct.pack(">IIHH", 20 + level, last + 5 * (level + 1), 2, 0) for level in range(5)]
    return struct.pack(">16I", *head, *tail) + b"".join(bids + asks)


def index(token: int, second: int, last: int = 2_500_010) -> bytes:
    return struct.pack(">8I", token, last, last + 10, last - 10, last - 5, last - 100, 100, OPEN + second)


def frame(*packets: bytes) -> bytes:
    parts = [struct.pack(">H", len(packet)) + packet for packet in packets]
    return struct.pack(">H", len(parts)) + b"".join(parts)

"""A small made-up market: an index, shares and an option chain, and their ticks."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from patang.market.instruments import Instrument, Universe
from patang.market.sessions import session_on
from patang.market.ticks import TICK, StreamRecord, pack

DAY = date(2016, 8, 16)
SESSION = session_on(DAY)
EXPIRY = date(2016, 8, 25)
INDEX_TOKEN = 256265
SHARE_TOKENS = {"INFY": 408065, "TCS": 2953217}
STRIKES = (8500, 8550, 8600, 8650, 8700)


def index(symbol: str = "NIFTY 50", token: int = INDEX_TOKEN) -> Instrument:
    return Instrument(
        instrument_token=token,
        exchange="NSE",
        tradingsymbol=symbol,
        name=symbol,
        instrument_type="INDEX",
        segment="INDICES",
        tick_size=Decimal("0.05"),
        lot_size=1,
    )


def share(symbol: str, token: int) -> Instrument:
    return Instrument(
        instrument_token=token,
        exchange="NSE",
        tradingsymbol=symbol,
        name=symbol,
        instrument_type="EQ",
        segment="NSE",
        tick_size=Decimal("0.05"),
        lot_size=1,
    )


def option(strike: int, kind: str, token: int, expiry: date = EXPIRY) -> Instrument:
    return Instrument(
        instrument_token=token,
        exchange="NFO",
        tradingsymbol=f"NIFTY16AUG{strike}{kind}",
        name="NIFTY",
        instrument_type=kind,
        segment="NFO-OPT",
        tick_size=Decimal("0.05"),
        lot_size=75,
        expiry=expiry,
        strike=Decimal(strike),
    )


def universe(day: date = DAY) -> Universe:
    options = [
        option(strike, kind, 9_000_000 + 2 * n + (kind == "PE"))
        for n, strike in enumerate(STRIKES)
        for kind in ("CE", "PE")
    ]
    shares = [share(symbol, token) for symbol, token in SHARE_TOKENS.items()]
    return Universe(day=day, instruments=(index(), *shares, *options))


def at(clock: str, day: date = DAY) -> datetime:
    """`09:15` or `09:15:30` of the day, IST."""
    return datetime.fromisoformat(f"{day}T{clock}+05:30").astimezone(SESSION.open.tzinfo)


def tick(token: int, moment: datetime, price: float, volume: int = 0, **more: float) -> NDArray[np.void]:
    """One tick; bid and ask are 5 paise away unless given."""
    row = np.zeros(1, TICK)
    row["token"], row["exchange_time"] = token, int(moment.timestamp())
    row["last_price"], row["volume"] = price, volume
    row["bid"], row["ask"] = price - 0.05, price + 0.05
    for name, value in more.items():
        row[name] = value
    return row


def ticks_record(moment: datetime, ticks: Sequence[NDArray[np.void]], underlying: str = "NIFTY") -> bytes:
    return pack(StreamRecord("ticks", moment, underlying, np.concatenate(list(ticks))))


def marker_record(moment: datetime) -> bytes:
    return pack(StreamRecord("marker", moment, "*", np.zeros(0, TICK)))


def quiet_second(moment: datetime, step: int) -> bytes:
    """A tick of everything: prices that wander a little with `step`, volumes that grow by it."""
    spot = 8600 + 3 * np.sin(step / 40)
    rows = [tick(INDEX_TOKEN, moment, round(float(spot), 2), bid=0, ask=0)]
    for n, token in enumerate(SHARE_TOKENS.values(), 1):
        price = round(1000.0 * n + 2 * np.sin(step / (30 + n)), 2)
        rows.append(tick(token, moment, price, 10 * step, buy_quantity=300, sell_quantity=100))
    for listed in universe().instruments:
        if listed.is_option:
            away = float(spot) - float(listed.strike)
            worth = max(away if listed.instrument_type == "CE" else -away, 0) + 60 - abs(away) / 10
            rows.append(tick(listed.instrument_token, moment, round(worth, 2), 75 * step, oi=1000 + step))
    return ticks_record(moment, rows)


def stream(start: datetime, end: datetime, every: int = 5) -> list[bytes]:
    """Records from `start` to before `end`: each `every` seconds a tick of everything, and a marker."""
    records = []
    moment = start
    while moment < end:
        step = int((moment - SESSION.open).total_seconds())
        records += [quiet_second(moment, max(step, 0)), marker_record(moment)]
        moment += timedelta(seconds=every)
    return records

"""Rows of an instruments dump, as the broker's official client gives them."""

from datetime import date
from typing import Any

EXPIRIES = (date(2016, 8, 18), date(2016, 8, 25), date(2016, 9, 1))


def row(token: int, symbol: str, **changes: Any) -> dict[str, Any]:
    values = {
        "instrument_token": token,
        "exchange_token": token >> 8,
        "tradingsymbol": symbol,
        "name": symbol,
        "last_price": 0.0,
        "expiry": "",
        "strike": 0.0,
        "tick_size": 0.05,
        "lot_size": 1,
        "instrument_type": "EQ",
        "segment": "NSE",
        "exchange": "NSE",
    }
    return values | changes


def cash_rows() -> list[dict[str, Any]]:
    return [
        row(256265, "NIFTY 50", segment="INDICES", tick_size=0.0, lot_size=0),
        row(260105, "NIFTY BANK", segment="INDICES", tick_size=0.0, lot_size=0),
        row(264969, "INDIA VIX", segment="INDICES", tick_size=0.0, lot_size=0),
        row(408065, "INFY", name="INFOSYS"),
        row(2953217, "TCS", name="TATA CONSULTANCY SERV LT"),
    ]


def derivative_rows() -> list[dict[str, Any]]:
    rows, token = [], 10_000_000
    for name, strikes, lot in (
        ("NIFTY", range(8000, 9250, 50), 75),
        ("BANKNIFTY", range(18_000, 20_000, 100), 40),
    ):
        for expiry in EXPIRIES:
            for strike in strikes:
                for kind in ("CE", "PE"):
                    token += 1
                    symbol = f"{name}{expiry:%y%m%d}{strike}{kind}"
                    rows.append(
                        row(
                            token,
                            symbol,
                            name=name,
                            expiry=expiry,
                            strike=float(strike),
                            lot_size=lot,
                            instrument_type=kind,
                            segment="NFO-OPT",
                            exchange="NFO",
                        )
                    )
    futures = [
        row(
            9_000 + n,
            f"{name}{month}FUT",
            name=name,
            expiry=expiry,
            instrument_type="FUT",
            segment="NFO-FUT",
            exchange="NFO",
        )
        for n, (name, month, expiry) in enumerate(
            (name, month, expiry)
            for name in ("NIFTY", "BANKNIFTY", "INFY")
            for month, expiry in (("16AUG", EXPIRIES[1]), ("16SEP", date(2016, 9, 29)))
        )
    ]
    return [*rows, *futures]

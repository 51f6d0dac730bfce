"""The largest order an exchange takes: its freeze quantity, at the table of the day.

The quantities are data (`freeze_quantities.csv`, a source a row): NSE fixes those of indices each month from
the level of the index, and the broker's instruments do not tell them. For months whose circular was not found
the table has the lower of what is known around them, which makes orders smaller and never lets one be frozen.
"""

import csv
from datetime import date
from functools import cache
from importlib.resources import files

__all__ = ["freeze_quantity"]


@cache
def freeze_quantity(exchange: str, underlying: str, day: date) -> int | None:
    """Units of one order in derivatives of `underlying`; `exchange` as Kite names it (NFO, BFO).

    None where the table does not know the underlying on that day.
    """
    for row in _table():
        if (row["exchange"], row["underlying"]) == (exchange, underlying) and (
            row["from"] <= day.isoformat() <= (row["until"] or "9999")
        ):
            return int(row["quantity"])
    return None


@cache
def _table() -> tuple[dict[str, str], ...]:
    rows = files("patang.risk").joinpath("freeze_quantities.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(rows.splitlines()))

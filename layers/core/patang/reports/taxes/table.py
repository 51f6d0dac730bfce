"""The statement as a table for a spreadsheet: a line a trade, in the columns that the return asks for."""

from collections.abc import Iterator

from patang.reports.table import csv_table
from patang.reports.taxes.statement import Statement

__all__ = ["statement_csv"]

_COLUMNS = (
    "head",
    "account",
    "exchange",
    "symbol",
    "quantity",
    "bought_on",
    "sold_on",
    "bought",
    "sold",
    "buy_charges",
    "sell_charges",
    "charges",
    "stt",
    "cost",
    "result",
    "section",
    "rate_pct",
    "note",
)


def statement_csv(told: Statement) -> str:
    """`head` is futures, options, intraday, short-term or long-term for a trade, carried for what the year
    leaves, unsettled for a deal in no sum. `result` is after charges; `charges` of a business have STT in
    them, those of a gain stand apart and have none."""
    return csv_table(_COLUMNS, _rows(told))


def _rows(told: Statement) -> Iterator[dict[str, object]]:
    for trade in told.business_rows:
        yield trade.model_dump() | {"head": trade.kind, "result": trade.net}
    for gain in told.gain_rows:
        marks = (("grandfathered", gain.grandfathered), ("bonus", gain.from_bonus))
        note = " ".join(word for word, true in marks if true)
        yield gain.model_dump() | {"head": f"{gain.term}-term", "result": gain.gain, "note": note}
    for lot in told.carried:
        day, value = ("sold_on", "sold") if lot.short else ("bought_on", "bought")
        yield lot.model_dump() | {"head": "carried", day: lot.opened, value: lot.value}
    for deal in told.unsettled:
        day, value = ("bought_on", "bought") if deal.side == "BUY" else ("sold_on", "sold")
        amount = deal.price * deal.quantity
        yield deal.model_dump() | {"head": "unsettled", "note": deal.why, day: deal.day, value: amount}

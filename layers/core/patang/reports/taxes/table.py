"""The statement as a table for a spreadsheet: a line a trade, in the columns that the return asks for."""

import csv
import io

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
# A spreadsheet would take a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def statement_csv(told: Statement) -> str:
    """`head` is futures, options, intraday, short-term or long-term for a trade, carried for what the year
    leaves, unsettled for a deal in no sum. `result` is after charges; `charges` of a business have STT in
    them, those of a gain stand apart and have none. CRLF, as RFC 4180 has it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _COLUMNS, restval="", extrasaction="ignore")
    writer.writeheader()
    for trade in told.business_rows:
        _write(writer, trade.model_dump(), head=trade.kind, result=trade.net)
    for gain in told.gain_rows:
        marks = [
            word for word, true in (("grandfathered", gain.grandfathered), ("bonus", gain.from_bonus)) if true
        ]
        _write(writer, gain.model_dump(), head=f"{gain.term}-term", result=gain.gain, note=" ".join(marks))
    for lot in told.carried:
        day = "sold_on" if lot.short else "bought_on"
        value = "sold" if lot.short else "bought"
        _write(writer, lot.model_dump(), head="carried", **{day: lot.opened, value: lot.value})
    for deal in told.unsettled:
        day, value = ("bought_on", "bought") if deal.side == "BUY" else ("sold_on", "sold")
        amount = deal.price * deal.quantity
        _write(writer, deal.model_dump(), head="unsettled", note=deal.why, **{day: deal.day, value: amount})
    return out.getvalue()


def _write(writer: "csv.DictWriter[str]", row: dict[str, object], **more: object) -> None:
    writer.writerow({name: _cell(value) for name, value in (row | more).items()})


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value

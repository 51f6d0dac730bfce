"""Tables for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from patang.reports.desk_report import DeskReport

__all__ = ["csv_table", "trades_csv"]

_OF_TRADES = (
    "account",
    "position_id",
    "strategy",
    "exchange",
    "symbol",
    "product",
    "quantity",
    "entry_time",
    "exit_time",
    "entry_price",
    "exit_price",
    "exit_reason",
    "gross",
    "charges",
    "slippage",
    "net",
    "p_win",
    "expected_net",
    "expected_return_pct",
    "return_pct",
    "model_version",
    "notes",
)
# A spreadsheet would take a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def trades_csv(told: DeskReport) -> str:
    """A line a trade, in the words of TradeLine; its notes in one cell, each with who wrote it."""
    rows = (
        line.model_dump() | {"notes": "\n".join(f"{note.actor}: {note.text}" for note in line.notes)}
        for line in told.trades
    )
    return csv_table(_OF_TRADES, rows)


def csv_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """As RFC 4180 has it, CRLF included; what a row does not know is empty, and no cell is a formula."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value

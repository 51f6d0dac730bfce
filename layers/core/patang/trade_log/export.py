"""The day's trade log as files."""

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel

from patang.ports import ObjectStore, TableWriter
from patang.trade_log.day_log import DayLog
from patang.trade_log.execution import OrderExecution
from patang.trade_log.fill import OrderFill
from patang.trade_log.position_record import PositionRecord
from patang.trade_log.results import Result

__all__ = ["TradeLogExport"]


class TradeLogExport:
    """Writes the files of one day for all accounts, each in the place of what was written of it before.

    Writing a day again gives the same but for what was learned since: the end of an order that was unknown,
    and positions that were still held then, which are told as they stand now.

    trade_logs/trades_D.parquet      positions closed on the day
    trade_logs/positions_D.parquet   positions that were held on the day
    trade_logs/orders_D.parquet      orders placed, or wanted and not placed
    trade_logs/fills_D.parquet       their fills
    trade_logs/results_D.parquet     profit and loss by account, mode, strategy and symbol
    """

    def __init__(self, log: DayLog, objects: ObjectStore, tables: TableWriter) -> None:
        self._log = log
        self._objects = objects
        self._tables = tables

    def run(self, accounts: Sequence[str], day: date) -> int:
        """Returns how many positions were closed on the day."""
        log = self._log
        trades = [position for account in accounts for position in log.closed(account, day)]
        self._objects.put(
            f"trade_logs/trades_{day}.parquet", self._tables.trades([trade.model_dump() for trade in trades])
        )
        self._write(
            "positions", day, PositionRecord, [row for a in accounts for row in log.positions(a, day)]
        )
        self._write("orders", day, OrderExecution, [row for a in accounts for row in log.executions(a, day)])
        self._write("fills", day, OrderFill, [row for a in accounts for row in log.fills(a, day)])
        self._write("results", day, Result, [row for a in accounts for row in log.results(a, day, day)])
        return len(trades)

    def _write[Kind: BaseModel](self, name: str, day: date, kind: type[Kind], rows: Sequence[Kind]) -> None:
        self._objects.put(f"trade_logs/{name}_{day}.parquet", self._tables.records(kind, rows))

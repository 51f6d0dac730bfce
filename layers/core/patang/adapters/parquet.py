"""Tables as Parquet: the only code that imports pyarrow, and only (archive) is deployed with it."""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from patang.ports import Attributes

__all__ = ["ParquetTables"]

_MOMENT = pa.timestamp("us", tz="Asia/Kolkata")
_CANDLES = pa.schema(
    [
        ("symbol", pa.string()),
        ("timestamp", _MOMENT),
        ("open", pa.float64()),
        ("high", pa.float64()),
        ("low", pa.float64()),
        ("close", pa.float64()),
        ("volume", pa.int64()),
        ("oi", pa.int64()),
    ]
)
_TEXTS = (
    "position_id",
    "account",
    "mode",
    "strategy",
    "exchange",
    "symbol",
    "underlying",
    "product",
    "entry_intent_id",
    "exit_intent_id",
    "exit_reason",
)
_AMOUNTS = (
    "entry_price",
    "entry_charges",
    "entry_slippage",
    "stop_loss_price",
    "target_price",
    "exit_price",
    "exit_charges",
    "exit_slippage",
    "realised_pnl",
)
_MOMENTS = ("entry_time", "exit_time", "exit_by")
_TRADES = pa.schema(
    [(name, pa.string()) for name in _TEXTS]
    + [("quantity", pa.int64()), ("exited_quantity", pa.int64()), ("expiry", pa.date32())]
    + [(name, pa.float64()) for name in _AMOUNTS]
    + [(name, _MOMENT) for name in _MOMENTS]
)


class ParquetTables:
    """TableWriter: zstd-compressed Parquet, times in IST, amounts in rupees as numbers."""

    def candles(self, rows: Sequence[Attributes]) -> bytes:
        return _written(_CANDLES, rows)

    def trades(self, rows: Sequence[Attributes]) -> bytes:
        return _written(_TRADES, [{**row, **_amounts(row)} for row in rows])


def _amounts(row: Attributes) -> dict[str, float | None]:
    return {name: None if row[name] is None else float(row[name]) for name in _AMOUNTS}


def _written(schema: pa.Schema, rows: Sequence[Attributes]) -> bytes:
    out = io.BytesIO()
    columns = {name: [row[name] for row in rows] for name in schema.names}
    pq.write_table(pa.table(columns, schema=schema), out, compression="zstd")
    return out.getvalue()

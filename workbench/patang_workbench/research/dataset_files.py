"""A data set as a folder: the rows in Parquet, and the card that says what they are.

FOLDER/dataset.parquet   a row an entry: the model's inputs by name, then what became of it; the labels are
                         net_pnl, trade_profitable and expected_return_pct (Dataset.gross_pct)
      /card.json         DataCard
      /card.md           the same for a person
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from patang.adapters.folder import FolderObjects
from patang.adapters.parquet import parquet_bytes
from patang.errors import BadInput
from patang.training.card import DataCard, content_hash, markdown
from patang.training.dataset import DATASET_COLUMNS, Dataset

__all__ = ["is_dataset", "keep_dataset", "read_dataset"]

_ROWS, _CARD, _TEXT = "dataset.parquet", "card.json", "card.md"
_TIMES = ("entered", "left")
_LABELS = {"gross_pct": "expected_return_pct"}
_WON = "trade_profitable"
_MOMENT = pa.timestamp("s", tz="Asia/Kolkata")


def is_dataset(place: str) -> bool:
    """Whether a place that `--data` names is a data set, and not candles to make one of."""
    return (Path(place) / _CARD).is_file()


def keep_dataset(folder: Path, data: Dataset, card: DataCard) -> None:
    """Write a data set's folder, in the place of what it held."""
    files = FolderObjects(folder)
    files.put(_ROWS, parquet_bytes(_table(data)))
    files.put(_TEXT, markdown(card).encode())
    # Last, since a folder is a data set by its card.
    files.put(_CARD, (card.model_dump_json(indent=1) + "\n").encode())


def read_dataset(folder: Path) -> tuple[Dataset, DataCard]:
    """The rows of a folder and their card. Raises BadInput where they are not there or not each other's."""
    try:
        card = DataCard.model_validate_json((folder / _CARD).read_bytes())
        table = pq.read_table(folder / _ROWS)
        data = _dataset(table, card)
    except (OSError, KeyError, ValidationError, pa.ArrowInvalid) as error:
        raise BadInput(f"{folder} holds no data set that can be read: {error}; make it again") from error
    found = content_hash(data)
    if found != card.sha256:
        raise BadInput(
            f"the rows in {folder} hash to {found} and its card says {card.sha256}: "
            "they were changed after they were described, make the data set again"
        )
    return data, card


def _table(data: Dataset) -> pa.Table:
    columns = {name: pa.array(data.inputs[:, place]) for place, name in enumerate(data.names)}
    for name in DATASET_COLUMNS:
        if name in _TIMES:
            columns[name] = pa.array(getattr(data, name), pa.int64()).cast(_MOMENT)
        elif name == "symbol":
            columns[name] = pa.array(data.symbol.tolist(), pa.string())
        elif name != "inputs":
            columns[_LABELS.get(name, name)] = pa.array(getattr(data, name))
    columns[_WON] = pa.array(data.won > 0)
    return pa.table(columns)


def _dataset(table: pa.Table, card: DataCard) -> Dataset:
    names = tuple(card.coverage)
    columns = {name: table[_LABELS.get(name, name)] for name in DATASET_COLUMNS if name != "inputs"}
    symbol = np.array(columns.pop("symbol").to_pylist(), np.str_)
    # Parquet has no seconds: they come back as milliseconds.
    times = {name: columns.pop(name).cast(_MOMENT).cast(pa.int64()).to_numpy() for name in _TIMES}
    inputs = np.empty((table.num_rows, len(names)))
    for place, name in enumerate(names):
        inputs[:, place] = table[name].to_numpy()
    rest = {name: column.to_numpy() for name, column in columns.items()}
    return Dataset(card.strategy, names, inputs, symbol=symbol, **times, **rest)

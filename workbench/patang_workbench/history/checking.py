"""Checking the candles of a store or of files, and setting aside what cannot be trusted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patang.adapters.candle_archive import Part
from patang.adapters.candle_tables import columns_as, read_table
from patang.errors import BadInput
from patang.market.findings import INTERVAL_MINUTES, CandleColumns, Finding, Interval
from patang.market.named_hours import segment_named
from patang.market.quality import check_candles
from patang_workbench.history.candle_files import read_file
from patang_workbench.history.quarantine import Entry, Quarantine, Reason, digest, reason_of
from patang_workbench.history.store import CandleStore

__all__ = ["Checked", "check_files", "check_store", "set_aside"]


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was read; `first` is the place of its first bar among the symbol's bars."""

    path: str
    content: bytes
    table: pa.Table
    first: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one symbol's candles of one interval.

    `accepted` are findings in files that the owner took back from quarantine; `aside` counts the bars that
    are in it now; `unread` are files that cannot be read, each with the reason.
    """

    source: str
    symbol: str
    interval: Interval
    bars: int
    findings: tuple[Finding, ...]
    accepted: tuple[Finding, ...] = ()
    aside: int = 0
    unread: tuple[str, ...] = ()
    files: tuple[_File, ...] = field(default=(), repr=False)

    @property
    def is_clean(self) -> bool:
        """Whether nothing speaks against the candles."""
        return not self.unread and all(finding.is_note for finding in self.findings)

    def without_files(self) -> "Checked":
        """Without the candles themselves, to be kept while others are checked."""
        return replace(self, files=())


def check_files(paths: Sequence[Path]) -> Iterator[Checked]:
    """Check files one by one, of a folder all below it. Raises BadInput for one without candles."""
    for file in (file for path in paths for file in _files_at(path)):
        for candles in read_file(file):
            findings = tuple(check_candles(candles))
            yield Checked(str(file), candles.symbol, candles.interval, len(candles), findings)


def check_store(
    store: CandleStore, symbols: Sequence[str], intervals: Sequence[Interval]
) -> Iterator[Checked]:
    """Check the candles of a store, symbol by symbol; of all symbols where none are named."""
    aside = _Aside(store)
    for interval in intervals or tuple(INTERVAL_MINUTES):
        for symbol, parts in groupby(_parts(store, symbols, interval), key=lambda part: part.symbol):
            yield _check_symbol(store, symbol, interval, list(parts), aside)


def set_aside(store: CandleStore, checked: Checked) -> list[Entry]:
    """Move the bars that findings condemn into the store's quarantine, file by file."""
    quarantine = Quarantine(store.objects)
    entries = []
    for file in checked.files:
        last = file.first + file.table.num_rows
        reasons: list[Reason] = []
        for finding in checked.findings:
            rows = [row - file.first for row in finding.rows if file.first <= row < last]
            if rows:
                reasons.append(reason_of(finding, rows))
        if reasons:
            entries.append(quarantine.set_aside(file.path, file.content, file.table, reasons))
    return entries


def _files_at(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [file for file in path.rglob("*") if file.suffix in (".parquet", ".csv")]
    return sorted(file for file in found if not file.name.startswith(("_", ".")))


def _parts(store: CandleStore, symbols: Sequence[str], interval: Interval) -> list[Part]:
    if not symbols:
        return store.parts(interval)
    return [part for symbol in symbols for part in store.parts(interval, symbol)]


def _check_symbol(
    store: CandleStore, symbol: str, interval: Interval, parts: Sequence[Part], aside: "_Aside"
) -> Checked:
    pulled = store.pulled(symbol, interval)
    segment = segment_named(symbol) if pulled is None else pulled.segment
    known_empty = () if pulled is None else [day for day, bars in pulled.days.items() if not bars]
    source = parts[0].path.rpartition("/")[0].rpartition("/")[0]
    files, unread, columns = [], [], []
    place = 0
    for part in parts:
        content = store.objects.get(part.path)
        if content is None:
            continue
        try:
            table = read_table(content, ".parquet", part.path)
            columns.append(columns_as(table, symbol, interval, segment, part.path))
        except BadInput as error:
            unread.append(str(error))
            continue
        files.append(_File(part.path, content, table, place))
        place += table.num_rows
    taken = aside.taken([file.path for file in files])
    findings = check_candles(_joined(columns), known_empty, taken) if columns else []
    taken_back = [_rows_of(file) for file in files if digest(file.content) in aside.accepted]
    spared = [any(row in rows for rows in taken_back for row in finding.rows) for finding in findings]
    return Checked(
        source,
        symbol,
        interval,
        place,
        tuple(f for f, is_spared in zip(findings, spared, strict=True) if not is_spared),
        tuple(f for f, is_spared in zip(findings, spared, strict=True) if is_spared),
        len(taken),
        tuple(unread),
        tuple(files),
    )


class _Aside:
    """What a store's quarantine says about the files that are checked."""

    def __init__(self, store: CandleStore) -> None:
        entries = Quarantine(store.objects).entries()
        self.accepted = frozenset(entry.original for entry in entries if entry.state == "restored")
        self._objects = store.objects
        self._held: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry.state == "quarantined":
                self._held[entry.path].append(entry)

    def taken(self, paths: Iterable[str]) -> NDArray[np.int64]:
        """The starts of the bars that were taken out of these files, in epoch seconds."""
        found = [np.zeros(0, np.int64)]
        for path in paths:
            for entry in self._held[path]:
                name = f"{entry.folder}/rows.parquet"
                table = read_table(self._objects.get(name) or b"", ".parquet", name)
                found.append(columns_as(table, "", "minute", "cash", name).start)
        return np.concatenate(found)


def _rows_of(file: _File) -> range:
    return range(file.first, file.first + file.table.num_rows)


def _joined(columns: Sequence[CandleColumns]) -> CandleColumns:
    first = columns[0]
    names = ("start", "open", "high", "low", "close", "volume")
    joined = [np.concatenate([getattr(part, name) for part in columns]) for name in names]
    return CandleColumns(first.symbol, first.interval, first.segment, *joined)

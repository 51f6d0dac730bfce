"""A day's closed minutes and option chains, gathered into files of candles and chains."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from patang.errors import BadInput
from patang.market.candles import Candle, ClosedMinute, minutes_of
from patang.market.chain_snapshot import ChainSnapshot
from patang.market.instrument_dumps import load_dump
from patang.market.volatility import daily_volatility, load_history, save_history
from patang.ports import ObjectStore, TableWriter

__all__ = ["DayFiles"]

_FIELDS = ("timestamp", "open", "high", "low", "close", "volume", "oi")

# A candle without its symbol, in the order of _FIELDS: a day of 1,500 instruments has half a million.
type _Bar = tuple[datetime, float, float, float, float, int, int | None]


@dataclass(slots=True)
class DayFiles:
    """Writes the files of one day; writing them again gives the same. `problems`: what could not be read.

    historical_candles/symbol=S/date=D/candles_S_D.parquet   bars of a minute of everything watched
    daily_candles/date=D/daily_D.parquet                     the session's bars of indices and shares
    option_chain/symbol=S/date=D/chain_S_D.parquet           the chain of S, as often as it was kept
    instruments/date=D/instruments_D.parquet                 the broker's dump, as the morning kept it

    Bars of five and fifteen minutes are made of those of a minute, and are not kept. The day's cannot be:
    prints of the closing auction are in no minute's bar.
    """

    objects: ObjectStore
    tables: TableWriter
    day: date
    problems: list[str] = field(default_factory=list)

    def candles(self) -> int:
        """Bars of a minute and of the day, as the closed minutes say. Returns how many of a minute."""
        bars: dict[str, dict[datetime, _Bar]] = defaultdict(dict)
        sessions: dict[str, Candle] = {}
        for path in self.objects.list(minutes_of(self.day)):
            closed = self._read(ClosedMinute, path)
            if closed is None:
                continue
            for candle in closed.candles:
                _keep(bars[candle.symbol], candle)
            for candle in closed.candles_day:
                sessions[candle.symbol] = _fuller(candle, sessions.get(candle.symbol))
        for symbol, of_symbol in bars.items():
            path = f"historical_candles/symbol={symbol}/date={self.day}/candles_{symbol}_{self.day}.parquet"
            self.objects.put(path, self.tables.candles(list(_rows(symbol, of_symbol))))
        if sessions:
            rows = [sessions[symbol].model_dump() for symbol in sorted(sessions)]
            self.objects.put(
                f"daily_candles/date={self.day}/daily_{self.day}.parquet", self.tables.candles(rows)
            )
        return sum(len(of_symbol) for of_symbol in bars.values())

    def chains(self) -> int:
        """Option chains, and the day's volatility of each underlying into its year. Returns their rows."""
        by_underlying: dict[str, list[str]] = defaultdict(list)
        for path in self.objects.list(f"chains/{self.day}/"):
            by_underlying[path.rpartition("/")[2].removesuffix(".json")].append(path)
        return sum(self._chain(underlying, paths) for underlying, paths in by_underlying.items())

    def instruments(self) -> int:
        """The day's instruments, for those who read Parquet. Returns how many; none if no dump was kept."""
        try:
            table = load_dump(self.objects, self.day)
        except BadInput as error:
            self.problems.append(str(error))
            return 0
        if table is None:
            return 0
        path = f"instruments/date={self.day}/instruments_{self.day}.parquet"
        self.objects.put(path, self.tables.instruments(table.rows()))
        return len(table)

    def _chain(self, underlying: str, paths: Sequence[str]) -> int:
        snapshots = [
            found for path in sorted(paths) if (found := self._read(ChainSnapshot, path)) is not None
        ]
        rows = [row for snapshot in snapshots for row in _chain_rows(snapshot)]
        if snapshots:
            path = f"option_chain/symbol={underlying}/date={self.day}/chain_{underlying}_{self.day}.parquet"
            self.objects.put(path, self.tables.chain(rows))
            self._keep_volatility(underlying, daily_volatility(snapshot.iv for snapshot in snapshots))
        return len(rows)

    def _keep_volatility(self, underlying: str, of_day: float) -> None:
        try:
            history = load_history(self.objects, underlying)
        except BadInput as error:
            self.problems.append(str(error))
            return
        save_history(self.objects, history.joined({self.day: of_day}))

    def _read[Kind: BaseModel](self, kind: type[Kind], path: str) -> Kind | None:
        content = self.objects.get(path)
        if content is None:
            self.problems.append(f"{path} is listed but gone")
            return None
        try:
            return kind.model_validate_json(content)
        except ValidationError as error:
            # One object that does not parse must not keep the others from their files.
            first = error.errors(include_url=False, include_input=False)[0]
            wrong = ".".join(map(str, first["loc"]))
            self.problems.append(
                f"{path} does not parse: {error.error_count()} errors, {wrong}: {first['msg']}"
            )
            return None


def _keep(bars: dict[datetime, _Bar], candle: Candle) -> None:
    """After a change of shards two may have closed the same minute: the fuller bar stays."""
    known = bars.get(candle.timestamp)
    if known is None or candle.volume > known[5]:
        c = candle
        bars[c.timestamp] = c.timestamp, c.open, c.high, c.low, c.close, c.volume, c.oi


def _fuller(candle: Candle, known: Candle | None) -> Candle:
    """The session so far grows from minute to minute, by volume; an index's has none, and its last stays."""
    return candle if known is None or candle.volume >= known.volume else known


def _rows(symbol: str, bars: dict[datetime, _Bar]) -> Iterator[dict[str, Any]]:
    for moment in sorted(bars):
        yield {"symbol": symbol, **dict(zip(_FIELDS, bars[moment], strict=True))}


def _chain_rows(snapshot: ChainSnapshot) -> Iterator[dict[str, Any]]:
    shared = {
        "symbol": snapshot.underlying,
        "timestamp": snapshot.as_of,
        "spot": snapshot.spot,
        "atm_iv": snapshot.iv,
        "iv_skew": snapshot.iv_skew,
        "iv_rank": snapshot.iv_rank,
    }
    for row in snapshot.rows:
        yield {**shared, **row.model_dump()}

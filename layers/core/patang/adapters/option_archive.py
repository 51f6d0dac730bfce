"""Options of a store, as the desk archived them."""

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from patang.adapters.candle_archive import CandleArchive
from patang.adapters.candle_tables import columns_as
from patang.backtest.premiums.listing import listed_option
from patang.backtest.premiums.recorded import ArchivedBars, ArchivedChain
from patang.market.candles import Quote
from patang.market.contract_terms import UNDERLYINGS
from patang.market.instruments import Instrument

__all__ = ["OptionArchive"]

_QUOTED = ("last", "bid", "ask", "volume", "oi", "oi_trend", "exchange_time")


class OptionArchive:
    """Chains and candles of contracts in a store: what `RecordedPremiums` asks.

    option_chain/symbol=S/date=D/chain_S_D.parquet, historical_candles/symbol=CONTRACT/date=D/
    """

    def __init__(self, candles: CandleArchive) -> None:
        self._candles = candles

    def chain(self, underlying: str, day: date) -> ArchivedChain | None:
        """The chain of an underlying on a day; None where none was kept, or no table knows its contracts."""
        path = f"option_chain/symbol={underlying}/date={day}/chain_{underlying}_{day}.parquet"
        content = self._candles.objects.get(path) if underlying in UNDERLYINGS else None
        if content is None:
            return None
        rows = pq.read_table(io.BytesIO(content)).to_pylist()
        moments: dict[datetime, list[dict[str, Any]]] = {}
        for row in rows:
            moments.setdefault(row["timestamp"], []).append(row)
        if not moments:
            return None
        contracts = {row["identifier"]: row for row in rows}
        listed = {name: _contract(underlying, row) for name, row in contracts.items()}
        ordered = sorted(moments)
        return ArchivedChain(
            np.array([int(moment.timestamp()) for moment in ordered], np.int64),
            [tuple(listed[row["identifier"]] for row in moments[moment]) for moment in ordered],
            [tuple(map(_quote, moments[moment])) for moment in ordered],
        )

    def bars(self, contract: Instrument, day: date) -> ArchivedBars | None:
        """The minutes of a contract on a day."""
        table = self._candles.read(contract.tradingsymbol, "minute", day, day)
        if table is None or not table.num_rows:
            return None
        name = f"the candles of {contract.tradingsymbol}"
        found = columns_as(table, contract.tradingsymbol, "minute", "derivatives", name)
        return ArchivedBars(found.start, found.open, found.high, found.low, found.close, found.volume)


def _contract(underlying: str, row: dict[str, Any]) -> Instrument:
    """As it was listed: its name is the archive's own, also where a strike has paise."""
    strike, symbol = Decimal(f"{row['strike']:g}"), row["identifier"].partition(":")[2]
    listed = listed_option(underlying, row["expiry"], int(strike), row["type"])
    return listed.model_copy(update={"tradingsymbol": symbol, "strike": strike})


def _quote(row: dict[str, Any]) -> Quote:
    known = {name: row[name] for name in _QUOTED}
    return Quote(
        identifier=row["identifier"],
        last_price=known["last"] or 0.0,
        bid=known["bid"] or 0.0,
        ask=known["ask"] or 0.0,
        volume=known["volume"],
        oi=known["oi"],
        oi_trend=known["oi_trend"],
        exchange_time=known["exchange_time"],
    )

"""Premiums from a store's archive, as the day's end writes it, and from the surface where it has none."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from patang.adapters.option_archive import OptionArchive
from patang.adapters.parquet import ParquetTables
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.backtest.premiums.source import OptionBoard, PremiumSource
from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.chain_snapshot import ChainSnapshot, chain_snapshot
from patang.market.day_files import DayFiles
from patang.market.sessions import IST
from patang.settings import Settings
from patang_workbench.history.store import CandleStore, store_at
from patang_workbench.research.option_archive import premiums_of
from patang_workbench.research.synthetic import noise_history

_HISTORY = noise_history(2, ("NIFTY",), 3, date(2026, 6, 25))
_MODELLED = ModelledPremiums(_HISTORY, Settings())
_DAY = date(2026, 6, 24)
_OPEN = datetime(2026, 6, 24, 10, 0, tzinfo=IST)
_MINUTE = timedelta(minutes=1)
# What was really paid lies this much above the surface, so that the two are told apart.
_DEARER = 3.0


def _board(source: PremiumSource, as_of: datetime) -> OptionBoard:
    board = source.board("NIFTY", as_of)
    assert board is not None
    return board


def _quoted(as_of: datetime) -> dict[str, Quote]:
    board = _board(_MODELLED, as_of)
    return {
        name: quote.model_copy(
            update={side: round(getattr(quote, side) + _DEARER, 2) for side in ("last_price", "bid", "ask")}
        )
        for name, quote in board.quotes.items()
    }


def _snapshot(as_of: datetime) -> ChainSnapshot:
    board = _board(_MODELLED, as_of)
    row = int(np.searchsorted(_HISTORY.symbols[0].starts, as_of.timestamp())) - 1
    spot = float(_HISTORY.symbols[0].close[row])
    return chain_snapshot("NIFTY", board.contracts, _quoted(as_of), spot, as_of)


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    """The archive of ten minutes of a day, with chains of every other minute."""
    found = store_at(str(tmp_path))
    for minute in (_OPEN + n * _MINUTE for n in range(10)):
        as_of = minute + _MINUTE
        if minute.minute % 2 == 0:
            snapshot = _snapshot(as_of)
            found.objects.put(ChainSnapshot.path("NIFTY", as_of), snapshot.model_dump_json().encode())
        candles = tuple(
            Candle(
                symbol=name.partition(":")[2],
                timestamp=minute,
                open=quote.last_price,
                high=quote.last_price + 1,
                low=quote.last_price - 1,
                close=quote.last_price,
                volume=130,
            )
            for name, quote in _quoted(as_of).items()
        )
        closed = ClosedMinute(
            minute=minute, shard="0", candles=candles, feature_names=(), features={}, quotes=()
        )
        found.objects.put(ClosedMinute.path(minute, "0"), closed.model_dump_json().encode())
    files = DayFiles(found.objects, ParquetTables(), _DAY)
    assert (files.candles(), files.chains()) != (0, 0)
    assert not files.problems
    return found


def test_a_day_that_was_archived_is_told_as_it_was(store: CandleStore, tmp_path: Path) -> None:
    source = premiums_of(str(tmp_path), _HISTORY, Settings())
    as_of = _OPEN + _MINUTE
    board = _board(source, as_of)
    assert board.prices == "recorded"
    for name, quote in _quoted(as_of).items():
        told = board.quotes[name]
        assert (told.last_price, told.bid, told.ask) == (quote.last_price, quote.bid, quote.ask)
        assert (told.volume, told.oi, told.exchange_time) == (quote.volume, quote.oi, as_of)
    modelled = _board(_MODELLED, as_of)
    quoted = {c.identifier: c for c in modelled.contracts if c.identifier in modelled.quotes}
    assert {c.identifier: c for c in board.contracts} == quoted


def test_between_two_chains_the_older_stands_with_its_time(store: CandleStore, tmp_path: Path) -> None:
    source = premiums_of(str(tmp_path), _HISTORY, Settings())
    board = _board(source, _OPEN + 2 * _MINUTE)
    assert {quote.exchange_time for quote in board.quotes.values()} == {_OPEN + _MINUTE}
    assert source.board("NIFTY", _OPEN) is None


def test_bars_of_a_contract_are_its_own_trades_and_its_book(store: CandleStore, tmp_path: Path) -> None:
    source = premiums_of(str(tmp_path), _HISTORY, Settings())
    contract = _board(source, _OPEN + _MINUTE).contracts[8]
    bars = source.bars(contract, _OPEN + 2 * _MINUTE, _OPEN + 5 * _MINUTE)
    quotes = [_quoted(_OPEN + n * _MINUTE)[contract.identifier] for n in (3, 4, 5, 6)]
    assert bars.prices == "recorded"
    assert bars.close.tolist() == [quote.last_price for quote in quotes]
    assert bars.volume.tolist() == [130.0] * 4
    # Chains were kept at 10:03 and 10:05 only.
    assert bars.bid.tolist() == pytest.approx([quotes[0].bid, np.nan, quotes[2].bid, np.nan], nan_ok=True)
    assert bars.ask.tolist() == pytest.approx([quotes[0].ask, np.nan, quotes[2].ask, np.nan], nan_ok=True)


def test_days_without_an_archive_are_modelled_and_say_so(store: CandleStore, tmp_path: Path) -> None:
    source = premiums_of(str(tmp_path), _HISTORY, Settings())
    other = _OPEN - timedelta(days=1)
    assert source.board("NIFTY", other) == _MODELLED.board("NIFTY", other)
    contract = _board(source, _OPEN + _MINUTE).contracts[8]
    # Entered at recorded prices, a position is never priced by the model: another level would be a profit.
    followed = source.bars(contract, _OPEN, _OPEN + timedelta(days=1))
    assert (followed.prices, len(followed)) == ("recorded", 10)
    modelled = source.bars(contract, other, _OPEN + timedelta(days=1))
    assert modelled.prices == "modelled"
    np.testing.assert_array_equal(
        modelled.close, _MODELLED.bars(contract, other, _OPEN + timedelta(days=1)).close
    )


def test_a_place_without_an_archive_has_the_surface_alone(tmp_path: Path) -> None:
    as_of = _OPEN + _MINUTE
    for place in ("synthetic:2", str(tmp_path)):
        assert premiums_of(place, _HISTORY, Settings()).board("NIFTY", as_of) == _MODELLED.board(
            "NIFTY", as_of
        )
    assert OptionArchive(store_at(str(tmp_path))).chain("NIFTY", _DAY) is None

"""Histories from a store, from a folder of recorded minutes, and of a synthetic market by its name."""

import os
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patang.backtest.history import SymbolHistory
from patang.backtest.share_book import widest_tick
from patang.errors import BadInput
from patang.market.sessions import IST
from patang_workbench.history.store import store_at
from patang_workbench.research.sources import load_history
from patang_workbench.research.synthetic import noise_history

_FIRST, _LAST = date(2026, 6, 24), date(2026, 6, 30)
_WHOLE = noise_history(9, ("NIFTY", "SBIN"), 12)


def _rows(symbol: SymbolHistory) -> list[dict[str, Any]]:
    names = ("open", "high", "low", "close", "volume")
    columns = zip(symbol.starts.tolist(), *(getattr(symbol, name).tolist() for name in names), strict=True)
    return [
        {
            "symbol": symbol.symbol,
            "timestamp": datetime.fromtimestamp(start, IST),
            **dict(zip(names, prices, strict=True)),
            "oi": None,
        }
        for start, *prices in columns
    ]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store of an index, a share and a contract, with faults in the share's candles."""
    store = store_at(str(tmp_path))
    index, share = (_rows(symbol) for symbol in _WHOLE.symbols)
    store.put("NIFTY", "minute", index)
    faulty = []
    for row in share:
        at = row["timestamp"]
        if at.date() == date(2026, 6, 25) and at.hour >= 12:
            continue  # a session that stops at noon
        if at.date() == date(2026, 6, 29) and (at.hour, at.minute) == (11, 0):
            row = row | {"high": row["low"] - 1}
        faulty.append(row)
    last = share[-1]
    faulty.append(last | {"timestamp": last["timestamp"] + timedelta(minutes=5)})
    store.put("SBIN", "minute", faulty)
    store.put("NIFTY26JUN24000CE", "minute", [row | {"symbol": "NIFTY26JUN24000CE"} for row in index[-9:]])
    return tmp_path


def test_a_store_is_read_with_its_features_warmed_up(place: Path) -> None:
    history = load_history(str(place), _FIRST, _LAST)
    index, share = history.symbols
    assert (index.symbol, share.symbol) == ("NIFTY", "SBIN")
    expected = _WHOLE.between(_FIRST, _LAST).symbols[0]
    for name in ("starts", "open", "high", "low", "close"):
        np.testing.assert_array_equal(getattr(index, name), getattr(expected, name))
    assert np.isfinite(index.features_15m).all()
    # Warmed up with less of the past than the history that was told: the sums' seeds have not quite faded.
    np.testing.assert_allclose(index.features[:, :2], expected.features[:, :2], rtol=1e-9)


@pytest.mark.parametrize(
    ("day", "price", "tick"),
    [
        (date(2024, 6, 7), 100.0, "0.05"),
        (date(2024, 6, 10), 100.0, "0.01"),
        (date(2026, 6, 30), 999.0, "0.05"),
        (date(2026, 6, 30), 1001.0, "0.10"),
    ],
)
def test_a_share_has_the_widest_tick_of_its_days(day: date, price: float, tick: str) -> None:
    """A share at 100 rupees has a tick of a paisa now; in the history before it, it had a wider one."""
    moments = [datetime.combine(one, time(9, 15), IST) for one in (day, date(2026, 7, 1))]
    starts = np.array([int(moment.timestamp()) for moment in moments], np.int64)
    assert widest_tick(starts, np.array([price, 100.0])) == Decimal(tick)


def test_the_tick_of_a_history_is_not_that_of_its_last_price(tmp_path: Path) -> None:
    rows = _rows(_WHOLE.symbols[1])
    last = max(row["timestamp"].date() for row in rows)
    dear = 1200 / rows[0]["open"]
    names = ("open", "high", "low", "close")
    for row in rows:
        factor = dear if row["timestamp"].date() < last else 0.75 * dear
        row.update({name: round(row[name] * factor, 2) for name in names})
    store_at(str(tmp_path)).put("SBIN", "minute", rows)
    (share,) = load_history(str(tmp_path), _FIRST, last, ["SBIN"]).symbols
    assert share.close[-1] < 1000 < share.open[0]
    assert share.instrument.tick_size == Decimal("0.10")


def test_what_the_checks_condemn_is_left_out_and_told(place: Path) -> None:
    history = load_history(str(place), _FIRST, _LAST, ["nse:sbin"])
    (share,) = history.symbols
    moments = {datetime.fromtimestamp(start, IST) for start in share.starts.tolist()}
    assert datetime(2026, 6, 29, 11, tzinfo=IST) not in moments
    assert datetime(2026, 6, 29, 11, 1, tzinfo=IST) in moments
    assert max(moments).time() == time(15, 29)
    assert date(2026, 6, 25) not in history.sessions
    assert history.skipped == {date(2026, 6, 25): "SBIN: 210 of 375 bars are missing"}
    assert history.findings["high_below_low"] == 1
    assert history.findings["outside_session"] == 1


def test_the_end_of_the_data_changes_nothing_before_it(place: Path) -> None:
    whole = load_history(str(place), _FIRST, _LAST, ["NIFTY"]).symbols[0]
    early = load_history(str(place), _FIRST, date(2026, 6, 25), ["NIFTY"]).symbols[0]
    for name in ("starts", "close", "features", "features_5m", "features_15m"):
        np.testing.assert_array_equal(getattr(early, name), getattr(whole, name)[: len(early)])


def test_recorded_minutes_are_read_from_several_files(tmp_path: Path) -> None:
    (tmp_path / "index_1m").mkdir()
    (tmp_path / "stocks_intraday").mkdir()
    for symbol, name in zip(
        _WHOLE.symbols, ("index_1m/NIFTY_1m.parquet", "stocks_intraday/some.parquet"), strict=True
    ):
        rows = _rows(symbol)
        columns: dict[str, Any] = {
            name: pa.array([row[name] for row in rows], pa.float32())
            for name in ("open", "high", "low", "close")
        }
        columns["ts"] = pa.array([row["timestamp"] for row in rows], pa.timestamp("ms", "Asia/Kolkata"))
        if symbol.symbol == "SBIN":
            columns |= {"symbol": ["SBIN"] * len(rows), "volume": [int(row["volume"]) for row in rows]}
        pq.write_table(pa.table(columns), tmp_path / name)
    history = load_history(f"recorded:{tmp_path}", _FIRST, _LAST)
    for found, told in zip(history.symbols, _WHOLE.between(_FIRST, _LAST).symbols, strict=True):
        assert found.symbol == told.symbol
        np.testing.assert_array_equal(found.close, told.close)
        np.testing.assert_array_equal(found.volume, told.volume)


def test_a_synthetic_market_is_called_by_its_seed() -> None:
    noise = load_history("synthetic:4", _FIRST, _LAST, ["SBIN"])
    assert noise.sessions == _WHOLE.between(_FIRST, _LAST).sessions
    edge = load_history("synthetic:4:0.3", _FIRST, _LAST, ["SBIN"])
    assert not np.array_equal(noise.symbols[0].close, edge.symbols[0].close)


@pytest.mark.parametrize(
    ("place", "first", "message"),
    [
        ("synthetic:x", _FIRST, "write synthetic:7"),
        ("synthetic:7:much", _FIRST, "write synthetic:7"),
        ("synthetic:7", date(2026, 7, 1), "runs backwards"),
        ("recorded:nowhere", _FIRST, "name the folder"),
        ("nowhere", _FIRST, "no minutes of SBIN"),
    ],
)
def test_what_cannot_be_read_says_so(place: str, first: date, message: str, tmp_path: Path) -> None:
    text = place.replace("nowhere", str(tmp_path))
    with pytest.raises(BadInput, match=message):
        load_history(text, first, _LAST, ["SBIN"])


def test_recorded_minutes_of_real_days_have_every_feature() -> None:
    root = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
    if not (root / "index_1m").is_dir():
        pytest.skip(f"{root} is absent: set PATANG_DATA to the folder of recorded market data")
    history = load_history(f"recorded:{root}", date(2018, 11, 5), date(2018, 11, 9), ["NIFTY"])
    (index,) = history.symbols
    # Muhurat on Wednesday evening, a holiday on Thursday.
    assert [day.day for day in history.sessions] == [5, 6, 7, 9]
    assert np.bincount(index.days - index.days[0]).tolist() == [375, 375, 60, 0, 375]
    for features in (index.features, index.features_5m, index.features_15m):
        assert np.isfinite(features).all()
    np.testing.assert_array_equal(index.close, np.round(index.close, 2))
    assert len(history.earlier["NIFTY"].variances) >= 9

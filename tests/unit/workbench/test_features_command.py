"""`patang features`: what it reads, what it writes, what it refuses; and TA-Lib's word on a real month."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import talib

from patang.features.indicator_history import candle_features
from patang.features.indicators import BarColumns
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES
from patang.market.sessions import IST
from patang_workbench.cli import main
from patang_workbench.feature_files import batch

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
OPEN = datetime(2026, 8, 17, 9, 15, tzinfo=IST)
_YEAR = {1: 252 * 375, 5: 252 * 75, 15: 252 * 25}


def times(bars: int, minutes: int = 1, a_day: int = 20) -> list[datetime]:
    """Bars of some days in a row."""
    return [OPEN + timedelta(days=n // a_day, minutes=minutes * (n % a_day)) for n in range(bars)]


def candles(symbol: str, start: list[datetime], seed: int = 1) -> pa.Table:
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 1e-3, len(start)))), 2)
    return pa.table({
        "symbol": [symbol] * len(start),
        "timestamp": pa.array(start, pa.timestamp("us", tz="Asia/Kolkata")),
        "open": close, "high": close + 0.1, "low": close - 0.1, "close": close,
        "volume": np.arange(len(start)),
    })  # fmt: skip


def changed(table: pa.Table, column: str, rows: dict[int, float]) -> pa.Table:
    values = table[column].to_pylist()
    for row, value in rows.items():
        values[row] = value
    return table.set_column(table.column_names.index(column), column, pa.array(values, pa.float64()))


def expected(table: pa.Table, bars_a_year: float) -> np.ndarray:
    columns = (np.array(table[name])[None] for name in ("open", "high", "low", "close", "volume"))
    return candle_features(BarColumns(*columns), bars_a_year)[0]


def values(table: pa.Table) -> np.ndarray:
    return np.stack([table[name].to_numpy() for name in CANDLE_FEATURES], axis=1)


def run(candles_at: Path, out: Path, *options: str) -> int:
    return main(["features", "--candles", str(candles_at), "--out", str(out), *options])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "features.parquet"


@pytest.mark.parametrize(("minutes", "name"), [(1, "minute"), (5, "5minute"), (15, "15minute")])
def test_one_file_with_many_symbols(tmp_path, out, capsys, minutes, name):
    two = [candles(symbol, times(90, minutes), seed) for seed, symbol in enumerate(("TCS", "INFY"))]
    pq.write_table(pa.concat_tables(two), tmp_path / "candles.parquet")
    assert run(tmp_path / "candles.parquet", out, "--json") == 0
    said = capsys.readouterr()
    facts = json.loads(said.out)
    assert (facts["rows"], facts["symbols"], facts["interval"]) == (180, 2, name)
    assert facts["features"] == list(FEATURE_NAMES)
    assert said.err == ""
    found = pq.read_table(out)
    assert found.column_names == ["symbol", "timestamp", *FEATURE_NAMES]
    assert found.schema.field("timestamp").type.tz == "Asia/Kolkata"
    assert found["symbol"].to_pylist() == ["INFY"] * 90 + ["TCS"] * 90
    assert found["timestamp"].to_pylist() == times(90, minutes) * 2
    np.testing.assert_array_equal(values(found.slice(0, 90)), expected(two[1], _YEAR[minutes]))
    np.testing.assert_array_equal(values(found.slice(90)), expected(two[0], _YEAR[minutes]))
    for missing in FEATURE_NAMES[len(CANDLE_FEATURES) :]:
        assert np.isnan(found[missing].to_numpy()).all()
    assert facts["undefined"] == {
        "fewer bars than it needs": 2 * (11 + 25 + 33 + 33 + 14 + 27 + 19 + 19 + 20 + 14 + 19 + 20),
        "candles do not tell it": 180 * 11,
    }


def test_days_are_annualised_as_days(tmp_path, out, capsys):
    table = candles("TCS", [OPEN.replace(hour=0, minute=0) + timedelta(days=n) for n in range(60)])
    pq.write_table(table, tmp_path / "TCS_day.parquet")
    assert run(tmp_path / "TCS_day.parquet", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["interval"] == "day"
    np.testing.assert_array_equal(values(pq.read_table(out)), expected(table, 252))


@pytest.mark.parametrize(
    "name", ["symbol=M%26M/date=2026-08-17/anything.parquet", "candles_M&M_2026-08-17.parquet"]
)
def test_a_file_without_a_symbol_is_named_by_its_path(tmp_path, out, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(candles("?", times(20)).drop_columns(["symbol"]), path)
    assert run(path, out) == 0
    assert set(pq.read_table(out)["symbol"].to_pylist()) == {"M&M"}


def test_a_store_in_groups_as_if_it_were_one_file(tmp_path, out, monkeypatch):
    monkeypatch.setattr(batch, "_BARS_AT_ONCE", 150)
    tables = {f"S{n}": candles(f"S{n}", times(60 + 7 * n), n) for n in range(5)}
    for symbol, table in tables.items():
        for day in range(0, table.num_rows, 20):
            path = tmp_path / f"store/symbol={symbol}/date={day}/candles_{symbol}_{day}.parquet"
            path.parent.mkdir(parents=True)
            pq.write_table(table.slice(day, 20), path)
    aside = tmp_path / "store/quarantine/symbol=S0/original.parquet"
    aside.parent.mkdir(parents=True)
    pq.write_table(tables["S0"], aside)
    assert run(tmp_path / "store", out) == 0
    found = pq.read_table(out)
    assert found.num_rows == sum(table.num_rows for table in tables.values())
    for symbol, table in tables.items():
        mine = found.filter(pa.compute.equal(found["symbol"], symbol))
        np.testing.assert_array_equal(values(mine), expected(table, _YEAR[1]))


def test_of_a_whole_store_only_its_candles_are_read(tmp_path, out):
    table = candles("TCS", times(30))
    for path, content in {
        "historical_candles/symbol=TCS/date=2026-08-17/candles_TCS_2026-08-17.parquet": table,
        "daily_candles/date=2026-08-17/daily_2026-08-17.parquet": table.slice(0, 1),
        "trade_logs/trades_2026-08-17.parquet": pa.table({"position_id": ["P1"]}),
    }.items():
        (tmp_path / "store" / path).parent.mkdir(parents=True)
        pq.write_table(content, tmp_path / "store" / path)
    assert run(tmp_path / "store", out) == 0
    np.testing.assert_array_equal(values(pq.read_table(out)), expected(table, _YEAR[1]))


def test_candles_in_any_order_come_out_sorted(tmp_path, out):
    table = candles("TCS", times(60))
    pq.write_table(table.take(np.random.default_rng(3).permutation(60)), tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out) == 0
    assert pq.read_table(out)["timestamp"].to_pylist() == times(60)
    np.testing.assert_array_equal(values(pq.read_table(out)), expected(table, _YEAR[1]))


def test_only_the_features_asked_for_in_their_order(tmp_path, out, capsys):
    pq.write_table(candles("TCS", times(60)), tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out, "--features", "rsi_14, ema_12,delta", "--json") == 0
    assert pq.read_table(out).column_names == ["symbol", "timestamp", "rsi_14", "ema_12", "delta"]
    undefined = json.loads(capsys.readouterr().out)["undefined"]
    assert undefined == {"fewer bars than it needs": 14 + 11, "candles do not tell it": 60}
    with pytest.raises(SystemExit, match="2"):
        run(tmp_path / "c.parquet", out, "--features", "rsi_15")
    assert "rsi_15: choose from ema_12" in capsys.readouterr().err


def test_times_without_a_zone_are_ist_and_that_is_said(tmp_path, out, capsys):
    table = candles("TCS", times(40))
    naive = [moment.replace(tzinfo=None) for moment in times(40)]
    pq.write_table(
        table.set_column(1, "timestamp", pa.array(naive, pa.timestamp("ms"))), tmp_path / "c.parquet"
    )
    assert run(tmp_path / "c.parquet", out, "--json") == 0
    said = capsys.readouterr()
    assert "have no zone: they are taken as IST" in said.err
    assert json.loads(said.out)["rows"] == 40
    assert pq.read_table(out)["timestamp"].to_pylist() == times(40)


def test_times_of_another_zone_become_ist(tmp_path, out):
    table = candles("TCS", times(40))
    utc = table["timestamp"].cast(pa.timestamp("us", tz="UTC"))
    pq.write_table(table.set_column(1, "timestamp", utc), tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out) == 0
    assert pq.read_table(out)["timestamp"].to_pylist() == times(40)


def test_duplicates_are_refused_with_their_rows(tmp_path, out, capsys):
    table = candles("TCS", times(40))
    pq.write_table(pa.concat_tables([table, table.slice(7, 1)]), tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out) == 1
    said = capsys.readouterr().err
    assert "TCS has 1 times more than once: 2026-08-17 09:22 in row 7 of" in said
    assert "2026-08-17 09:22 in row 40 of" in said
    assert list(tmp_path.iterdir()) == [tmp_path / "c.parquet"]


def test_a_high_below_the_low_is_refused_with_its_row(tmp_path, out, capsys):
    pq.write_table(changed(candles("TCS", times(40)), "high", {9: 1.0}), tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out) == 1
    assert "TCS has 1 bars with high < low: 2026-08-17 09:24 in row 9 of" in capsys.readouterr().err
    assert not out.exists()


def test_a_row_without_a_price_stays_and_changes_nothing(tmp_path, out, capsys):
    table = candles("TCS", times(60))
    holed = changed(changed(table, "close", {30: float("nan"), 31: 0.0}), "low", {31: 0.0, 33: None})
    pq.write_table(holed, tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out, "--json", "--features", "ema_12") == 0
    said = capsys.readouterr()
    assert "3 rows have prices that are not numbers above zero" in said.err
    facts = json.loads(said.out)
    assert (facts["rows"], facts["rows_without_price"]) == (60, 3)
    assert facts["undefined"] == {"the bar has no price": 3, "fewer bars than it needs": 11}
    found = pq.read_table(out)["ema_12"].to_numpy()
    kept = np.delete(np.arange(60), [30, 31, 33])
    assert np.isnan(found[[30, 31, 33]]).all()
    np.testing.assert_array_equal(found[kept], expected(table.take(kept), _YEAR[1])[:, 0])


def test_bars_of_several_lengths_are_not_mixed(tmp_path, out, capsys):
    both = [candles("INFY", times(60)), candles("TCS", times(60, 5))]
    pq.write_table(pa.concat_tables(both), tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out) == 1
    assert "TCS has bars 5 minutes apart where others are of minute" in capsys.readouterr().err
    named = [
        t.append_column("interval", pa.array([i] * 60))
        for t, i in zip(both, ("minute", "5minute"), strict=True)
    ]
    pq.write_table(pa.concat_tables(named), tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out) == 1
    assert "of 5minute, minute: choose one by --interval" in capsys.readouterr().err
    assert run(tmp_path / "c.parquet", out, "--interval", "5minute") == 0
    np.testing.assert_array_equal(values(pq.read_table(out)), expected(both[1], _YEAR[5]))


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: None, "neither a file nor a folder"),
        (lambda path: path.mkdir(), "holds no candles"),
        (lambda path: path.write_bytes(b"PAR1 no more"), "no Parquet file that can be read"),
        (lambda path: pq.write_table(pa.table({"symbol": ["A"], "x": [1]}), path), "no column of times"),
        (
            lambda path: pq.write_table(candles("A", times(3)).drop_columns(["low"]), path),
            "has no column low",
        ),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, out, capsys, write, says):
    write(tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", out) == 1
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_the_candles_are_not_overwritten(tmp_path, capsys):
    pq.write_table(candles("TCS", times(40)), tmp_path / "c.parquet")
    assert run(tmp_path / "c.parquet", tmp_path / "c.parquet") == 1
    assert run(tmp_path / "c.parquet", tmp_path / "no/such/folder.parquet") == 1
    assert run(tmp_path, tmp_path / "out.parquet") == run(tmp_path, tmp_path / "out.parquet") == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 40


def test_the_installed_command_explains_itself():
    said = subprocess.run(
        [str(Path(sys.executable).parent / "patang"), "features", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--candles FILE_OR_DIR" in said.stdout


def test_talib_says_the_same_of_a_real_month(out):
    recorded = DATA / "stocks_intraday" / "stocks50_1m_2016-08_09.parquet"
    if not recorded.exists():
        pytest.skip(f"{recorded} is absent: set PATANG_DATA to the folder of recorded market data")
    assert run(recorded, out) == 0
    found, bars = pq.read_table(out), pq.read_table(recorded)
    assert found.num_rows == bars.num_rows
    for symbol in ("RELIANCE", "SBIN", "INFY"):
        mine = found.filter(pa.compute.equal(found["symbol"], symbol))
        theirs = bars.filter(pa.compute.equal(bars["symbol"], symbol)).sort_by("ts")
        high, low, close = (np.array(theirs[name], np.float64) for name in ("high", "low", "close"))
        macd, signal, _ = talib.MACD(close, 12, 26, 9)
        for name, expected_values in {
            "ema_12": talib.EMA(close, 12),
            "ema_26": talib.EMA(close, 26),
            "macd": macd,
            "macd_signal": signal,
            "rsi_14": talib.RSI(close, 14),
            "adx_14": talib.ADX(high, low, close, 14),
            "atr_14": talib.ATR(high, low, close, 14),
            "roc_20": talib.ROC(close, 20),
        }.items():
            np.testing.assert_allclose(
                mine[name].to_numpy(),
                expected_values,
                rtol=1e-9,
                atol=1e-12 * close.max(),
                err_msg=f"{symbol} {name}",
            )

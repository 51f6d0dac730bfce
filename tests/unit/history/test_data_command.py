"""`patang data check`, `show` and `quarantine` as a person runs them: exit codes, JSON, and what they say."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from patang.market.sessions import IST
from patang_workbench.cli import main
from patang_workbench.history.loader import Loader
from patang_workbench.history.store import CandleStore, store_at
from tests.unit.history.brokers import NIFTY, RELIANCE, HistoryBroker

FIRST, LAST, HOLE = date(2026, 5, 25), date(2026, 5, 29), date(2026, 5, 26)
NOW = datetime(2026, 6, 1, 8, 0, tzinfo=IST)

type Run = Callable[..., tuple[int, Any]]


def fill(store: CandleStore) -> None:
    loader = Loader(HistoryBroker(NOW, [HOLE]), store, NOW, lambda _: None)
    for instrument in (NIFTY, RELIANCE):
        for interval in ("minute", "day"):
            loader.carry_out(loader.plan(instrument, FIRST, LAST, interval))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two symbols of four sessions, of one of which the broker has nothing."""
    fill(store_at(str(tmp_path / "store")))
    return tmp_path / "store"


@pytest.fixture
def data(store: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `patang data ... --json`; exit code and what it said."""

    def run(*arguments: str, place: str = str(store)) -> tuple[int, Any]:
        where = [] if place == "" else ["--store", place]
        code = main(["data", *arguments, *where, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def day_file(store: Path, day: date = LAST, symbol: str = "RELIANCE") -> Path:
    return store / f"historical_candles/symbol={symbol}/date={day}/candles_{symbol}_{day}.parquet"


def spoil(path: Path) -> None:
    table = pq.read_table(path)
    highs = table["high"].to_pylist()
    highs[7] = 1.0
    place = table.column_names.index("high")
    pq.write_table(table.set_column(place, "high", pa.array(highs)), path)


def test_a_clean_store_exits_with_zero(data: Run) -> None:
    code, said = data("check")
    assert (code, said["clean"], said["series"], said["bars"]) == (0, True, 4, 2 * (3 * 375 + 3))


def test_findings_exit_with_one_and_are_listed(data: Run, store: Path) -> None:
    spoil(day_file(store))
    code, said = data("check")
    assert (code, said["counts"], said["condemned_bars"]) == (1, {"high_below_low": 1}, 1)
    (finding,) = said["findings"]
    assert (finding["symbol"], finding["timestamp"]) == ("RELIANCE", "2026-05-29T09:22:00+05:30")
    assert finding["source"] == "historical_candles/symbol=RELIANCE"
    assert data("check", "--symbol", "NIFTY")[0] == 0
    assert data("check", "--interval", "day")[0] == 0


def test_quarantine_takes_the_bar_and_gives_it_back(data: Run, store: Path) -> None:
    spoil(day_file(store))
    before = day_file(store).read_bytes()
    assert data("check", "--quarantine", "--dry-run")[1]["quarantined_bars"] == 0
    assert day_file(store).read_bytes() == before
    assert data("check", "--quarantine")[1]["quarantined_bars"] == 1
    assert pq.read_table(day_file(store)).num_rows == 374
    assert data("check")[0] == 0
    path = day_file(store).relative_to(store).as_posix()
    (entry,) = data("quarantine")[1]["entries"]
    assert (entry["path"], entry["state"], entry["rows"]) == (path, "quarantined", 1)
    (entry,) = data("quarantine", "--restore", path)[1]["entries"]
    assert entry["state"] == "restored"
    assert day_file(store).read_bytes() == before
    code, said = data("check")
    assert (code, [finding["accepted"] for finding in said["findings"]]) == (0, [True])


def test_files_of_others_are_checked_by_their_own_columns(data: Run, tmp_path: Path) -> None:
    start = datetime(2026, 5, 29, 9, 15)  # noqa: DTZ001 - a file whose times say no zone
    times = [start + timedelta(minutes=n) for n in range(375)]
    prices = {name: [100.0] * 375 for name in ("open", "high", "low", "close")}
    table = pa.table({"date": times, **prices, "symbol": ["ITC"] * 375})
    pyarrow.csv.write_csv(table, tmp_path / "itc.csv")
    assert data("check", str(tmp_path / "itc.csv"), place="")[0] == 0
    pq.write_table(table.slice(1).drop_columns("symbol"), tmp_path / "ITC_1m_2026.parquet")
    code, said = data("check", str(tmp_path / "ITC_1m_2026.parquet"), place="")
    assert (code, said["findings"][0]["symbol"], said["findings"][0]["kind"]) == (1, "ITC", "gap")


def test_a_folder_of_files_is_checked_file_by_file(data: Run, store: Path) -> None:
    code, said = data("check", str(store / "historical_candles"), place="")
    assert (code, said["series"], said["bars"]) == (0, 6, 6 * 375)


def test_contracts_without_one_name_are_told_apart(data: Run, tmp_path: Path) -> None:
    start = datetime(2026, 5, 29, 9, 15, tzinfo=IST)
    times = [start + timedelta(minutes=n) for n in range(375)] * 2
    columns = {name: [100.0] * 375 + [50.0] * 375 for name in ("open", "high", "low", "close")}
    names = {"underlying": ["NIFTY"] * 750, "strike": [24500.0] * 750, "opt": ["CE"] * 375 + ["PE"] * 375}
    pq.write_table(pa.table({"ts": times, **columns, **names}), tmp_path / "chain.parquet")
    assert data("check", str(tmp_path / "chain.parquet"), place="")[1]["series"] == 2


def test_days_are_shown_with_what_is_missing(data: Run, store: Path) -> None:
    pq.write_table(pq.read_table(day_file(store)).slice(5), day_file(store))
    _, said = data("show", "reliance")
    assert [(day["date"], day["bars"], day["missing"]) for day in said["days"]] == [
        ("2026-05-25", 375, 0), ("2026-05-26", 0, None), ("2026-05-27", 375, 0), ("2026-05-29", 370, 5),
    ]  # fmt: skip


def test_candles_are_shown_as_json_text_and_csv(
    data: Run, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said = data("show", "NIFTY", "--date", "2026-05-27")
    assert len(said["candles"]) == 375
    assert set(said["candles"][0]) == {"timestamp", "open", "high", "low", "close", "volume", "oi"}
    assert (
        len(
            data("show", "NIFTY", "--from", "2026-05-27", "--to", "2026-05-29", "--interval", "day")[1][
                "candles"
            ]
        )
        == 2
    )
    main(["data", "show", "NIFTY", "--date", "2026-05-27", "--csv", "--store", str(store)])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["close"]) for row in rows] == [candle["close"] for candle in said["candles"]]
    main(["data", "show", "NIFTY", "--date", "2026-05-27", "--store", str(store)])
    assert capsys.readouterr().out.startswith("2026-05-27 09:15 ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "TCS"], "no candles of TCS"),
        (["show", "NSE:NIFTY 50", "--date", "2020-01-01"], "no candles of NIFTY then"),
        (
            ["show", "NIFTY", "--date", "2026-05-27", "--from", "2026-05-27"],
            "give --date, or --from and --to",
        ),
        (["check", "x.parquet", "--quarantine"], "works on a store"),
        (["check", "absent.parquet"], "absent.parquet is no file"),
        (["check", "--symbol", "TCS"], "no candles to check"),
        (["quarantine", "--restore", "x"], "nothing of x is set aside"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_one(
    store: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", *arguments, "--store", str(store)]) == 1
    assert says in capsys.readouterr().err


def test_no_store_and_no_such_store_are_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATANG_STORE", raising=False)
    assert main(["data", "check"]) == 1
    assert "give --store" in capsys.readouterr().err
    assert main(["data", "check", "--store", "gs://bucket"]) == 1
    assert "a folder or s3://BUCKET" in capsys.readouterr().err


def test_a_bucket_is_a_store_too(data: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    with mock_aws():
        where = {"LocationConstraint": "ap-south-1"}
        boto3.client("s3").create_bucket(Bucket="candles", CreateBucketConfiguration=where)
        fill(store_at("s3://candles"))
        assert data("check", place="s3://candles")[0] == 0
        assert len(data("show", "NIFTY", place="s3://candles")[1]["days"]) == 4


@pytest.mark.parametrize(
    "arguments",
    [["show", "NIFTY", "--date", "yesterday"], ["pull", "NIFTY", "--from", "2026-02-30"]],
)
def test_what_is_no_day_is_named_with_the_form_of_one(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["data", *arguments])
    assert stopped.value.code == 2
    assert f"{arguments[-1]!r} is no day (YYYY-MM-DD)" in capsys.readouterr().err

"""`patang data` as a person runs it: the official client against the simulator's history, over a bad line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from patang_workbench.cli import main
from tests.integration.history.conftest import DAY, Line

FROM, TO = "2026-02-24", "2026-06-15"
PAGES = 2


@pytest.fixture
def data(
    line: Line,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, Any]]:
    """Runs `patang data ... --json` in this process; exit code and what it printed."""

    def run(verb: str, *arguments: str, at: Line = line) -> tuple[int, Any]:
        for name, value in at.environment.items():
            monkeypatch.setenv(name, value)
        root = ["--root", at.root] if verb == "pull" else []
        code = main(["data", verb, *arguments, *root, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def files(store: Path) -> dict[str, bytes]:
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(store.rglob("*")) if p.is_file()}


def test_months_of_minutes_come_in_few_requests_and_none_comes_twice(
    data: Callable[..., tuple[int, Any]], line: Line, tmp_path: Path
) -> None:
    code, said = data("pull", "NIFTY", "RELIANCE", "--from", FROM, "--to", TO, "--store", str(tmp_path))
    assert (code, said["requests"], said["finished"]) == (0, 2 * PAGES, True)
    assert len(line.historical) == 2 * PAGES
    nifty = pq.read_table(
        tmp_path / "historical_candles/symbol=NIFTY/date=2026-06-15/candles_NIFTY_2026-06-15.parquet"
    )
    assert nifty.num_rows == 375
    others = len(line.others)
    code, again = data("pull", "NIFTY", "RELIANCE", "--from", FROM, "--to", TO, "--store", str(tmp_path))
    assert (code, again["requests"], len(line.historical)) == (0, 0, 2 * PAGES)
    # Only the market's time is asked for: the day's instruments are in the store.
    assert [path.split("?")[0] for path in line.others[others:]] == ["/quote"]


def test_what_was_pulled_is_clean_and_can_be_shown(
    data: Callable[..., tuple[int, Any]], tmp_path: Path
) -> None:
    store = str(tmp_path)
    for interval in ("minute", "5minute", "15minute", "day"):
        data(
            "pull",
            "NIFTY",
            "RELIANCE",
            "--from",
            "2026-05-18",
            "--to",
            TO,
            "--interval",
            interval,
            "--store",
            store,
        )
    code, checked = data("check", "--store", store)
    assert (code, checked["clean"], checked["series"], checked["findings"]) == (0, True, 8, [])
    _, days = data("show", "RELIANCE", "--store", store)
    assert all((day["bars"], day["missing"]) == (375, 0) for day in days["days"])
    _, day = data("show", "RELIANCE", "--date", TO, "--interval", "15minute", "--store", store)
    assert [len(day["candles"]), day["candles"][0]["timestamp"]] == [25, f"{TO}T09:15:00+05:30"]
    with pytest.raises(SystemExit, match="2"):
        main(["data", "show", "RELIANCE", "--date", "yesterday", "--store", store])


def test_throttling_and_failures_cost_repetitions_and_no_bar(
    data: Callable[..., tuple[int, Any]], line: Line, tmp_path: Path
) -> None:
    data("pull", "INFY", "--from", FROM, "--to", TO, "--store", str(tmp_path / "calm"))
    line.historical.clear()
    line.faults.extend([429, 503])
    code, said = data("pull", "INFY", "--from", FROM, "--to", TO, "--store", str(tmp_path / "stormy"))
    assert (code, said["finished"]) == (0, True)
    assert len(line.historical) == PAGES + 2
    assert files(tmp_path / "stormy") == files(tmp_path / "calm")


def test_ctrl_c_in_the_middle_and_the_same_command_again_equal_one_pull(
    data: Callable[..., tuple[int, Any]], line: Line, tmp_path: Path
) -> None:
    symbols = ["NIFTY", "INFY"]
    data("pull", *symbols, "--from", FROM, "--to", TO, "--store", str(tmp_path / "whole"))
    needed = len(line.historical)
    line.historical.clear()
    for _ in range(needed):
        line.arrived.acquire(blocking=False)
    command = [sys.executable, "-c", "from patang_workbench.cli import main; raise SystemExit(main())"]
    command += ["data", "pull", *symbols, "--from", FROM, "--to", TO, "--store", str(tmp_path / "cut")]
    running = subprocess.Popen(
        [*command, "--root", line.root], env={**os.environ, **line.environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    for _ in range(2):
        assert line.arrived.acquire(timeout=30)
    line.passing.clear()
    assert line.arrived.acquire(timeout=30)
    running.send_signal(signal.SIGINT)
    line.passing.set()
    out, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "the same command goes on from here" in out
    assert "stopping after the request under way" in errors
    assert len(line.historical) == 3
    code, said = data("pull", *symbols, "--from", FROM, "--to", TO, "--store", str(tmp_path / "cut"))
    assert (code, said["requests"]) == (0, needed - 3)
    assert len(line.historical) == needed
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_a_session_under_way_is_not_taken_for_complete(
    data: Callable[..., tuple[int, Any]], broker_at: Callable[[str], Line], tmp_path: Path
) -> None:
    today = ["pull", "NIFTY", "--from", DAY.isoformat(), "--store", str(tmp_path)]
    assert data(*today)[1]["requests"] == 0
    morning, evening = broker_at("09:24:30"), broker_at("15:40:30")
    for _ in range(2):
        partly = data(*today, at=morning)[1]
        assert (partly["requests"], partly["bars"]) == (1, 10)
    assert data(*today, at=evening)[1]["bars"] == 375
    assert data(*today, at=evening)[1]["requests"] == 0


def test_what_cannot_be_had_is_named_and_the_rest_is_fetched(
    data: Callable[..., tuple[int, Any]], tmp_path: Path
) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("# shares\nINFI\nTCS\nNFO:NIFTY26MAY24500CE\n")
    code, said = data(
        "pull", "--universe", str(wanted), "--from", TO, "--to", TO, "--store", str(tmp_path / "s")
    )
    assert (code, [result["symbol"] for result in said["symbols"]]) == (1, ["TCS"])
    assert "like it: INFY" in said["failures"]["INFI"]
    assert "expired contracts" in said["failures"]["NFO:NIFTY26MAY24500CE"]


def test_instruments_are_chosen_from_the_dump(data: Callable[..., tuple[int, Any]], tmp_path: Path) -> None:
    chosen = ["--from-dump", "--exchange", "NSE", "--type", "INDEX", "--from", TO, "--to", TO]
    code, said = data("pull", *chosen, "--store", str(tmp_path))
    assert code == 0
    symbols = {result["symbol"] for result in said["symbols"]}
    assert {"BANKNIFTY", "NIFTY"} <= symbols
    assert "RELIANCE" not in symbols


@pytest.mark.parametrize("missing", ["KITE_API_KEY", "KITE_ACCESS_TOKEN"])
def test_credentials_that_are_not_set_are_named(
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    for name in ("KITE_API_KEY", "KITE_ACCESS_TOKEN"):
        monkeypatch.setenv(name, "" if name == missing else "known")
    assert main(["data", "pull", "NIFTY", "--from", FROM, "--store", str(tmp_path)]) == 1
    assert f"{missing} not set" in capsys.readouterr().err


def test_a_dead_session_ends_the_pull_and_says_what_to_do(
    line: Line,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("KITE_API_KEY", line.environment["KITE_API_KEY"])
    monkeypatch.setenv("KITE_ACCESS_TOKEN", "yesterdays")
    arguments = ["data", "pull", "NIFTY", "--from", FROM, "--store", str(tmp_path), "--root", line.root]
    assert main(arguments) == 1
    assert "log in again" in capsys.readouterr().err

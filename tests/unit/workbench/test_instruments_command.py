"""`patang instruments`: searched in a file and a store, fetched from a broker that is a small HTTP server."""

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from patang.adapters.folder import FolderObjects
from patang.market.instrument_dumps import dump_path, load_dump
from patang.market.instrument_table import InstrumentTable
from patang.market.listing import COLUMNS
from patang_workbench.cli import main

DUMP = f"""{",".join(COLUMNS[:-1])}
738561,2885,RELIANCE,RELIANCE INDUSTRIES,0.0,,0.0,0.05,1,EQ,NSE,NSE
9001,35,NIFTY26AUGFUT,NIFTY,0.0,2026-08-25,0.0,0.1,65,FUT,NFO-FUT,NFO
9002,36,NIFTY2681824500CE,NIFTY,0.0,2026-08-18,24500.0,0.05,65,CE,NFO-OPT,NFO
9003,37,NIFTY2681824500PE,NIFTY,0.0,2026-08-18,24500.0,0.05,65,PE,NFO-OPT,NFO
9004,38,NIFTY26AUG24500CE,NIFTY,0.0,2026-08-25,24500.0,0.05,65,CE,NFO-OPT,NFO
"""
ISINS = "SYMBOL,SERIES, ISIN NUMBER\nRELIANCE,EQ,INE002A01018\n"
DAY = date(2026, 8, 18)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch):
    for name in ("PATANG_STORE", "KITE_API_KEY", "KITE_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / f"instruments_{DAY}.csv"
    path.write_text(DUMP)
    return path


@pytest.fixture
def isins(tmp_path: Path) -> Path:
    path = tmp_path / "EQUITY_L.csv"
    path.write_text(ISINS)
    return path


@pytest.fixture
def broker() -> Iterator[str]:
    """The base address of a broker that tells its instruments to everybody."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/instruments" and "authorization" not in self.headers
            self.send_response(200 if found else 403)
            self.send_header("content-type", "text/csv")
            self.end_headers()
            self.wfile.write(DUMP.encode() if found else b"{}")

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def found(capsys) -> list[str]:
    return [listing["identifier"] for listing in json.loads(capsys.readouterr().out)["instruments"]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["reliance"], ["NSE:RELIANCE"]),
        (["nifty", "24500", "pe"], ["NFO:NIFTY2681824500PE"]),
        (["--type", "fut"], ["NFO:NIFTY26AUGFUT"]),
        (["--strike", "24500", "--expiry", "2026-08-25"], ["NFO:NIFTY26AUG24500CE"]),
        (["--type", "CE", "--expiry", "nearest"], ["NFO:NIFTY2681824500CE"]),
        (["--type", "CE", "--expiry", "nearest", "--date", "2026-08-19"], ["NFO:NIFTY26AUG24500CE"]),
        (["--underlying", "nifty", "--exchange", "nfo", "--limit", "1"], ["NFO:NIFTY26AUGFUT"]),
    ],
)
def test_a_file_is_searched(capsys, dump, arguments, expected):
    assert main(["instruments", "search", *arguments, "--dump", str(dump), "--json"]) == 0
    assert found(capsys) == expected


def test_what_is_found_is_told_whole(capsys, dump, isins):
    assert (
        main(["instruments", "search", "ine002a01018", "--json", "--dump", str(dump), "--isins", str(isins)])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert (told["date"], told["total"], told["problems"], told["source"]) == ("2026-08-18", 1, [], str(dump))
    assert told["instruments"] == [
        {
            "identifier": "NSE:RELIANCE",
            "exchange": "NSE",
            "tradingsymbol": "RELIANCE",
            "name": "RELIANCE INDUSTRIES",
            "type": "EQ",
            "segment": "NSE",
            "underlying": "RELIANCE",
            "expiry": None,
            "strike": None,
            "lot_size": 1,
            "tick_size": 0.05,
            "isin": "INE002A01018",
            "has_derivatives": False,
            "instrument_token": 738561,
            "exchange_token": 2885,
        }
    ]


def test_a_person_gets_a_table_and_hears_that_there_is_more(capsys, dump):
    assert main(["instruments", "search", "nifty", "--limit", "2", "--dump", str(dump)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["instrument", "name", "type", "expiry", "strike", "lot", "tick", "ISIN"]
    assert lines[2].split() == ["NFO:NIFTY2681824500CE", "NIFTY", "CE", "2026-08-18", "24500", "65", "0.05"]
    assert "2 of 4" in err


def test_bad_lines_are_told_and_do_not_stop_the_search(capsys, dump):
    dump.write_text(DUMP + "x,1,A,A,0,,0,0.05,1,EQ,NSE,NSE\n")
    assert main(["instruments", "search", "reliance", "--dump", str(dump)]) == 0
    assert "1 lines were left out, the first: line 7: instrument_token is 'x'" in capsys.readouterr().err


def test_nothing_found_is_exit_code_one(capsys, dump):
    assert main(["instruments", "search", "zzz", "--dump", str(dump)]) == 1
    assert "nothing fits among the 5 instruments" in capsys.readouterr().err
    assert main(["instruments", "search", "zzz", "--dump", str(dump), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["total"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x"], "give --dump FILE, or --store DIR or PATANG_STORE"),
        (["--dump", "{dump}"], "search for what?"),
        (["x", "--dump", "{dump}.absent"], "cannot be read"),
        (["x", "--dump", "{isins}"], "is no instruments dump: its first line lacks"),
        (["x", "--store", "{folder}"], "keeps no instruments: patang instruments pull"),
        (["x", "--store", "{folder}", "--isins", "{isins}"], "--isins goes with --dump"),
        (["x", "--dump", "{dump}", "--isins", "{dump}"], "not NSE's list of securities"),
    ],
)
def test_what_cannot_be_done_says_why(capsys, tmp_path, dump, isins, arguments, message):
    (tmp_path / "store").mkdir()
    places = {"dump": dump, "isins": isins, "folder": tmp_path / "store"}
    assert main(["instruments", "search", *(text.format(**places) for text in arguments)]) == 1
    assert message in capsys.readouterr().err


def test_the_nearest_expiry_needs_a_day(capsys, dump):
    unnamed = dump.rename(dump.with_name("dump.csv"))
    assert main(["instruments", "search", "--expiry", "nearest", "--dump", str(unnamed)]) == 1
    assert "give --date" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--expiry", "tomorrow"], ["--strike", "-5"], ["--strike", "x"], ["--limit", "0"]]
)
def test_what_is_not_understood_is_exit_code_two(arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["instruments", "search", "x", *arguments])
    assert stopped.value.code == 2


def test_parquet_is_read_like_text(capsys, tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / f"instruments_{DAY}.parquet"
    pq.write_table(pa.Table.from_pylist(InstrumentTable.from_csv(DUMP).rows()), path)
    assert main(["instruments", "search", "--strike", "24500", "--json", "--dump", str(path)]) == 0
    assert len(found(capsys)) == 3


def test_a_pulled_dump_is_kept_with_isins_and_found_in_the_store(capsys, tmp_path, broker, isins):
    store = str(tmp_path / "store")
    pull = ["instruments", "pull", "--root", broker, "--date", str(DAY), "--store", store, "--json"]
    assert main([*pull, "--isins", str(isins)]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "date": "2026-08-18",
        "path": dump_path(DAY),
        "instruments": 5,
        "with_isin": 1,
        "problems": [],
    }
    kept = load_dump(FolderObjects(Path(store)), DAY)
    assert kept.get("NSE", "RELIANCE").isin == "INE002A01018"
    assert main(["instruments", "search", "INE002A01018", "--json", "--store", store]) == 0
    assert found(capsys) == ["NSE:RELIANCE"]
    assert main(["instruments", "search", "x", "--store", store, "--date", "2026-08-17"]) == 1
    assert "the newest are of 2026-08-18" in capsys.readouterr().err


def test_a_pull_that_fails_keeps_nothing_and_says_what_the_broker_said(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("patang.adapters.kite.calls._READ_WAITS", (0.0,))
    store = tmp_path / "store"
    pull = ["instruments", "pull", "--root", "http://127.0.0.1:9", "--date", str(DAY), "--store", str(store)]
    assert main(pull) == 1
    assert "the broker could not be reached" in capsys.readouterr().err
    assert not store.exists()
    assert main(["instruments", "pull"]) == 1
    assert "keep them where?" in capsys.readouterr().err

"""The command line: help, exit codes, and errors that say what to do. The desk is a small HTTP server."""

import argparse
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from patang.audit.chain import link
from patang.audit.entry import AuditEntry
from patang.audit.event import AuditEvent
from patang.audit.log import AuditLog
from patang.market.sessions import IST
from patang_workbench.cli import main, running
from patang_workbench.demo.command import _missing, add_arguments
from patang_workbench.local_stack.emulator import free_port
from tests.fakes import MemoryStore

DAY = date(2026, 8, 18)
TOKEN = "the right one"


@pytest.fixture
def entries() -> list[AuditEntry]:
    """A chain of five."""
    store, audit = MemoryStore(), MemoryStore()
    moment = datetime(2026, 8, 18, 9, 30, tzinfo=IST)
    link(audit, "main", DAY, [
        AuditEvent(event_id=f"e{n}", account="main", kind="PROPOSED", as_of=moment, written_at=moment,
                   actor="desk", details={"n": n})
        for n in range(5)
    ])  # fmt: skip
    return AuditLog(store, audit).page("main", DAY)


class Desk:
    """Serves what the API's two routes would, to who has the token."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.head: dict[str, Any] | None = None
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                code, body = desk.answer(self.path, self.headers.get("authorization", ""))
                self.send_response(code)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, authorization: str) -> tuple[int, Any]:
        parts = urlsplit(path)
        if authorization != f"Bearer {TOKEN}":
            return 401, {"message": "who are you?"}
        if parts.path == "/api/status":
            return 200, STATUS
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if (query["account"], query["date"]) != ("main", DAY.isoformat()):
            return 200, {"entries": [], "head": None}
        after, limit = int(query["after"]), min(int(query["limit"]), 2)
        return 200, {"entries": self.entries[after : after + limit], "head": self.head}

    def keep(self, entries: list[AuditEntry]) -> None:
        self.entries = [entry.model_dump(mode="json") for entry in entries]
        last = entries[-1]
        self.head = {"account": "main", "day": DAY.isoformat(), "sequence": 5, "hash": last.hash}


STATUS = {
    "mode": "paper", "profile": "safe", "approval_mode": "semi-automated",
    "models_not_promoted": "for demonstration only: equity-1",
    "data": {"age_seconds": None, "market_time": None, "stale": True},
    "sessions": [{"account": "main", "state": "LIVE", "valid_until": "06:00"}],
    "risk": [{"account": "main", "blocked_by": None, "open_exposure": 0, "exposure_limit": 90000}],
    "pnl": {"realised": 12.5, "unrealised": 0, "charges": 3},
    "positions": [], "approvals": [], "events": [],
}  # fmt: skip


@pytest.fixture
def desk(entries: list[AuditEntry]) -> Iterator[Desk]:
    server = Desk()
    server.keep(entries)
    yield server
    server.close()


@pytest.fixture(autouse=True)
def no_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No demo runs, whatever runs on this machine; where one would leave word."""
    word = tmp_path / "demo.json"
    monkeypatch.setattr(running, "RUNNING", word)
    for name in ("PATANG_URL", "PATANG_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return word


@pytest.fixture
def demo(desk: Desk, no_demo: Path) -> Desk:
    """A running demo."""
    facts = {"address": desk.address, "token": TOKEN, "account": "main", "date": DAY.isoformat()}
    no_demo.write_text(json.dumps(facts))
    return desk


def write(path: Path, entries: list[AuditEntry]) -> str:
    path.write_text("".join(f"{entry.model_dump_json()}\n" for entry in entries))
    return str(path)


@pytest.mark.parametrize(
    "words", [[], ["demo"], ["simulator"], ["status"], ["audit"], ["audit", "verify"]], ids=" ".join
)
def test_every_verb_explains_itself(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {' '.join(['patang', *words])}")


@pytest.mark.parametrize(
    "words",
    [[], ["fly"], ["audit"], ["demo", "--replay", "yesterday"], ["demo", "--profile", "bold"],
     ["audit", "verify", "--date", "18.8."]],
)  # fmt: skip
def test_what_is_not_understood_is_told_from_what_failed(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_status_of_the_running_demo(demo: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    shown = capsys.readouterr().out
    assert "mode       paper, profile safe" in shown
    assert "models     for demonstration only: equity-1: nothing is proposed, persons' orders go" in shown
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == STATUS


def test_without_a_demo_it_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert "patang demo" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"address": "http://127.0.0.1:1"}'])
def test_a_broken_word_of_a_demo_is_named(
    text: str, no_demo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    no_demo.write_text(text)
    assert main(["status"]) == 1
    assert str(no_demo) in capsys.readouterr().err


def test_a_desk_that_is_gone_is_told_by_its_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATANG_TOKEN", TOKEN)
    address = f"http://127.0.0.1:{free_port()}"
    assert main(["status", "--url", address]) == 1
    assert f"{address} does not answer" in capsys.readouterr().err


def test_a_desk_by_address_needs_a_token(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--url", desk.address]) == 1
    assert "PATANG_TOKEN" in capsys.readouterr().err


def test_what_the_desk_says_to_a_wrong_token_is_passed_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATANG_URL", f"{desk.address}/")
    monkeypatch.setenv("PATANG_TOKEN", "a wrong one")
    assert main(["status"]) == 1
    told = capsys.readouterr().err
    assert "401" in told
    assert "who are you?" in told
    assert "a wrong one" not in told


def test_a_whole_chain_verifies_page_by_page(demo: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify"]) == 0
    assert capsys.readouterr().out == "5 entries, every hash and every link is right\n"


def test_a_chain_cut_off_at_its_end_is_found_by_its_head(
    demo: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    del demo.entries[4]
    assert main(["audit", "verify"]) == 1
    assert "the chain ends at entry 4, its head says 5" in capsys.readouterr().err


def test_another_day_is_another_chain(demo: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", "--date", "2026-08-19", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == 0


def test_a_file_verifies(
    entries: list[AuditEntry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "day.jsonl", entries)
    assert main(["audit", "verify", "--file", path]) == 0
    assert main(["audit", "verify", "--file", path, "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found == {"ok": True, "entries": 5, "first_bad": None, "reason": ""}


def _changed(entries: list[AuditEntry]) -> list[AuditEntry]:
    other = entries[2].evolve(event_json=entries[2].event_json.replace('"n":2', '"n":7'))
    return [*entries[:2], other, *entries[3:]]


@pytest.mark.parametrize(
    ("spoil", "first_bad"),
    [
        pytest.param(_changed, 3, id="changed"),
        pytest.param(lambda chain: [*chain[:2], *chain[3:]], 3, id="missing"),
        pytest.param(lambda chain: chain[1:], 1, id="first missing"),
        pytest.param(lambda chain: [*chain[:3], chain[4], chain[3]], 4, id="exchanged"),
        pytest.param(lambda chain: [*chain, chain[4]], 6, id="twice"),
    ],
)
def test_a_spoilt_file_names_its_first_bad_entry(
    spoil: Any,
    first_bad: int,
    entries: list[AuditEntry],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write(tmp_path / "day.jsonl", spoil(entries))
    assert main(["audit", "verify", "--file", path, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["first_bad"]) == (False, first_bad)
    assert main(["audit", "verify", "--file", path]) == 1
    assert f"broken at entry {first_bad}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"\n\n", "holds no audit entry"),
        (b'{"a": 1}\n', "line 1 is not an audit entry"),
    ],
)
def test_a_file_that_is_no_chain_is_named(
    content: bytes | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "day.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert main(["audit", "verify", "--file", str(path)]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert str(path) in error


COMPLETE = {
    "ticks": 9, "candles": 9, "cycles": 9, "signals": 2, "approvals": 2, "orders": 4, "fills": 4,
    "closed_trades": 2, "open_positions": 0, "audit_verified": True, "candles_equal": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, []),
        ({"fills": 0}, ["fills"]),
        ({"closed_trades": 1}, ["2 closed trades"]),
        ({"audit_verified": False}, ["audit_verified"]),
        ({"candles_equal": False}, ["candles_equal"]),
        ({"open_positions": 1}, ["every position closed"]),
        ({"ticks": 0, "candles": 0}, ["ticks", "candles"]),
    ],
)
def test_a_run_is_complete_only_with_everything(changes: dict[str, Any], missing: list[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    asked = parser.parse_args(["--headless", "--until-trades", "2"])
    assert _missing(COMPLETE | changes, asked) == missing


def test_the_simulator_runs_by_its_verb_with_its_clock_started() -> None:
    """Its option --run must not be taken for the command's own."""
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("patang")), "simulator", "--run", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert not ready["paused"]
    assert process.returncode == 0
    assert "x reached" in told

"""A day of the audit log as a file: whole, checkable by the command, harmless in a spreadsheet."""

import csv
import io

import pytest

from functions.api.routes import audit
from patang_workbench.cli import main as patang
from tests.unit.api.sample_desk import DAY, NOW, event


@pytest.fixture
def export(stranger, bearer):
    headers = bearer("read")
    return lambda **asked: stranger.get(
        "/api/audit/export", params={"account": "main"} | asked, headers=headers
    )


def test_lines_are_what_the_command_checks(export, tmp_path, capsys):
    answer = export()
    assert answer.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="audit-main-{DAY}.jsonl"'
    file = tmp_path / "day.jsonl"
    file.write_text(answer.text)
    assert patang(["audit", "verify", "--file", str(file)]) == 0
    assert "6 entries" in capsys.readouterr().out
    file.write_text(answer.text.replace("RELIANCE", "INFY", 1))
    assert patang(["audit", "verify", "--file", str(file)]) == 1
    assert "entry 2" in capsys.readouterr().err


def test_a_table_has_a_line_an_entry_and_no_formula(export, desk):
    desk.audited(event("main", 99, "NOTE", "=cmd()", NOW, {"text": 'a "quote", a comma\nand a line'}))
    answer = export(format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["sequence"] for row in rows] == [str(n) for n in range(1, 8)]
    assert rows[-1]["actor"] == "'=cmd()"
    assert rows[-1]["details"] == '{"text": "a \\"quote\\", a comma\\nand a line"}'
    assert rows[0]["as_of"] == "2026-08-18T10:17:30+05:30"
    assert [row["previous"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]


@pytest.mark.parametrize("actor", ["=cmd()", "＝cmd()", "\n=cmd()", "-1+1", "@SUM(1)"])
def test_no_cell_of_a_table_is_a_formula(export, desk, actor):
    desk.audited(event("main", 99, "NOTE", actor, NOW, {}))
    rows = list(csv.DictReader(io.StringIO(export(format="csv").text, newline="")))
    assert rows[-1]["actor"] == f"'{actor}"


def test_parts_follow_one_another(export, monkeypatch):
    monkeypatch.setattr(audit, "MOST_IN_A_FILE", 4)
    first, second = export(), export(after=4)
    assert [text.count("\n") for text in (first.text, second.text)] == [4, 2]
    assert second.headers["content-disposition"].endswith(f'-{DAY}-from-5.jsonl"')
    monkeypatch.undo()
    assert first.text + second.text == export().text


def test_nobody_elses_chain_is_given_out(export):
    assert export(account="other").status_code == 404
    assert export(account="nobody").status_code == 404
    assert export(account="DESK").status_code == 200
    assert export(date="2026-08-17").text == ""

"""A day of the audit log as a file: whole, checkable by the command, harmless in a spreadsheet."""

import csv
import io
import json
import re

import pytest

from patang.desk_view import audit_files
from patang_workbench.cli import main as patang
from tests.unit.api.sample_desk import DAY, NOW, event

# What a function answers at most, in bytes of the JSON that it is handed over in
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
LARGEST_ANSWER = 6 * 1024 * 1024


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


def parts(export, client, **asked):
    """The files of a day, each found by the one before."""
    found = [export(**asked)]
    while (link := found[-1].headers.get("link")) is not None:
        address = re.fullmatch(r'<(/api/audit/export\?[^>]+)>; rel="next"', link)[1]
        found.append(client.get(address, headers=found[-1].request.headers))
    return found


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_parts_follow_one_another_and_each_says_which_it_is(export, stranger, monkeypatch, form):
    whole = export(format=form)
    assert whole.headers["patang-entries"] == "1-6/6"
    assert "link" not in whole.headers
    monkeypatch.setattr(audit_files, "MOST_IN_A_FILE", 4)
    first, second = parts(export, stranger, format=form)
    names = [one.headers["content-disposition"].partition("=")[2] for one in (first, second)]
    assert names == [f'"audit-main-{DAY}-{span}-of-6.{form}"' for span in ("1-to-4", "5-to-6")]
    assert [one.headers["patang-entries"] for one in (first, second)] == ["1-4/6", "5-6/6"]
    told = second.text if form == "jsonl" else second.text.partition("\r\n")[2]
    assert first.text + told == whole.text


def test_a_part_has_as_many_entries_as_are_asked_for(export, stranger):
    found = parts(export, stranger, limit=2)
    assert [one.text.count("\n") for one in found] == [2, 2, 2]
    assert "".join(one.text for one in found) == export().text
    for limit in (0, 5001, "x"):
        assert export(limit=limit).status_code == 422
    behind = export(after=6)
    assert (behind.text, behind.headers["patang-entries"]) == ("", "0/6")
    assert behind.headers["content-disposition"].endswith(f'"audit-main-{DAY}-behind-6.jsonl"')


# Each of them is as much of an item of the table as fits: 400 KB.
LONG = {"quotes": '"\\' * 90_000, "text of India": "₹" * 120_000, "line ends": "\n" * 190_000}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("written", LONG)
def test_no_answer_is_larger_than_a_function_may_give(export, stranger, bearer, desk, form, written):
    desk.audited(*(event("main", n, "NOTE", "patang", NOW, {"text": LONG[written]}) for n in range(100, 120)))
    found = parts(export, stranger, format=form)
    assert len(found) > 1
    for one in found:
        # As the function hands it over, a text within JSON; at the worst in ASCII.
        assert len(json.dumps(one.text)) < LARGEST_ANSWER
    lines = sum(len(one.text.splitlines()) for one in found)
    if form == "jsonl":
        assert lines == 26
    listed = stranger.get(
        "/api/audit/verification", params={"account": "main", "date": str(DAY)}, headers=bearer("read")
    ).json()["files"]
    spans = [one.headers["patang-entries"].partition("/")[0] for one in found]
    assert [f"{part['first']}-{part['last']}" for part in listed] == spans


def test_pages_of_long_entries_are_short_and_lose_none(stranger, bearer, desk):
    desk.audited(*(event("main", n, "NOTE", "patang", NOW, {"t": LONG["quotes"]}) for n in range(100, 120)))
    for order in ("oldest", "newest"):
        asked = {"account": "main", "limit": 100, "order": order}
        seen: list[int] = []
        while True:
            answer = stranger.get("/api/audit", params=asked, headers=bearer("read"))
            assert len(json.dumps(answer.text)) < LARGEST_ANSWER
            seen += [one["sequence"] for one in answer.json()["items"]]
            if answer.json()["next"] is None:
                break
            asked["cursor"] = answer.json()["next"]
        assert sorted(seen) == list(range(1, 27))
        assert seen == sorted(seen, reverse=order == "newest")
    answer = stranger.get(
        "/api/audit/entries", params={"account": "main", "limit": 500}, headers=bearer("read")
    )
    assert len(json.dumps(answer.text)) < LARGEST_ANSWER
    assert len(answer.json()["entries"]) < answer.json()["head"]["sequence"] == 26


def test_nobody_elses_chain_is_given_out(export):
    assert export(account="other").status_code == 404
    assert export(account="nobody").status_code == 404
    assert export(account="DESK").status_code == 200
    assert export(date="2026-08-17").text == ""

"""`patang report daily|monthly|tax` on a desk in memory."""

import csv
import io
import json

import pytest

from patang_workbench.cli import desk_report, main
from tests.unit.api.reported_desk import TRADES, reported
from tests.unit.api.sample_desk import busy, two_owners


@pytest.fixture
def told(monkeypatch, capsys):
    desk = reported(busy(two_owners()))
    monkeypatch.setattr(desk_report, "deployed_desk", lambda _stage: desk)

    def run(*arguments):
        code = main(["report", *arguments])
        return code, capsys.readouterr()

    return run


def test_a_month_in_sums(told):
    code, said = told("monthly", "2026-08", "--account", "main")
    assert code == 0
    assert said.out.splitlines() == [
        "2026-08-01 to 2026-08-31, paper, main",
        "all: 25 trades, 16 won, +₹1,115.60 after ₹1,001.42 of charges; slippage ₹98.00",
        "equity: 13 trades, 8 won, +₹395.60 after ₹521.42 of charges; slippage ₹50.00",
        "long_options: 12 trades, 8 won, +₹720.00 after ₹480.00 of charges; slippage ₹48.00",
        "charges of all that was traded: ₹683.84",
        "expected: 17.7 of 24 won, +₹3,600.00; realised: 16, +₹1,440.00",
        "p_win over 24 trades: Brier's score 0.196",
        "not compared with the broker: 2026-08-07, 2026-08-10, 2026-08-11, 2026-08-12, 2026-08-13, "
        "2026-08-14, 2026-08-17, 2026-08-18",
    ]


def test_a_day_as_a_table_and_a_month_as_a_document(told):
    _, said = told("daily", "2026-08-18", "--csv", "--account", "main")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert {row["symbol"] for row in rows} == {"RELIANCE", "TCS", "INFY"}
    _, said = told("monthly", "2026-08", "--json", "--account", "main")
    assert len(json.loads(said.out)["trades"]) == TRADES + 1


def test_a_year_says_what_to_settle(told):
    code, said = told("tax", "2026-27", "--account", "main")
    assert code == 0
    assert "to settle: these trades were made on paper: none of this is income" in said.out
    assert "no tax is worked out" in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("monthly", "2026-13"), "no month"),
        (("daily", "yesterday"), "yesterday"),
        (("tax", "2026"), "no financial year"),
        (("daily", "2026-08-18", "--account", "nobody"), "there are: family, main, other"),
        (("runs/1", "2026-08-18"), "none of daily, monthly, tax"),
    ],
)
def test_what_is_no_period_is_said(told, arguments, said):
    code, found = told(*arguments)
    assert code == 1
    assert said in found.err

"""`patang charges`: the break-up, its JSON, and what is refused."""

import json
from typing import Any

import pytest

from patang_workbench.cli import main

LOT = "--segment options --exchange NSE --buy 100 --sell 110 --quantity 65 --date 2026-05-04"


def shown(capsys: Any, arguments: str) -> dict[str, Any]:
    assert main(["charges", *arguments.split(), "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_a_lot_of_options_as_json(capsys):
    assert shown(capsys, LOT) == {
        "segment": "options",
        "exchange": "NSE",
        "date": "2026-05-04",
        "quantity": 65,
        "buy_price": 100,
        "sell_price": 110,
        "turnover": 13_650,
        "charges": {
            "brokerage": 40,
            "stt": 11,
            "exchange_transaction": 4.85,
            "sebi": 0.01,
            "stamp_duty": 0,
            "ipft": 0,
            "gst": 8.08,
            "dp": 0,
            "square_off": 0,
            "total": 63.94,
        },
        "gross_pnl": 650,
        "net_pnl": 586.06,
        # At 100.97: 63.05 more than paid and 62.69 of charges (STT 10, not 11); at 100.96 it is 62.40.
        "break_even_price": 100.97,
        "break_even_move": 0.97,
    }


def test_a_lot_of_options_for_people(capsys):
    assert main(["charges", *LOT.split()]) == 0
    lines = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()[1:]]
    said = dict(lines)
    assert (said["STT"], said["charges"], said["net profit"]) == ("11.00", "63.94", "586.06")
    assert "depository (DP)" not in said


@pytest.mark.parametrize("segment", ["equity-delivery", "equity-intraday", "futures", "options"])
@pytest.mark.parametrize("exchange", ["NSE", "BSE"])
def test_the_total_is_the_sum_of_what_is_shown(capsys, segment, exchange):
    found = shown(
        capsys,
        f"--segment {segment} --exchange {exchange} --buy 1234.55 --sell 1240 --quantity 77 "
        "--date 2025-06-02",
    )
    parts = dict(found["charges"])
    total = parts.pop("total")
    assert total == pytest.approx(sum(parts.values()))
    assert found["net_pnl"] == pytest.approx(found["gross_pnl"] - total)
    assert (parts["dp"] > 0) == (segment == "equity-delivery")


def test_an_exchange_may_be_named_as_the_broker_names_it(capsys):
    assert shown(capsys, LOT.replace("NSE", "nfo")) == shown(capsys, LOT)


def test_what_an_exercise_and_a_square_off_cost(capsys):
    exercised = shown(capsys, f"{LOT} --exercised")["charges"]
    # 0.15 % of the intrinsic value, 110 * 65, is 10.725; no transaction on the exchange for the second leg.
    assert (exercised["stt"], exercised["exchange_transaction"], exercised["brokerage"]) == (11, 2.31, 40)
    lapsed = shown(capsys, f"{LOT.replace('--sell 110', '--sell 0')} --exercised")
    assert (lapsed["charges"]["brokerage"], lapsed["gross_pnl"]) == (20, -6500)
    squared = shown(capsys, f"{LOT} --squared-off")
    assert squared["charges"]["square_off"] == 59
    assert squared["charges"]["total"] == 122.94
    assert squared["break_even_price"] > shown(capsys, LOT)["break_even_price"]


def test_todays_rates_without_a_date(capsys):
    assert shown(capsys, LOT.removesuffix("--date 2026-05-04"))["charges"]["total"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (LOT.replace("2026-05-04", "2019-06-03"), "sourced rates for exchange_transaction of options on NSE"),
        (f"{LOT.replace('options', 'futures')} --exercised", "--exercised goes with --segment options"),
        (f"{LOT.replace('2026-05-04', '2019-03-05')} --exercised", "settlement price"),
        (f"{LOT.replace('options', 'equity-delivery')} --squared-off", "never equity-delivery"),
        (f"{LOT} --squared-off --exercised", "either"),
    ],
)
def test_what_cannot_be_charged_is_said_and_ends_with_one(capsys, arguments, words):
    assert main(["charges", *arguments.split()]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("patang: ")
    assert words in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("--buy 100", "--buy 0", "'0' is no price above zero"),
        ("--buy 100", "--buy much", "'much' is no price"),
        ("--sell 110", "--sell=-5", "'-5' is no price of zero or more"),
        ("--sell 110", "--sell nan", "'nan' is no price of zero or more"),
        ("--quantity 65", "--quantity 6.5", "'6.5' is no number of units above zero"),
        ("--quantity 65", "--quantity 0", "'0' is no number of units above zero"),
        ("2026-05-04", "04.05.2026", "'04.05.2026' is no day (YYYY-MM-DD)"),
        ("options", "commodities", "commodities"),
        ("NSE", "MCX", "MCX"),
        ("--quantity 65", "", "--quantity"),
    ],
)
def test_what_is_not_understood_ends_with_two(capsys, old, new, words):
    with pytest.raises(SystemExit) as end:
        main(["charges", *LOT.replace(old, new).split()])
    assert end.value.code == 2
    assert words in capsys.readouterr().err

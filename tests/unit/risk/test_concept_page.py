"""The figures of docs/concepts/expected-profit-and-size.md are those of the code."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from patang.risk.expected_profit import expected_profit
from patang.risk.sizing import Headroom, size
from patang.risk.slippage import PRIOR_WEIGHT, prior_pct
from patang.settings import Settings
from tests.unit.risk.samples import option_signal

D = Decimal
PAGE = (Path(__file__).parents[3] / "docs/concepts/expected-profit-and-size.md").read_text()


def test_the_sized_example():
    found = size(
        option_signal(),
        Settings(),
        Headroom(D(300_000), D(30_000), D(30_000), D(90_000), D(270_000), D(9_000)),
    )
    assert (found.quantity, found.binding) == (130, "RISK_PER_TRADE")
    assert f"loses {found.risk_amount:,.2f} rupees at most" in PAGE
    assert f"it costs {found.exposure:,.2f} at most" in PAGE


def test_the_example_of_a_profit():
    found = expected_profit(option_signal(), 130)
    rows = {
        "expected move": found.gross,
        "charges of both legs": found.charges.total,
        "spread": found.spread,
        "slippage, nothing seen yet": found.slippage,
        "**expected profit**": found.net,
    }
    for name, amount in rows.items():
        shown = f"**{amount:,.2f}**" if "*" in name else f"{amount:,.2f}"
        assert f"| {name} | {shown} |" in PAGE, name
    assert f"| break-even | {found.break_even_price}, a move of {found.break_even_pct} % |" in PAGE


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_assumed_slippage(size):
    row = re.search(rf"^\| {size}[^|]*\| (.*) % \| (.*) % \| (.*) % \|$", PAGE, re.MULTILINE)
    assert row is not None
    assert [D(shown) for shown in row.groups()] == [
        prior_pct(kind, size) for kind in ("options", "futures", "equity")
    ]
    assert f"estimate = ({PRIOR_WEIGHT} x assumption" in PAGE


def test_every_bound_is_on_the_page():
    found = size(option_signal(), Settings(), Headroom(D(0), D(0), D(0), D(0), D(0), D(0), D(0)))
    for name in found.bounds:
        assert f"| `{name}` |" in PAGE

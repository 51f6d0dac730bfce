"""A period and a financial year as an assistant asks for them."""

import pytest

from patang.tools.calling import call
from tests.unit.api.sample_desk import DAY


@pytest.fixture
def ask(desk, caller):
    def ask(name, **args):
        answered = call(caller("read"), name, args)
        assert answered.status == 200, answered.reply
        return answered.reply

    return ask


def test_a_day_and_its_month_are_told_in_sums(desk, ask):
    day, month = (ask("trading_report", day=str(DAY), whole_month=whole) for whole in (False, True))
    whole = desk.desk_reports().daily(("main",), DAY)
    assert whole.trades
    assert (day.kind, day.total, day.expectation) == ("daily", whole.total, whole.expectation)
    assert sum(day.charges.values()) == whole.charges_total
    assert (month.kind, month.first.day, month.last.day) == ("monthly", 1, 31)


def test_a_year_says_first_what_has_to_be_settled(desk, ask):
    told = ask("tax_year", year="2026-27")
    assert "on paper" in told.to_settle[0]
    assert told.unsettled > 0, "the sample desk sold what it has no fill of"
    assert any("purchase is not known" in sentence for sentence in told.to_settle)
    assert (told.short_term, told.exemption) == (0, 125000)


@pytest.mark.parametrize("year", ["2026", "1999-00"])
def test_a_year_that_is_none_is_refused(caller, year):
    answered = call(caller("read"), "tax_year", {"year": year})
    assert (answered.status, "year" in answered.reply.message) == (400, True)

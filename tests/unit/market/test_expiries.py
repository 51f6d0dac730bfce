"""Sessions before an expiry exit: holidays and weekends are none, and unknown days neither."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.market.expiries import (
    expiry_exit_day,
    first_expiry_to_enter,
    session_after,
    sessions_before_exit,
)
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST, expiry_moment, session_on
from patang.settings import OptionSettings

A_DAY = timedelta(days=1)
SAFE = OptionSettings()


def day(month: int, number: int) -> date:
    return date(2026, month, number)


@pytest.mark.parametrize(
    ("entered", "before"),
    # The contract expires on Tuesday the 25th, its exit is due in Monday's session.
    [(18, 4), (19, 3), (20, 2), (21, 1), (22, 0), (24, 0), (25, 0)],
)
def test_the_session_of_the_entry_counts_and_that_of_the_exit_does_not(entered, before):
    assert sessions_before_exit(day(8, 25), day(8, entered), A_DAY, 20) == before


def test_a_holiday_before_the_expiry_moves_its_exit_and_is_no_session():
    # 2026-10-20 is Dussehra, a Tuesday.
    assert session_on(day(10, 20)) is None
    assert expiry_exit_day(day(10, 21), day(10, 12), A_DAY) == day(10, 19)
    assert sessions_before_exit(day(10, 21), day(10, 16), A_DAY, 20) == 1
    assert sessions_before_exit(day(10, 22), day(10, 16), A_DAY, 20) == 2


@pytest.mark.parametrize(("entered", "expiry"), [(20, day(8, 25)), (21, day(9, 1)), (25, day(9, 1))])
def test_what_is_too_near_gives_way_to_the_next(entered, expiry):
    expiries = [day(9, 1), day(8, 25), day(9, 8)]
    assert first_expiry_to_enter(expiries, day(8, entered), SAFE) == expiry


def test_where_none_is_far_enough_there_is_none():
    assert first_expiry_to_enter([day(8, 18), day(8, 19)], day(8, 18), SAFE) is None


def test_an_owners_word_about_a_day_goes_before_the_calendar():
    shut = SessionOverride.model_validate({"day": "2026-08-21", "reason": "a test", "closed": True})
    assert sessions_before_exit(day(8, 25), day(8, 20), A_DAY, 20, (shut,)) == 1
    assert first_expiry_to_enter([day(8, 25), day(9, 1)], day(8, 20), SAFE, (shut,)) == day(9, 1)


def test_days_of_a_year_that_nobody_knows_are_no_sessions():
    assert session_after(day(12, 30), 1) == day(12, 31)
    assert session_after(day(12, 31), 3) is None
    assert sessions_before_exit(date(2027, 1, 19), day(12, 31), A_DAY, 20) == 0


@given(st.dates(day(1, 5), day(9, 25)), st.integers(0, 40), st.integers(1, 6))
def test_whatever_is_entered_leaves_its_sessions_before_the_exit(entered, ahead, least):
    expiry = entered + timedelta(days=ahead)
    rules = OptionSettings(min_sessions_to_expiry_exit=least)
    if first_expiry_to_enter([expiry], entered, rules) is None:
        return
    leaves = expiry_exit_day(expiry, entered, A_DAY)
    assert leaves is not None
    open_days = [
        entered + timedelta(days=n)
        for n in range((leaves - entered).days)
        if session_on(entered + timedelta(days=n), "derivatives") is not None
    ]
    assert len(open_days) >= least
    assert datetime.combine(leaves, datetime.min.time(), IST) < expiry_moment(expiry) - A_DAY

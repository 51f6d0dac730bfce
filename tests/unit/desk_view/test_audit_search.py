"""Looking through a day's chain: by kind, by whom, by words; page by page it is the same list."""

from datetime import timedelta

import pytest

from patang.desk_view.audit_search import AuditQuestion, audit_page
from tests.unit.api.sample_desk import DAY, NOW, event, two_owners


@pytest.fixture(scope="module")
def log():
    desk = two_owners()
    desk.audited(
        *(
            event("main", n, kind, actor, NOW + timedelta(seconds=n), details)
            for n, (kind, actor, details) in enumerate(
                [
                    ("ORDER_FILLED", "broker", {"symbol": "RELIANCE", "price": "1002.20"}),
                    ("HALTED", "person:asha", {"reason": "Größe zu groß", "inner": {"list": ["INFY", 7]}}),
                    ("ORDER_FILLED", "broker", {"symbol": "INFY", "empty": None}),
                    ("SETTINGS_CHANGED", "person:ravi", {"risk": {"max_open_inr": 250000}}),
                ]
            )
        )
    )
    return desk.audit_log()


def found(log, cursor=None, limit=100, **asked):
    return audit_page(log, AuditQuestion("main", DAY, **asked), cursor, limit)


def sequences(log, **asked):
    return [one.sequence for one in found(log, **asked).items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reliance", [1]),
        ("infy", [2, 3]),
        ("INFY filled", [3]),
        ("order filled", [1, 3]),
        ("order_filled", [1, 3]),
        ("person:", [2, 4]),
        ("GRÖSSE GROSS", [2]),
        ("max open 250000", [4]),
        ("halted#1", [2]),
        ("reliance infy", []),
        ("none", []),
        ("   ", [1, 2, 3, 4]),
    ],
)
def test_every_word_stands_somewhere_in_what_is_found(log, text, expected):
    assert sequences(log, text=text) == expected


def test_what_is_asked_for_together_holds_together(log):
    assert sequences(log, kind="ORDER_FILLED", text="infy") == [3]
    assert sequences(log, actor="person:asha", text="infy") == [2]
    assert sequences(log, actor="person:asha", kind="ORDER_FILLED") == []


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_are_the_list(log, newest_first):
    whole = sequences(log, text="o", newest_first=newest_first)
    assert whole == sorted(whole, reverse=newest_first)
    assert len(whole) == 4
    told, cursor = [], None
    while True:
        page = found(log, cursor, 1, text="o", newest_first=newest_first)
        told += [one.sequence for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert told == whole

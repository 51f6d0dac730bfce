"""The day's curve of an account: a point a minute of what was realised and what was open."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.keys import curve_key, day_key
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay
from patang.portfolio.day_curve import CurveMoment, DayCurve, day_curve, note_curve
from patang.portfolio.position import Mark
from patang.ports import Put
from patang.records import create, load, replace
from tests.fakes import MemoryStore
from tests.unit.api.sample_desk import DAY, NOW, position


@pytest.fixture
def store():
    return MemoryStore()


def marked(store: MemoryStore, position_id: str, unrealised: str, account: str = "main") -> None:
    mark = Mark(
        position_id=position_id,
        account=account,
        as_of=NOW,
        last_price=Decimal(1),
        unrealised_pnl=Decimal(unrealised),
    )
    store.write(Put(mark.key(), mark.model_dump(mode="json", exclude_none=True)))


def test_a_point_is_what_was_realised_and_what_is_open(store):
    result = AccountDay(account="main", day=DAY, realised_pnl=Decimal("-734.85"), charges=Decimal("186.42"))
    store.write(create(result))
    for position_id, symbol in (("p1", "RELIANCE"), ("p2", "TCS")):
        store.write(create(position("main", position_id, symbol, "OPEN")))
    store.write(create(position("other", "p9", "INFY", "OPEN")))
    marked(store, "p1", "389.40")
    marked(store, "p2", "-10.15")
    assert note_curve(store, "main", NOW)
    [point] = day_curve(store, "main", DAY)
    assert point == CurveMoment("10:47", Decimal("-734.85"), Decimal("379.25"), Decimal("186.42"))
    assert day_curve(store, "other", DAY) == ()


def test_what_is_open_and_has_no_price_yet_leaves_a_gap(store):
    store.write(create(position("main", "p1", "RELIANCE", "OPEN")))
    assert not note_curve(store, "main", NOW)
    assert day_curve(store, "main", DAY) == ()
    marked(store, "p1", "5")
    assert note_curve(store, "main", NOW + timedelta(minutes=1))
    assert [point.minute for point in day_curve(store, "main", DAY)] == ["10:48"]


def test_a_minute_has_one_point_and_minutes_stand_in_order(store):
    for minutes in (0, 2, 1, 2):
        note_curve(store, "main", NOW + timedelta(minutes=minutes, seconds=minutes))
    assert [point.minute for point in day_curve(store, "main", DAY)] == ["10:47", "10:48", "10:49"]


def test_a_day_is_the_sum_of_its_hours_and_a_minute_rewrites_little(store):
    begin = NOW.replace(hour=9, minute=15, second=0)
    for minutes in range(376):
        note_curve(store, "main", begin + timedelta(minutes=minutes))
    found = day_curve(store, "main", DAY)
    assert [point.minute for point in found] == [
        f"{begin + timedelta(minutes=minutes):%H:%M}" for minutes in range(376)
    ]
    assert sum(key.sort.startswith("CURVE#") for key in store.items) == 7
    points = tuple(CurveMoment(f"10:{n:02}", *[Decimal("-123456.78")] * 3) for n in range(60))
    assert len(DayCurve(account="main", day=DAY, points=points).model_dump_json()) < 4_000


def test_it_goes_after_a_year(store):
    note_curve(store, "main", NOW)
    curve = load(store, DayCurve, curve_key("main", DAY, "10"))
    assert (curve.expires_at() - NOW.timestamp()) / 86400 == pytest.approx(400, abs=1)


def test_a_point_at_night_counts_to_the_day_in_india(store):
    at = NOW.astimezone(IST).replace(hour=0, minute=1)
    note_curve(store, "main", at)
    assert load(store, DayCurve, curve_key("main", DAY, "00")).points[0].minute == "00:01"


def test_two_who_write_at_once_both_have_their_minute(store, monkeypatch):
    note_curve(store, "main", NOW)
    put = store.write
    result = AccountDay(account="main", day=DAY, realised_pnl=Decimal(7))

    def late(*writes):
        monkeypatch.setattr(store, "write", put)
        curve = load(store, DayCurve, curve_key("main", DAY, "10"))
        put(replace(curve.with_point(CurveMoment("10:50", Decimal(1), Decimal(0), Decimal(0)))))
        put(create(result))
        put(*writes)

    monkeypatch.setattr(store, "write", late)
    note_curve(store, "main", NOW + timedelta(minutes=1))
    found = day_curve(store, "main", DAY)
    assert [point.minute for point in found] == ["10:47", "10:48", "10:50"]
    assert found[1].realised == 7
    assert load(store, AccountDay, day_key("main", DAY)) is not None

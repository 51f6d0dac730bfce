"""Money paid in or out is booked once, whoever tells of it, and in the mode that it was told in."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.accounts.funds import CashMovements
from patang.errors import BadInput
from patang.keys import risk_key
from patang.portfolio.account_state import RiskState
from patang.records import load, replace
from patang.risk.account_view import view_account
from patang.risk.breaker import drawdown
from patang.settings import Mode, Settings
from tests.fakes import FixedClock, MemoryStore
from tests.unit.risk.samples import AS_OF

D = Decimal
OWNER = "person:asha"


class Desk:
    """An account whose owner and whose broker tell of money."""

    def __init__(self, mode: Mode = "live") -> None:
        self.store, self.clock, self.mode = MemoryStore(), FixedClock(AS_OF), mode
        self.cash = CashMovements(self.store, self.clock)

    def owner(self, amount: int, as_of: datetime = AS_OF, **how: Any) -> Decimal:
        """What of it was news."""
        return self.cash.by_owner("main", D(amount), self.mode, OWNER, as_of, **how).moved

    def broker(
        self, paid_in: int | None = None, paid_out: int | None = None, as_of: datetime = AS_OF
    ) -> None:
        equity: dict[str, Any] = {"net": 1, "available": {}, "utilised": {}}
        if paid_in is not None:
            equity["available"]["intraday_payin"] = paid_in
        if paid_out is not None:
            equity["utilised"]["payout"] = paid_out
        self.cash.by_broker("main", {"equity": equity}, self.mode, as_of)

    def total(self) -> Decimal:
        state = load(self.store, RiskState, risk_key("main")) or RiskState(account="main")
        return state.in_mode(self.mode).net_paid_in

    def moved(self) -> list[tuple[str, str]]:
        partition = f"OUTBOX#main#{AS_OF.date().isoformat()}"
        events = [item for item in self.store.query(partition) if item["kind"] == "CASH_MOVED"]
        return [(item["details"]["told_by"], str(item["details"]["moved"])) for item in events]


@pytest.mark.parametrize("owner_first", [True, False])
@pytest.mark.parametrize(("amount", "way"), [(50_000, {"paid_in": 50_000}), (-20_000, {"paid_out": 20_000})])
def test_what_both_tell_is_booked_once(owner_first: bool, amount: int, way: dict[str, int]) -> None:
    desk = Desk()
    tellings = [lambda: desk.owner(amount), lambda: desk.broker(**way)]
    for telling in tellings if owner_first else reversed(tellings):
        telling()
    assert desk.total() == amount
    assert sorted(moved for _, moved in desk.moved()) == sorted(["0", str(amount)])


@pytest.mark.parametrize("order", permutations(range(4)))
def test_whoever_tells_what_first_comes_to_the_same(order: tuple[int, ...]) -> None:
    """The owner tells of three pay-ins one by one; the broker has seen one of them so far."""
    desk = Desk()
    tellings = [lambda: desk.owner(50_000), lambda: desk.owner(20_000), lambda: desk.owner(-5_000)]
    tellings.append(lambda: desk.broker(50_000, 0))
    for number in order:
        tellings[number]()
    assert desk.total() == 65_000
    desk.broker(70_000, 5_000)
    assert desk.total() == 65_000


def test_what_only_one_of_them_tells_counts() -> None:
    desk = Desk()
    assert desk.owner(30_000) == 30_000
    tomorrow = AS_OF + timedelta(days=1)
    desk.broker(40_000, as_of=tomorrow)
    assert desk.total() == 70_000


def test_what_is_told_a_day_later_is_held_against_its_own_day() -> None:
    desk = Desk()
    desk.broker(50_000)
    tomorrow = AS_OF + timedelta(days=1)
    assert desk.owner(50_000, tomorrow, day=AS_OF.date()) == 0
    assert desk.owner(50_000, tomorrow) == 50_000
    with pytest.raises(BadInput, match="which is after 2026-08-18"):
        desk.owner(1, day=date(2026, 8, 19))


def test_money_of_a_weekend_is_not_that_of_the_friday_before() -> None:
    desk = Desk()
    desk.broker(50_000)
    desk.clock.advance(4 * 24 * 3600)
    assert desk.owner(50_000, day=date(2026, 8, 22)) == 50_000
    assert desk.total() == 100_000


def test_a_reply_without_totals_takes_nothing_back() -> None:
    desk = Desk()
    desk.broker(50_000, 10_000)
    desk.broker()
    assert desk.total() == 40_000
    desk.broker(50_000, 0)
    assert desk.total() == 50_000, "a pay-out that was called off"
    assert len(desk.moved()) == 2


def test_paper_money_does_not_move_the_live_line() -> None:
    desk = Desk()
    desk.broker(50_000)
    desk.owner(10_000, day=AS_OF.date() - timedelta(days=4))
    desk.mode = "paper"
    assert desk.owner(900_000) == 900_000, "the same day, and not the same money"
    desk.broker(0, 0)
    assert desk.total() == 900_000
    desk.mode = "live"
    assert desk.total() == 60_000
    desk.broker(50_000)
    desk.broker(70_000)
    assert desk.total() == 80_000
    desk.mode = "paper"
    assert desk.total() == 900_000


def test_a_pay_in_told_twice_leaves_drawdown_and_limit_where_they_belong() -> None:
    desk = Desk()
    desk.owner(100_000)
    state = load(desk.store, RiskState, risk_key("main"))
    assert state is not None
    desk.store.write(replace(state.evolve(realised_total=D(-20_000), peak_realised=D(5_000))))
    desk.broker(100_000)
    settings = Settings(mode="live")
    view = view_account(desk.store, "main", AS_OF, AS_OF, settings)
    assert drawdown(view) == 25_000
    assert view.loss_limit(settings) == 12_000, "3 % of 400,000"


amounts = st.lists(st.integers(-50, 50).filter(bool), max_size=6)


@given(amounts, st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=6), st.randoms())
def test_a_days_total_is_the_larger_telling_each_way_whatever_the_order(
    owners: list[int], brokers: list[tuple[int, int]], chance: Any
) -> None:
    desk = Desk()
    tellings = [(desk.owner, (amount,)) for amount in owners] + [(desk.broker, told) for told in brokers]
    chance.shuffle(tellings)
    last = (0, 0)
    for tell, told in tellings:
        tell(*told)
        last = told if tell == desk.broker else last
    paid_in = max(sum(amount for amount in owners if amount > 0), last[0])
    paid_out = max(-sum(amount for amount in owners if amount < 0), last[1])
    assert desk.total() == paid_in - paid_out

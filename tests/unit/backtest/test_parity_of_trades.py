"""A day's trades beside its replay's: what differs is unexplained unless its cause is known."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from patang.approvals.proposal import Proposal
from patang.backtest.opening import Declined, Opening
from patang.backtest.parity.day import RecordedDay, recorded_day
from patang.backtest.parity.told import TradeParity
from patang.backtest.parity.trades import Market, Replayed, compare_trades
from patang.backtest.trade import Trade
from patang.errors import BadInput
from patang.portfolio.position import Position
from patang.records import create
from patang.settings.limits import RiskSettings
from tests.fakes import MemoryObjects, MemoryStore
from tests.unit.execution.samples import proposal_of
from tests.unit.risk.samples import AS_OF, equity_signal, position

D = Decimal
SIGNAL = equity_signal()
ENTERED, LEFT = AS_OF + timedelta(minutes=1), AS_OF + timedelta(minutes=20)
RESTS = timedelta(minutes=3)
BOUNDS = RiskSettings()


def bought(**changes: Any) -> Proposal:
    sent = {"intent_id": "N1", "state": "CONCLUDED", "outcome": "FILLED"}
    return proposal_of(SIGNAL, 20).evolve(**(sent | changes))


def held(**changes: Any) -> Position:
    fields: dict[str, Any] = {
        "entry_intent_id": "N1",
        "quantity": 20,
        "entry_price": D("100.05"),
        "entry_time": ENTERED,
        "state": "CLOSED",
        "exit_time": LEFT,
        "exit_price": D(103),
        "exit_reason": "TARGET",
        "exited_quantity": 20,
        "realised_pnl": D(50),
    }
    return position(**(fields | changes))


def traded(**changes: Any) -> Trade:
    fields: dict[str, Any] = {
        "trade_id": "o1",
        "strategy": "equity",
        "signal_type": "BUY",
        "exchange": "NSE",
        "symbol": "INFY",
        "underlying": "INFY",
        "product": "MIS",
        "quantity": 20,
        "decided_at": AS_OF,
        "entered_at": ENTERED,
        "exited_at": LEFT,
        "entry_price": D("100.05"),
        "exit_price": D(103),
        "stop_loss_price": D(99),
        "target_price": D(103),
        "exit_reason": "TARGET",
        "charges": D(10),
        "slippage": D(1),
        "p_win": 0.85,
        "expected_return_pct": 1.5,
        "expected_net_profit": D(20),
        "bars_held": 19,
        "prices": "recorded",
    }
    return Trade.model_validate(fields | changes)


def day(*proposals: Proposal, positions: tuple[Position, ...] = (), **changes: Any) -> RecordedDay:
    fields: dict[str, Any] = {
        "account": "main",
        "day": AS_OF.date(),
        "proposals": {p.signal.signal_id: p for p in proposals},
        "positions": {p.entry_intent_id: p for p in positions},
        "refused": {},
        "opening": Opening(),
        "carried": (),
    }
    return RecordedDay(**(fields | changes))


def anywhere(_name, _at):
    return D(90), D(110)


def on_time(_position):
    return LEFT, LEFT


def market(seen=anywhere, leaves=on_time, changed_at=None) -> Market:
    return Market(seen, leaves, changed_at)


def compared(recorded: RecordedDay, again: Proposal | None, trade: Trade | None, **told: Any) -> TradeParity:
    name = SIGNAL.signal_id
    replayed = Replayed({name: again} if again else {}, {name: trade} if trade else {}, RESTS, BOUNDS)
    (found,) = compare_trades(recorded, replayed, market(**told))
    return found


def test_the_same_trade_twice_has_nothing_to_explain():
    found = compared(day(bought(), positions=(held(),)), bought(), traded())
    assert (found.differences, found.cause) == ((), "")
    assert found.recorded is not None
    assert found.recorded.net_pnl == 50


def test_another_price_within_the_range_of_its_minute_is_how_bars_fill():
    found = compared(day(bought(), positions=(held(),)), bought(), traded(entry_price=D("100.10")))
    assert found.differences == ("entry_price 100.05, replayed 100.10",)
    assert found.cause == "FILL"


def test_a_price_that_nobody_traded_at_is_unexplained():
    def elsewhere(_name, _at):
        return D(101), D(104)

    found = compared(day(bought(), positions=(held(),)), bought(), traded(entry_price=D(101)), seen=elsewhere)
    assert found.cause == "UNEXPLAINED"


def test_what_only_the_day_or_only_the_replay_has_proposed_is_unexplained():
    missing = compared(day(bought(), positions=(held(),)), None, None, changed_at=LEFT)
    assert (missing.differences, missing.cause) == (("the replay has not proposed it",), "UNEXPLAINED")
    unsent = compared(day(bought(intent_id=None, outcome="REJECTED")), None, None)
    assert (unsent.differences, unsent.cause) == (("the replay has not proposed it",), "UNEXPLAINED")
    extra = compared(day(), bought(), None)
    assert (extra.outcome, extra.cause) == ("NOT_PROPOSED", "UNEXPLAINED")


def test_accounts_that_held_different_things_by_then_propose_different_things():
    """The day was out of its position a minute before, the replay was still in."""
    earlier = held(entry_time=AS_OF - timedelta(minutes=9), exit_time=AS_OF - timedelta(minutes=1))
    recorded = day(positions=(earlier,))
    longer = traded(entered_at=AS_OF - timedelta(minutes=9), exited_at=AS_OF + timedelta(minutes=1))
    replayed = Replayed({SIGNAL.signal_id: bought()}, {"S-before": longer}, RESTS, BOUNDS)
    found, _ = compare_trades(recorded, replayed, market())
    assert found.cause == "FILL"


@pytest.mark.parametrize(
    ("before", "cause"),
    [(timedelta(minutes=1), "FILL"), (RESTS, "UNEXPLAINED")],
    ids=["still rests", "has lapsed"],
)
def test_an_order_of_the_replay_that_nobody_fills_takes_up_room_for_as_long_as_it_rests(before, cause):
    """Of the same proposal the day has made a trade that is over, and the replay's order still waits."""
    resting = bought(as_of=AS_OF - before, signal=SIGNAL.model_copy(update={"signal_id": "S-rests"}))
    replayed = Replayed({"S-rests": resting}, {}, RESTS, BOUNDS)
    found, alone = compare_trades(day(bought(), positions=(held(),)), replayed, market())
    assert (found.differences, found.cause) == (("the replay has not proposed it",), cause)
    assert (alone.differences, alone.cause) == (
        ("the day has not proposed it: no refusal is on record",),
        "UNEXPLAINED",
    )


@pytest.mark.parametrize(
    ("gate", "sold", "of", "cause"),
    [
        ("MAX_CONCURRENT_REACHED", timedelta(minutes=1), {}, "FILL"),
        ("MAX_CONCURRENT_REACHED", timedelta(minutes=3), {}, "UNEXPLAINED"),
        ("MAX_OPTIONS_REACHED", timedelta(minutes=1), {"exchange": "NFO"}, "FILL"),
        ("MAX_OPTIONS_REACHED", timedelta(minutes=1), {}, "UNEXPLAINED"),
        ("ALREADY_HELD", timedelta(minutes=1), {"underlying": SIGNAL.underlying}, "FILL"),
        ("ALREADY_HELD", timedelta(minutes=1), {}, "UNEXPLAINED"),
        ("STRATEGY_SHARE", timedelta(minutes=1), {"strategy": SIGNAL.strategy}, "FILL"),
        ("STRATEGY_SHARE", timedelta(minutes=1), {"strategy": "another"}, "UNEXPLAINED"),
        ("PORTFOLIO_EXPOSURE", timedelta(minutes=1), {}, "FILL"),
        ("MAX_DRAWDOWN", timedelta(minutes=1), {}, "UNEXPLAINED"),
    ],
    ids=[
        "just sold",
        "sold long since",
        "an option",
        "a share is no option",
        "the same",
        "another is not the same",
        "of its strategy",
        "of another strategy",
        "money",
        "another gate",
    ],
)
def test_a_sale_that_was_not_booked_yet_is_why_the_day_had_no_room(gate, sold, of, cause):
    """sale at the exchange -> the account is asked, and holds it still -> the fill is booked"""
    fields = {"underlying": "TCS", "symbol": "TCS"} | of
    earlier = held(entry_time=AS_OF - timedelta(minutes=9), exit_time=AS_OF - sold, **fields)
    found = refused_beside(earlier, gate=gate, kept=1)
    assert (found.differences, found.cause) == ((f"the day has not proposed it: {gate}",), cause)


def test_a_sale_does_not_excuse_a_desk_that_had_room_with_it_as_well():
    """Of the two that it may hold one was sold and not booked yet: there was room for another."""
    earlier = held(
        symbol="TCS", entry_time=AS_OF - timedelta(minutes=9), exit_time=AS_OF - timedelta(minutes=1)
    )
    assert refused_beside(earlier, gate="MAX_CONCURRENT_REACHED", kept=0).cause == "UNEXPLAINED"


def refused_beside(earlier: Position, gate: str, kept: int) -> TradeParity:
    """The day has refused what the replay proposes; both have sold `earlier` and still hold so many."""
    began = earlier.entry_time
    still = {f"WIPRO{n}": began for n in range(kept)}
    positions = [
        held(symbol=name, underlying=name, entry_intent_id=name, entry_time=began, exit_time=LEFT)
        for name in still
    ]
    recorded = day(positions=(earlier, *positions), refused={SIGNAL.signal_id: gate})
    trades = {
        "S-before": traded(symbol=earlier.symbol, entered_at=began, exited_at=earlier.exit_time),
        **{name: traded(symbol=name, entered_at=began) for name in still},
    }
    replayed = Replayed({SIGNAL.signal_id: bought()}, trades, RESTS, BOUNDS)
    found, *_ = compare_trades(recorded, replayed, market())
    return found


def test_other_settings_from_then_on_explain_a_proposal_and_before_they_do_not():
    assert compared(day(), bought(), None, changed_at=AS_OF).cause == "SETTINGS"
    assert compared(day(), bought(), None, changed_at=AS_OF + timedelta(minutes=1)).cause == "UNEXPLAINED"


def test_another_size_is_the_owners_only_where_he_made_it_smaller():
    smaller = bought(quantity=10, proposed_quantity=20)
    taken = held(quantity=10, exited_quantity=10)
    assert compared(day(smaller, positions=(taken,)), bought(), traded()).cause == "OWNER"
    sized = bought(quantity=10)
    found = compared(day(sized, positions=(taken,)), bought(), traded())
    assert (found.differences[0], found.cause) == ("proposed 10, replayed 20", "UNEXPLAINED")


def test_an_exit_that_a_person_wanted_and_a_position_kept_overnight_have_their_causes():
    by_hand = held(exit_wanted_by="owner", exit_reason="MANUAL")
    assert compared(day(bought(), positions=(by_hand,)), bought(), traded()).cause == "OWNER"
    kept = held(state="OPEN", exit_time=None, exit_price=None, exit_reason=None, exited_quantity=0)
    never = {"leaves": lambda _: (None, None)}
    assert compared(day(bought(), positions=(kept,)), bought(), traded(), **never).cause == "HELD_OVERNIGHT"
    later = held(exit_time=LEFT + timedelta(days=1))
    assert compared(day(bought(), positions=(later,)), bought(), traded(), **never).cause == "HELD_OVERNIGHT"


def test_other_charges_of_the_same_trade_are_unexplained() -> None:
    found = compared(day(bought(), positions=(held(),)), bought(), traded(charges=D(9)))
    assert found.differences == ("charges of the same trade 10, replayed 9",)
    assert found.cause == "UNEXPLAINED"


def test_more_than_was_ordered_is_unexplained_whatever_its_price() -> None:
    twice = held(quantity=40, exited_quantity=40)
    found = compared(day(bought(), positions=(twice,)), bought(), traded(), changed_at=AS_OF)
    assert found.differences == ("quantity 40, replayed 20",)
    assert found.cause == "UNEXPLAINED"
    part = held(quantity=5, exited_quantity=5)
    assert compared(day(bought(), positions=(part,)), bought(), traded()).cause == "FILL"


def test_what_no_proposal_accounts_for_is_unexplained() -> None:
    """A second order of the same signal, which the replay knows nothing of."""
    again = held(position_id="p2", entry_intent_id="N2")
    name = SIGNAL.signal_id
    replayed = Replayed({name: bought()}, {name: traded()}, RESTS, BOUNDS)
    once, twice = compare_trades(day(bought(), positions=(held(), again)), replayed, market())
    assert once.cause == ""
    assert (twice.order_id, twice.cause) == ("p2", "UNEXPLAINED")
    assert twice.recorded is not None


def test_a_fill_that_the_day_tells_and_does_not_hold_is_unexplained() -> None:
    found = compared(day(bought()), bought(), None)
    assert (found.differences, found.cause) == (
        ("the day says FILLED and holds no position of it",),
        "UNEXPLAINED",
    )


@pytest.mark.parametrize(
    ("sold", "leaves", "cause"),
    [
        # Its stop was reached a quarter of an hour before it was sold.
        ({"exit_reason": "STOP"}, (LEFT - timedelta(minutes=15), LEFT - timedelta(minutes=15)), "LATE"),
        # Nothing had reached a level yet.
        ({"exit_reason": "STOP"}, (LEFT + timedelta(minutes=5), LEFT + timedelta(minutes=5)), "UNEXPLAINED"),
        ({"exit_reason": "STOP"}, (None, None), "UNEXPLAINED"),
        # In the minute of the entry, and if then not any more.
        ({"exit_reason": "STOP"}, (ENTERED, None), "UNEXPLAINED"),
        ({"exit_reason": "STOP"}, (LEFT - timedelta(minutes=1), LEFT), "FILL"),
        ({"state": "OPEN", "exit_time": None, "exit_price": None, "exit_reason": None}, (LEFT, LEFT), "LATE"),
    ],
    ids=["missed stop", "too early", "for nothing", "too late for the first minute", "in time", "never sold"],
)
def test_a_sale_that_the_days_own_bars_did_not_ask_for_then_is_no_matter_of_fills(sold, leaves, cause):
    recorded = day(bought(), positions=(held(**sold),))
    after = traded(exit_reason="TARGET", exited_at=LEFT - timedelta(minutes=15))
    assert compared(recorded, bought(), after, leaves=lambda _: leaves).cause == cause


def test_neither_other_holdings_nor_other_settings_make_a_price_good_that_nobody_traded_at() -> None:
    other = held(
        position_id="p2", entry_intent_id="N2", symbol="TCS", entry_time=AS_OF - timedelta(minutes=5)
    )
    recorded = day(bought(), positions=(held(), other), carried=("SBIN",))
    replayed = Replayed(
        {SIGNAL.signal_id: bought()}, {SIGNAL.signal_id: traded(entry_price=D(101))}, RESTS, BOUNDS
    )
    seen = {"seen": lambda _name, _at: (D(101), D(104)), "changed_at": AS_OF}
    found, _ = compare_trades(recorded, replayed, market(**seen))
    assert found.cause == "UNEXPLAINED"


@pytest.mark.parametrize(
    ("proposal", "positions", "refused", "why"),
    [
        (bought(), (held(),), {}, None),
        (bought(intent_id=None, outcome="APPROVAL_EXPIRED"), (), {}, "APPROVAL_EXPIRED"),
        (bought(outcome="REJECTED"), (), {}, "REJECTED"),
        (None, (), {SIGNAL.signal_id: "HALTED"}, "HALTED"),
        (None, (), {SIGNAL.signal_id: "EXPECTED_PROFIT_TOO_LOW"}, None),
        (None, (), {}, None),
    ],
)
def test_the_replay_sends_what_the_day_has_bought_and_its_own_ideas(proposal, positions, refused, why):
    recorded = day(*([proposal] if proposal else []), positions=positions, refused=refused)
    declined = recorded.declined(bought(order_id="o-again"), timedelta(minutes=2))
    assert (declined and declined.reason) == why


def test_what_came_to_nothing_keeps_its_room_until_the_day_had_room_for_the_next():
    nothing = bought(intent_id=None, outcome="APPROVAL_EXPIRED")
    rests, soon = timedelta(minutes=2), AS_OF + timedelta(minutes=1)
    following = bought(signal=SIGNAL.model_copy(update={"signal_id": "S-next"}), as_of=soon)
    halted = day(refused={SIGNAL.signal_id: "HALTED"})
    assert day(nothing).declined(bought(), rests) == Declined("APPROVAL_EXPIRED", AS_OF + rests)
    assert day(nothing, following).declined(bought(), rests) == Declined("APPROVAL_EXPIRED", soon)
    assert halted.declined(bought(), rests) == Declined("HALTED", AS_OF)


def test_a_day_is_read_with_what_the_account_had_behind_it():
    store, objects = MemoryStore(), MemoryObjects()
    before = timedelta(days=1)
    earlier = held(
        position_id="p0", entry_intent_id="N0", entry_time=ENTERED - before, exit_time=LEFT - before
    )
    lost = held(
        position_id="p1",
        entry_intent_id="N2",
        entry_time=ENTERED - before,
        exit_time=LEFT - before + timedelta(minutes=1),
        realised_pnl=D(-80),
    )
    for record in (earlier, lost, held(position_id="p2"), bought()):
        store.write(create(record))
    found = recorded_day(store, objects, "main", AS_OF.date(), "paper")
    assert (found.opening.realised, found.opening.peak, found.opening.last_option_entry) == (-30, 50, None)
    assert list(found.positions) == ["N1"]
    assert found.position_of(SIGNAL.signal_id) is not None
    assert found.carried == ()
    objects.put(f"decisions/{AS_OF.date()}/1000/main-abc.json", b"{")
    with pytest.raises(BadInput, match="main-abc"):
        recorded_day(store, objects, "main", AS_OF.date(), "paper")

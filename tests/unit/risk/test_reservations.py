"""What is reserved is what may still be bought, through an order's life and after every kind of loss."""

from decimal import Decimal

import pytest

from patang.execution.intent import OrderIntent
from patang.keys import proposal_key, risk_key
from patang.portfolio.account_state import RiskState
from patang.ports import Delete
from patang.records import load, replace
from patang.risk.reservations import bind, held, keep_rest, release, reserve
from tests.unit.execution.samples import equity_signal, option_signal, proposal_of
from tests.unit.execution.stages import approved, entry_of, ready, submitted, tell, the_proposal
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal
ORDER = "o-s-infy"


def sent(desk: TradingDesk) -> OrderIntent:
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    return entry_of(desk)


def sweep(desk: TradingDesk) -> int:
    swept = desk.reconciler().run(desk.market_time)["swept"]
    assert isinstance(swept, dict)
    return int(swept["released"])


def released(desk: TradingDesk, kind: str = "RESERVATION_RELEASED") -> list[str]:
    partition = f"OUTBOX#main#{desk.market_time.date().isoformat()}"
    return [str(item["details"]["reason"]) for item in desk.store.query(partition) if item["kind"] == kind]


def test_sums_are_of_all_of_an_underlying_or_of_a_strategy() -> None:
    state = RiskState(account="main")
    state = reserve(state, proposal_of(equity_signal(), 20), D(30_300))
    state = reserve(state, proposal_of(option_signal(), 65), D(6_565))
    everything = held(state)
    assert (everything.orders, everything.options) == (2, 1)
    assert (everything.exposure, everything.risk_amount) == (D(36_865), D(800))
    assert held(state, symbol="NIFTY").exposure == held(state, strategy="long_options").exposure == D(6_565)
    assert held(release(state, "o-s-nifty"), symbol="NIFTY").orders == 0


def test_what_was_not_reserved_is_neither_released_nor_bound() -> None:
    state = RiskState(account="main")
    assert release(state, ORDER) is state
    assert bind(state, ORDER, "N1") is None


def test_a_reservation_belongs_to_the_orders_intent_once_there_is_one() -> None:
    desk = TradingDesk()
    ready(desk)
    assert desk.risk().reservations[ORDER].intent_id is None
    intent = submitted(other := TradingDesk())
    assert other.risk().reservations[ORDER].intent_id == intent.intent_id


@pytest.mark.parametrize("filled", [0, 5, 19, 20])
def test_the_position_holds_what_was_bought_the_reservation_the_rest(filled: int) -> None:
    desk = TradingDesk()
    old, proposal = sent(desk), the_proposal(desk)
    state = desk.risk()
    whole = state.reservations[ORDER].exposure
    new = old.evolve(filled_quantity=filled)
    rest = held(keep_rest(state, proposal, old, new))
    assert rest.exposure == whole * (20 - filled) / 20
    assert rest.orders == (filled < 20)
    assert keep_rest(state, proposal, old, new.evolve(state="CANCELLED")).reservations == {}


def test_nothing_is_sent_for_which_nothing_is_reserved() -> None:
    desk = TradingDesk()
    approved(desk)
    desk.store.write(replace(release(desk.risk(), ORDER)))
    assert desk.flow().submit("main", ORDER, "token")["reason"] == "RESERVATION_LOST"
    assert desk.intents() == []


def test_a_reservation_without_proposal_is_released_after_the_grace_and_told() -> None:
    desk = TradingDesk()
    ready(desk)
    desk.store.write(Delete(proposal_key("main", ORDER)))
    desk.pass_time(14 * 60)
    assert sweep(desk) == 0
    desk.pass_time(61)
    assert sweep(desk) == 1
    assert sweep(desk) == 0
    assert desk.risk().reservations == {}
    assert released(desk) == ["PROPOSAL_LOST"]


def test_a_reservation_whose_intent_is_gone_ends_its_proposal_too() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.store.write(Delete(intent.key()))
    desk.pass_time(16 * 60)
    assert sweep(desk) == 1
    assert desk.risk().reservations == {}
    assert (the_proposal(desk).state, the_proposal(desk).outcome) == ("CONCLUDED", "INTENT_LOST")
    assert released(desk) == ["INTENT_LOST"]


def test_a_standing_order_keeps_its_reservation_however_long() -> None:
    desk = TradingDesk()
    sent(desk)
    desk.pass_time(3600)
    assert sweep(desk) == 0
    assert ORDER in desk.risk().reservations


def test_a_living_order_that_has_lost_its_reservation_gets_it_back() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    desk.store.write(replace(release(desk.risk(), ORDER)))
    assert sweep(desk) == 1
    restored = desk.risk().reservations[ORDER]
    assert restored.exposure == 20 * (intent.terms.price or D(0))
    assert restored.intent_id == intent.intent_id
    assert released(desk, "RESERVATION_RESTORED") == ["ORDER_ACKED"]


@pytest.mark.parametrize(
    ("status", "filled", "rest"), [("OPEN", 0, 20), ("OPEN", 5, 15), ("COMPLETE", 20, 0)]
)
def test_an_order_that_turns_up_late_is_reserved_for_again(status: str, filled: int, rest: int) -> None:
    """Given up as never arrived, its reservation was free; what it may still buy must not be."""
    desk = TradingDesk()
    desk.exchange.mishaps = ["late"]
    intent = sent(desk)
    desk.pass_time(40)
    desk.reconciler().run(desk.market_time)
    assert entry_of(desk).state == "REJECTED"
    assert desk.risk().reservations == {}
    before = desk.risk().revision
    desk.exchange.match()
    (order,) = desk.exchange.book.values()
    order |= {"status": status, "filled_quantity": filled, "average_price": 1500.0}
    tell(desk, dict(order))
    assert held(desk.risk()).exposure == rest * (intent.terms.price or D(0))
    # A decision that has not seen it must not stand.
    state = load(desk.store, RiskState, risk_key("main"))
    assert state is not None
    assert state.revision > before

"""What the desk table says about what to watch, and what is done when it says nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest

from functions.ingester.watch import Watch
from patang.approvals.proposal import OrderTerms
from patang.execution.intent import OrderIntent
from patang.market.universe import save_universe
from patang.portfolio.position import Position
from patang.records import create
from tests.fakes import MemoryObjects, MemoryStore
from tests.unit.execution.samples import MORNING, option_signal, proposal_of
from tests.unit.ingester.frames import CALL, NIFTY, UNIVERSE

STRIKES = range(24_000, 26_001, 100)
CALLS = {
    strike: CALL.model_copy(
        update={
            "instrument_token": strike << 8 | 2,
            "tradingsymbol": f"NIFTY26AUG{strike}CE",
            "strike": Decimal(strike),
        }
    )
    for strike in STRIKES
}
FAR = CALLS[24_000]


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def objects(store):
    found = MemoryObjects()
    save_universe(store, found, UNIVERSE.evolve(instruments=(NIFTY, *CALLS.values())))
    return found


@pytest.fixture
def watch(store, objects):
    made = Watch(store, objects)
    made.changed_universe()
    return made


def watched(watch, spot=25_000.0) -> set[int]:
    watch.note_under_way()
    watch.follow({NIFTY.instrument_token: spot}, 1, 9_000)
    return {strike for strike, call in CALLS.items() if call.instrument_token in watch.modes}


def order(kind: str = "ENTRY", **changes) -> OrderIntent:
    terms = OrderTerms(
        account="main",
        mode="paper",
        exchange=FAR.exchange,
        tradingsymbol=FAR.tradingsymbol,
        transaction_type="BUY",
        quantity=65,
        order_type="LIMIT",
        product="NRML",
        price=Decimal(100),
    )
    fields = {"account": "main", "intent_id": "i1", "kind": kind, "terms": terms} | changes
    return OrderIntent(as_of=MORNING, written_at=MORNING, **fields)


def held(**changes) -> Position:
    return Position(
        account="main",
        position_id="p1",
        mode="live",
        strategy="long_options",
        exchange="NFO",
        symbol=FAR.tradingsymbol,
        underlying="NIFTY",
        instrument_token=FAR.instrument_token,
        lot_size=65,
        tick_size=Decimal("0.05"),
        product="NRML",
        quantity=65,
        entry_price=Decimal(100),
        entry_time=MORNING,
        entry_intent_id="i1",
        entry_charges=Decimal(0),
        entry_slippage=Decimal(0),
        stop_loss_price=Decimal(60),
        target_price=Decimal(150),
        **changes,
    )


def test_a_universe_is_read_when_it_has_changed_only(store, objects, watch):
    assert watch.changed_universe() is None
    save_universe(store, objects, UNIVERSE.evolve(day=UNIVERSE.day + timedelta(days=1)))
    assert watch.changed_universe().day == UNIVERSE.day + timedelta(days=1)


def test_strikes_move_with_the_spot(watch):
    assert watched(watch) == {24_900, 25_000, 25_100}
    assert watched(watch, 25_500.0) == {25_400, 25_500, 25_600}


@pytest.mark.parametrize(
    "record",
    [
        held(),
        held(state="CLOSING"),
        order(),
        order(kind="EXIT", state="UNKNOWN"),
        proposal_of(option_signal(instrument_token=FAR.instrument_token), 65, state="PENDING"),
        proposal_of(option_signal(instrument_token=FAR.instrument_token), 65, state="APPROVED"),
    ],
    ids=["held", "being sold", "ordered", "perhaps ordered", "asked for", "agreed to"],
)
def test_a_contract_that_is_under_way_stays_however_far_the_spot_goes(store, watch, record):
    store.write(create(record))
    assert 24_000 in watched(watch)
    assert 24_000 in watched(watch, 26_000.0)


@pytest.mark.parametrize("record", [held(state="CLOSED"), order(state="COMPLETE")], ids=["sold", "done"])
def test_what_is_over_goes_with_its_strike(store, watch, record):
    store.write(create(record))
    assert 24_000 not in watched(watch)


def test_nothing_is_let_go_while_nobody_knows_what_is_held(store, watch, monkeypatch):
    assert watched(watch) == {24_900, 25_000, 25_100}

    def away(*_, **__):
        raise ConnectionError("away")

    with monkeypatch.context() as broken:
        broken.setattr(store, "query_index", away)
        assert watched(watch, 25_500.0) == {24_900, 25_000, 25_100, 25_400, 25_500, 25_600}
    assert watched(watch, 25_500.0) == {25_400, 25_500, 25_600}


def test_without_a_universe_nothing_is_watched(store):
    empty = Watch(MemoryStore(), MemoryObjects())
    assert empty.changed_universe() is None
    assert watched(empty) == set()

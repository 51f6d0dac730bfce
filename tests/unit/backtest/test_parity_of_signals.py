"""A recorded day decided again: the same to the last digit, and every change of anything is found."""

from datetime import date, timedelta
from itertools import islice

import pytest

from patang.backtest.parity.signals import decided_again, recorded_decisions, signal_differences
from patang.backtest.recorded_tape import RecordedTape, recorded_minutes
from patang.errors import BadInput
from patang.market.candles import ClosedMinute
from patang.strategies.registry import strategies
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.exchange.synthetic import synthetic_market
from tests.unit.strategies.markets import Session
from tests.unit.strategies.test_signal_service import Desk, SureModel

DAY = date(2026, 8, 18)
MINUTES = 40
MODELS = {"long_options": SureModel(0.9, 5), "equity": SureModel(0.9, 5)}


@pytest.fixture(scope="module")
def desk() -> Desk:
    """A desk that has decided on the first minutes of a session."""
    session = Session(synthetic_market(7, DAY, 3))
    recorded = Desk(session, MODELS)
    for minute in islice(session.minutes(), MINUTES):
        recorded.close(minute)
        recorded.run(minute.minute + timedelta(minutes=1))
    return recorded


@pytest.fixture(scope="module")
def tape(desk) -> RecordedTape:
    return RecordedTape(desk.session.universe, recorded_minutes(desk.objects, DAY))


def again(tape, recorded, models=MODELS, settings=DEMONSTRATION):
    return decided_again(tape, list(recorded), strategies(), models, dict.fromkeys(recorded, settings))


def test_the_same_code_decides_the_same_again(desk, tape):
    recorded = recorded_decisions(desk.objects, DAY)
    assert len(recorded) == MINUTES
    assert sum(len(told.signals) for told in recorded.values()) >= 3
    assert signal_differences(recorded, again(tape, recorded)) == []


def test_another_model_is_found_in_the_number_that_it_changes(desk, tape):
    recorded = recorded_decisions(desk.objects, DAY)
    others = {"long_options": SureModel(0.8, 5), "equity": SureModel(0.9, 5)}
    found = signal_differences(recorded, again(tape, recorded, models=others))
    assert {difference.field for difference in found} >= {"confidence", "reason"}
    assert all("long_options" in difference.what for difference in found)
    told = next(difference for difference in found if difference.field == "confidence")
    assert (told.recorded, told.replayed) == ("0.9", "0.8")


def test_other_settings_are_found_in_signals_that_are_missing(desk, tape):
    recorded = recorded_decisions(desk.objects, DAY)
    strict = DEMONSTRATION.model_copy(
        update={
            "options": DEMONSTRATION.options.model_copy(update={"min_adx": 99.0, "setups": ("momentum",)})
        }
    )
    found = signal_differences(recorded, again(tape, recorded, settings=strict))
    gone = [difference for difference in found if difference.what.endswith("-long_options")]
    assert gone
    assert all(difference.replayed is None for difference in gone)


def test_cycles_that_the_desk_left_out_are_not_made_up_for(desk):
    minutes = recorded_minutes(desk.objects, DAY)
    asked = {start + timedelta(minutes=1) for start in list(minutes)[10:12]}
    looks = RecordedTape(desk.session.universe, minutes, asked).looks(strategies(), DEMONSTRATION)
    assert {look.as_of for look in looks} == asked


def test_a_minute_with_a_hole_is_not_decided_on_again(desk):
    minutes = recorded_minutes(desk.objects, DAY)
    first = next(iter(minutes))
    holed = minutes | {first: tuple(m.model_copy(update={"gap": True}) for m in minutes[first])}
    assert RecordedTape(desk.session.universe, holed).market(first + timedelta(minutes=1)) is None


def test_contracts_have_the_prices_they_traded_at(desk, tape):
    share = next(i for i in desk.session.universe.instruments if i.instrument_type == "EQ")
    start = min(recorded_minutes(desk.objects, DAY))
    bars = tape.bars(share, start + timedelta(minutes=5), start + timedelta(minutes=15))
    assert len(bars) == 10
    kept = recorded_minutes(desk.objects, DAY)[start + timedelta(minutes=5)][0]
    candle = next(c for c in kept.candles if c.symbol == share.symbol)
    quote = next(q for q in kept.quotes if q.identifier == share.identifier)
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0]) == (
        candle.open,
        candle.high,
        candle.low,
        candle.close,
    )
    assert bars.half_spread[0] == (quote.ask - quote.bid) / 2
    assert bars.prices == "recorded"


def test_a_broken_object_is_named(desk):
    path = ClosedMinute.path(min(recorded_minutes(desk.objects, DAY)), "shard-0")
    content = desk.objects.blobs[path]
    desk.objects.blobs[path] = content[:-5]
    try:
        with pytest.raises(BadInput, match=path):
            recorded_minutes(desk.objects, DAY)
    finally:
        desk.objects.blobs[path] = content

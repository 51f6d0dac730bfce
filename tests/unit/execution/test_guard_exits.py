"""The guard's exits that outlast a batch: trailing stops, hours, opinions, corporate actions."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from patang.audit.event import AuditEvent
from patang.errors import BadInput
from patang.execution.guarding.price_breaks import adjust_position
from patang.keys import mark_key, outbox_partition, settings_key
from patang.market.sessions import IST
from patang.market.ticks import TICK, StreamRecord, pack
from patang.portfolio.position import Mark, Position
from patang.portfolio.rebasing import Ratio
from patang.ports import Put
from patang.records import create, load, load_all, replace
from patang.settings import ExitSettings
from patang.settings.reader import SettingsReader
from patang.strategies.direction import keep_directions
from patang.strategies.exits import STAY, ExitDecision
from patang.strategies.registry import strategy_named
from tests.unit.execution.samples import MORNING, TOKENS, option_signal
from tests.unit.execution.stages import bought
from tests.unit.execution.test_guard import exits, marker
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.samples import position as held_position

D = Decimal
OPTION = TOKENS["NIFTY26AUG25000CE"]


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def batch(*prices: float, when: datetime, token: int = TOKENS["INFY"], close: float = 0.0) -> bytes:
    ticks = np.zeros(len(prices), TICK)
    ticks["token"], ticks["last_price"], ticks["bid"] = token, prices, [p - 0.1 for p in prices]
    ticks["exchange_time"], ticks["close"] = int(when.timestamp()), close
    return pack(StreamRecord("ticks", when, "X", ticks))


def with_exits(**exits_settings: Any) -> TradingDesk:
    return TradingDesk(exits=ExitSettings(**exits_settings))


def reason_of(desk: TradingDesk) -> str | None:
    (position,) = desk.positions()
    assert (position.exit_reason is None) == (position.state == "OPEN")
    return position.exit_reason


def test_a_trailing_stop_rises_with_the_price_and_sells_on_the_way_back() -> None:
    desk = with_exits(trailing_stop_shares_pct="0.5")
    bought(desk)
    guard = desk.guard()
    guard.process([batch(1505.0, 1512.0, 1504.5, when=at(5))])
    assert reason_of(desk) is None
    guard.process([batch(1504.4, when=at(6))])
    assert reason_of(desk) == "TRAILING_STOP"


def test_a_trailing_stop_outlives_the_guards_instance() -> None:
    desk = with_exits(trailing_stop_shares_pct="0.5")
    bought(desk)
    # The high comes within the five seconds in which no mark is due.
    desk.guard().process([batch(1500.0, when=at(5)), batch(1512.0, when=at(6))])
    desk.guard().process([batch(1504.4, when=at(7))])
    assert reason_of(desk) == "TRAILING_STOP"


@pytest.mark.parametrize("later", [{"trailing_stop_shares_pct": "5"}, {}])
def test_a_wider_setting_or_none_does_not_loosen_a_trailing_stop(later: dict[str, str]) -> None:
    desk = with_exits(trailing_stop_shares_pct="0.5")
    bought(desk)
    desk.guard().process([batch(1512.0, when=at(5))])
    desk.settings = desk.settings.model_copy(update={"exits": ExitSettings(**later)})
    desk.guard().process([batch(1504.4, when=at(6))])
    assert reason_of(desk) == "TRAILING_STOP"


def test_hours_end_a_position_on_a_marker_and_on_a_tick() -> None:
    for record in (marker(MORNING.replace(hour=15, minute=5)), None):
        desk = TradingDesk()
        position = bought(desk)
        desk.store.write(replace(position.evolve(exit_by=None)))
        late = MORNING.replace(hour=15, minute=5)
        assert desk.guard().process([record or batch(1500.0, when=late)]) == 1
        assert reason_of(desk) == "SQUARE_OFF"


def test_a_position_of_a_day_before_its_expiry_goes_without_a_tick() -> None:
    desk = TradingDesk()
    position = bought(desk, option_signal(expiry=date(2026, 8, 19)), 65)
    desk.store.write(replace(position.evolve(exit_by=None, product="NRML")))
    assert desk.guard().process([marker(MORNING.replace(hour=15, minute=14))]) == 0
    assert desk.guard().process([marker(MORNING.replace(hour=15, minute=15))]) == 1
    assert reason_of(desk) == "EXPIRY"


@pytest.mark.parametrize(("switch", "reason"), [(True, "SIGNAL_REVERSAL"), (False, None)])
def test_a_put_wished_for_by_a_cycle_ends_a_call(switch: bool, reason: str | None) -> None:
    desk = with_exits(signal_reversal=switch)
    bought(desk, option_signal(), 65)
    guard = desk.guard()
    guard.process([batch(100.0, when=at(30), token=OPTION)])
    keep_directions(desk.store, [option_signal(signal_type="PUT", as_of=at(60))])
    guard.process([batch(100.0, when=at(61), token=OPTION)])
    assert reason_of(desk) == reason


def test_without_a_tick_of_its_index_an_option_is_still_sold() -> None:
    desk = TradingDesk()
    bought(desk, option_signal(), 65)
    # Nothing of NIFTY in half an hour: entries are refused as stale, the contract's own price sells it.
    assert desk.guard().process([batch(59.0, when=at(1800), token=OPTION)]) == 1
    assert reason_of(desk) == "STOP"


@pytest.mark.parametrize("state", ["REDUCING", "HALTED"])
def test_a_desk_that_takes_no_entries_still_exits(state: str) -> None:
    desk = TradingDesk()
    bought(desk)
    stored = desk.risk()
    desk.store.write(replace(stored.evolve(state=state, gate="HALTED", halt_reason="a test")))
    assert desk.guard().process([batch(1480.0, when=at(5))]) == 1
    assert desk.lane().process(desk.queue.messages[0][2]) == "ACKED"


def test_exits_go_by_the_last_good_settings_while_the_stored_ones_are_wrong() -> None:
    desk = TradingDesk(mode="paper")
    bought(desk)
    reader = SettingsReader(desk.store, desk.clock)
    assert reader.standing().mode == "paper"
    desk.store.write(Put(settings_key(), {"schema_version": 1, "revision": 1, "document": "{wrong"}))
    desk.clock.advance(60)
    desk.get_settings = reader.standing  # as the root wires the guard

    class NoPaper:
        def match(self, ticks: Any, as_of: datetime) -> list[dict[str, Any]]:
            return []

    assert desk.guard(NoPaper).process([batch(1480.0, when=at(65))]) == 1


def test_a_strategy_may_leave_sooner_and_one_that_fails_holds_nothing_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = TradingDesk()
    bought(desk)
    equity = strategy_named("equity")

    def fail(*_: Any) -> ExitDecision:
        raise ZeroDivisionError

    monkeypatch.setattr(equity, "get_exit_conditions", fail)
    assert desk.guard().process([batch(1500.0, when=at(5))]) == 0
    assert desk.metrics.counts["strategy_exit_failed"] == 1
    sooner = ExitDecision(True, "TIME", D(1490))
    monkeypatch.setattr(equity, "get_exit_conditions", lambda *_: sooner)
    assert desk.guard().process([batch(1500.0, when=at(6))]) == 1
    assert reason_of(desk) == "TIME"
    assert exits(desk)[0].terms.price == D(1490)


def test_a_strategy_cannot_hold_a_stop_back(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = TradingDesk()
    bought(desk)
    monkeypatch.setattr(strategy_named("equity"), "get_exit_conditions", lambda *_: STAY)
    assert desk.guard().process([batch(1490.0, when=at(5))]) == 1


# A share bought on the 17th and carried into the 18th.
YESTERDAY = datetime(2026, 8, 17, 15, 10, tzinfo=IST)
OPEN = MORNING.replace(hour=9, minute=16)


def carried(desk: TradingDesk, **changes: Any) -> Position:
    position = held_position(
        "INFY",
        mode="simulator",
        product="CNC",
        exit_by=None,
        entry_time=YESTERDAY,
        entry_price=D(1500),
        stop_loss_price=D(1490),
        target_price=D(1600),
        quantity=21,
        **changes,
    )
    desk.store.write(create(position))
    desk.guard().process([batch(1520.0, when=YESTERDAY + timedelta(minutes=4))])
    return position


def the_position(desk: TradingDesk) -> Position:
    (position,) = desk.positions()
    return position


def told(desk: TradingDesk) -> list[str]:
    events = load_all(desk.store, AuditEvent, outbox_partition("main", OPEN.date()))
    return [event.kind for event in events]


@pytest.mark.parametrize(
    ("close", "ratio", "quantity", "entry", "stop", "target"),
    [
        (760.0, "1:2", 42, "750", "745", "800"),
        (303.0, "1:5", 105, "300", "298", "320"),
        (152.5, "1:10", 210, "150", "149", "160"),
        (1013.0, "2:3", 31, "1000", "993.35", "1066.65"),
    ],
)
def test_a_split_adjusts_the_position_and_calls_the_owner(
    close: float, ratio: str, quantity: int, entry: str, stop: str, target: str
) -> None:
    desk = TradingDesk()
    carried(desk)
    assert desk.guard().process([batch(close, close + 0.1, when=OPEN, close=close)]) == 0
    position = the_position(desk)
    assert (position.quantity, position.entry_price) == (quantity, D(entry))
    assert (position.stop_loss_price, position.target_price) == (D(stop), D(target))
    assert position.price_break is not None
    assert position.price_break.ratio == ratio
    assert desk.metrics.counts["price_break"] == 1
    assert ratio in desk.notifier.sent[-1][1]
    assert told(desk) == ["POSITION_REBASED"]
    # The adjusted stop sells.
    assert desk.guard().process([batch(float(stop), when=OPEN + timedelta(seconds=9), close=close)]) == 1
    assert exits(desk)[0].terms.quantity == quantity


def test_a_break_that_no_ratio_explains_suspends_prices_until_the_owner_speaks() -> None:
    desk = TradingDesk()
    carried(desk)
    guard = desk.guard()
    guard.process([batch(1290.0, when=OPEN, close=1292.0)])
    before = load(desk.store, Mark, mark_key("P260818INFY"))
    guard.process([batch(1200.0, 2000.0, when=OPEN + timedelta(seconds=7), close=1292.0)])
    position = the_position(desk)
    assert (position.state, position.price_exits_suspended, position.quantity) == ("OPEN", True, 21)
    assert (desk.metrics.counts["price_break"], told(desk)) == (1, ["PRICE_EXITS_SUSPENDED"])
    assert "patang positions adjust main P260818INFY" in desk.notifier.sent[-1][1]
    mark = load(desk.store, Mark, mark_key("P260818INFY"))
    assert mark is not None
    assert before is not None
    # No price of the new shares is held against the count of the old ones.
    assert (mark.last_price, mark.unrealised_pnl) == (D(2000), before.unrealised_pnl)

    adjust_position(desk.store, desk.clock, "main", "P260818INFY", Ratio(17, 20), OPEN, "owner")
    assert the_position(desk).quantity == 24
    assert told(desk) == ["POSITION_REBASED", "PRICE_EXITS_SUSPENDED"]
    assert guard.process([batch(1266.0, when=OPEN + timedelta(seconds=20), close=1292.0)]) == 1
    assert reason_of(desk) == "STOP"


def test_what_is_no_price_still_ends_a_suspended_position() -> None:
    desk = TradingDesk()
    carried(desk)
    desk.guard().process([batch(1290.0, when=OPEN, close=1292.0)])
    desk.store.write(replace(the_position(desk).evolve(exit_by=OPEN + timedelta(minutes=1))))
    assert desk.guard().process([marker(OPEN + timedelta(minutes=1))]) == 1
    assert reason_of(desk) == "TIME"


def test_a_trailing_stop_is_of_the_new_shares_after_a_split() -> None:
    desk = with_exits(trailing_stop_shares_pct="1")
    carried(desk)
    guard = desk.guard()
    guard.process([batch(760.0, when=OPEN, close=760.0)])
    mark = load(desk.store, Mark, mark_key("P260818INFY"))
    assert mark is not None
    assert mark.trailing_stop == D("752.4")
    assert guard.process([batch(752.5, when=OPEN + timedelta(seconds=1), close=760.0)]) == 0
    assert guard.process([batch(752.4, when=OPEN + timedelta(seconds=2), close=760.0)]) == 1
    assert reason_of(desk) == "TRAILING_STOP"


def test_before_the_open_no_price_of_a_carried_share_is_believed() -> None:
    desk = TradingDesk()
    carried(desk)
    early = OPEN.replace(minute=8)
    # The broker's day has not begun: yesterday's close is still that of the day before.
    assert desk.guard().process([batch(760.0, when=early, close=1410.0)]) == 0
    assert the_position(desk).price_break is None


@pytest.mark.parametrize("close", [1450.0, 1590.0, 0.0])
def test_an_ordinary_close_is_no_break(close: float) -> None:
    desk = TradingDesk()
    carried(desk)
    assert desk.guard().process([batch(1489.0, when=OPEN, close=close)]) == 1
    assert (reason_of(desk), the_position(desk).price_break) == ("STOP", None)


def test_a_price_kept_from_days_ago_proves_less() -> None:
    desk = TradingDesk()
    carried(desk)
    later = datetime(2026, 8, 20, 9, 16, tzinfo=IST)
    assert desk.guard().process([batch(1600.0, when=later, close=1650.0)]) == 1
    assert reason_of(desk) == "TARGET"


def test_the_owners_ratio_is_taken_only_where_one_is_waited_for() -> None:
    desk = TradingDesk()
    carried(desk)
    for name, text in (("P260818INFY", "waits for no ratio"), ("P-none", "no open position")):
        with pytest.raises(BadInput, match=text):
            adjust_position(desk.store, desk.clock, "main", name, Ratio(1, 2), OPEN, "owner")
    desk.guard().process([batch(1290.0, when=OPEN, close=1292.0)])
    with pytest.raises(BadInput, match="leaves no share"):
        adjust_position(desk.store, desk.clock, "main", "P260818INFY", Ratio(50, 1), OPEN, "owner")
    adjust_position(desk.store, desk.clock, "main", "P260818INFY", Ratio(1, 1), OPEN, "owner")
    assert not the_position(desk).price_exits_suspended


@pytest.mark.parametrize("text", ["2", "0:1", "1:0", "1:101", "half", "-1:2"])
def test_what_is_no_ratio_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadInput, match="is no ratio"):
        Ratio.parse(text)

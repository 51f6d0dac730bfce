"""Anything in any order: fills in parts, prices, exits, lost replies, late frames, hands. At no moment may
more stand to be sold than is held, and in the end the position is flat and the books agree."""

from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from patang.execution.guarding.levels import LevelWish, PersonsLevels
from patang.settings import ExitSettings
from tests.unit.execution.protected import mark
from tests.unit.execution.samples import equity_signal
from tests.unit.execution.stages import submitted
from tests.unit.execution.test_guard import marker, ticks
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal
PRICES = [1470.0, 1481.0, 1486.0, 1489.5, 1495.0, 1500.0, 1506.0, 1512.0, 1516.0]
LEVELS = [D(1475), D(1485), D("1489.95"), D(1498), D("1504.05"), D(1510), D(1530)]
SLIPS = some.sampled_from(["", "", "", "refuse", "busy", "lost", "unheard", "late"])


class Protecting(RuleBasedStateMachine):
    """One position of twenty shares, to be sold the same day or carried."""

    @initialize(swing=some.booleans(), trailing=some.booleans(), part=some.sampled_from([None, 7, 3]))
    def enter(self, swing: bool, trailing: bool, part: int | None) -> None:
        exits = ExitSettings(trailing_stop_shares_pct="0.4") if trailing else ExitSettings()
        self.desk = TradingDesk(exits=exits)
        self.desk.exchange.fill_at_most = part
        self.desk.exchange.prices = {"INFY": 1500.0}
        self.late: list[dict] = []
        self.by_hand: dict[str, Decimal] = {}
        changes = {"holding_period": "swing", "exit_by": None} if swing else {}
        submitted(self.desk, equity_signal(**changes))
        self.guard = self.desk.guard()
        self.lane()

    @rule()
    def lane(self) -> None:
        """The lane takes what waits, one message after the other."""
        waiting = list(self.desk.queue.messages)
        self.desk.queue.messages.clear()
        for _, _, body in waiting:
            self.desk.lane().process(body)

    @rule(slip=SLIPS, mishap=SLIPS)
    def trouble(self, slip: str, mishap: str) -> None:
        """What becomes of the next change, and of the next order."""
        self.desk.exchange.slips = [slip]
        self.desk.exchange.mishaps = [mishap]

    @rule(price=some.sampled_from(PRICES))
    def trade(self, price: float) -> None:
        """The exchange trades at a price; nobody has looked yet."""
        self.desk.exchange.prices = {"INFY": price}
        self.desk.exchange.match()

    @rule(chance=some.randoms(use_true_random=False), lost=some.booleans())
    def hear(self, chance, lost: bool) -> None:
        """Frames come in any order, some of them never."""
        self.late += self.desk.exchange.frames
        self.desk.exchange.frames.clear()
        chance.shuffle(self.late)
        heard, self.late = self.late, []
        for frame in heard:
            if lost and chance.random() < 0.3:
                continue
            update = {"account": "main", "source": "frame", "order": frame, "received_at": ""}
            self.desk.order_updates().apply(update)

    @rule(seconds=some.sampled_from([1, 5, 16]))
    def look(self, seconds: int) -> None:
        """The guard sees the last price, and its seconds pass."""
        self.desk.pass_time(seconds)
        # What was on its way has arrived by now: the broker takes eight seconds at most.
        self.desk.exchange.match()
        price = self.desk.exchange.prices["INFY"]
        at = self.desk.market_time
        self.guard.process([ticks(price, at=at), marker(at)])

    @rule()
    def read_the_book(self) -> None:
        """What the reconciler does each minute."""
        self.desk.pass_time(31)
        self.desk.exchange.match()
        self.desk.reconciler().run(self.desk.market_time)

    @precondition(lambda self: self.desk.positions())
    @rule(reason=some.sampled_from(["PERSON", "SIGNAL_REVERSAL", "TIME"]))
    def leave(self, reason: str) -> None:
        (held,) = self.desk.positions()
        price = D(str(self.desk.exchange.prices["INFY"]))
        self.desk.exits().begin(held, reason, self.desk.market_time, price, price - D("0.1"))

    @precondition(lambda self: self.desk.positions())
    @rule(levels=some.tuples(*[some.sampled_from([None, *LEVELS])] * 2))
    def set_levels(self, levels: tuple[Decimal | None, Decimal | None]) -> None:
        """A person sets them, or is told why not."""
        (held,), (stop, target) = self.desk.positions(), levels
        setting = PersonsLevels(
            self.desk.store, self.desk.protector(), self.desk.get_settings, self.desk.clock
        )
        wish = LevelWish(stop, target, beyond_limits=True)
        done = setting.set("main", held.position_id, wish, "person:asha", self.desk.market_time)
        if not done.broken:
            self.by_hand |= {"stop": stop} if stop else {}
            self.by_hand |= {"target": target} if target else {}

    @precondition(lambda self: self.desk.exchange.triggers)
    @rule()
    def delete_by_hand(self) -> None:
        """The owner takes the trigger away on the broker's own page."""
        for gtt in self.desk.exchange.gtts():
            if gtt.status == "active":
                self.desk.exchange.slips = []
                self.desk.exchange.delete_gtt(gtt.gtt_id)

    @invariant()
    def never_more_to_be_sold_than_held(self) -> None:
        if hasattr(self, "desk"):
            assert self.desk.exchange.oversold == []

    @invariant()
    def what_a_person_has_set_stays(self) -> None:
        if not hasattr(self, "desk"):
            return
        for held in self.desk.positions():
            stands = {"stop": held.stop_loss_price, "target": held.target_price}
            assert {level: stands[level] for level in held.by_hand} == {
                level: self.by_hand[level] for level in held.by_hand
            }

    def teardown(self) -> None:
        """From here on all is well, and the position has to be flat before long."""
        if not hasattr(self, "desk"):
            return
        desk = self.desk
        desk.exchange.slips, desk.exchange.mishaps = [], []
        desk.exchange.prices = {"INFY": 1500.0}
        for _ in range(60):
            desk.pass_time(12)
            desk.exchange.match()
            self.lane()
            self.hear_all()
            desk.reconciler().run(desk.market_time)
            self.lane()
            desk.exchange.match()
            self.hear_all()
            for held in desk.positions():
                if held.state == "OPEN":
                    desk.exits().begin(held, "PERSON", desk.market_time, D(1500), D("1499.90"))
            if desk.positions():
                mark(desk, 1500.0)
            at = desk.market_time
            self.guard.process([ticks(1500.0, at=at), marker(at)])
            if all(held.state == "CLOSED" for held in desk.positions()) and not desk.queue.messages:
                break
        assert desk.exchange.oversold == []
        assert all(held.state == "CLOSED" for held in desk.positions())
        assert desk.exchange.net_quantity("INFY") == 0
        assert desk.day().closed_trades == len(desk.positions())

    def hear_all(self) -> None:
        heard = self.late + self.desk.exchange.frames
        self.late = []
        self.desk.exchange.frames.clear()
        for frame in heard:
            update = {"account": "main", "source": "frame", "order": frame, "received_at": ""}
            self.desk.order_updates().apply(update)


TestProtecting = Protecting.TestCase
TestProtecting.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

"""No limit is passed together: fifty signals at once, on the real adapter, with conflicts, in any order."""

import random
from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patang.adapters.aws import dynamodb
from patang.keys import account_partition, cycle_key
from patang.market.cycle import Cycle
from patang.portfolio.account_state import AccountDay
from patang.ports import WriteConflict
from patang.records import create, load
from patang.risk.service import RiskService
from patang.strategies.signal import Signal
from tests.unit.execution.samples import open_account
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.books import assert_reserved_is_what_may_be_bought, assert_within_limits
from tests.unit.risk.samples import AS_OF, RUN_ID, equity_signal, halts, option_signal
from tests.unit.risk.turns import ContendedClient, SteppedStore, Turns

SIGNALS = 50
FATES = ("filled", "partly", "partly", "refused", "declined", "expired", "standing", "lost", "left")


class Floor:
    """A desk whose deciders and orders all run at once. `limits` are settings by section."""

    def __init__(
        self, seed: int, limits: dict[str, Any], contended: float, accounts: tuple[str, ...]
    ) -> None:
        self.chance = random.Random(seed)
        self.turns = Turns(self.chance)
        self.client = ContendedClient(boto3.client("dynamodb"), self.chance, 0)
        empty_table(self.client)
        self.store = SteppedStore(self.client, "desk", self.turns, self.check)
        self.desk = TradingDesk(store=self.store, **limits)
        self.accounts = accounts
        for account in accounts:
            open_account(self.store, account)
        self.client.share = contended

    def publish(self, signals: list[Signal]) -> None:
        contended, self.client.share = self.client.share, 0
        for signal in signals:
            self.store.write(create(signal))
        self.client.share = contended

    def settle(self) -> None:
        """The processes are gone; the reconciler's rounds find what they have left."""
        desk = self.desk
        desk.fuse.kill = lambda step: ""
        for _ in range(3):
            desk.pass_time(25 * 60)
            desk.reconciler().run(desk.market_time)
        for account in self.accounts:
            live = {i.order_id for i in desk.intents(account) if i.kind == "ENTRY" and not i.is_final}
            assert set(desk.risk(account).reservations) == live
        self.check(self.store.partitions)

    def check(self, changed: Collection[str]) -> None:
        for account in self.accounts:
            if (partition := account_partition(account)) in changed:
                items = self.store.partitions[partition]
                assert_within_limits(items, account, self.desk.settings)
                assert_reserved_is_what_may_be_bought(items, account)

    def decide(self, account: str, minute: int) -> None:
        """A cycle's answer to its signals, and the whole way of each order that comes of it."""
        as_of = AS_OF + timedelta(minutes=minute)
        proposals: Any = self.risk().assess(account, f"run{minute}", as_of)["proposals"]
        for proposal in proposals:
            self.carry(account, proposal["order_id"], self.chance.choice(FATES))

    def risk(self) -> RiskService:
        desk = self.desk
        stops = halts(desk.store, desk.settings, desk.clock, desk.notifier, desk.metrics)
        return RiskService(desk.store, desk.objects, desk.clock, desk.get_settings, stops, desk.metrics)

    def carry(self, account: str, order_id: str, fate: str) -> None:
        flow = self.desk.flow()
        try:
            reason = self.drive(account, order_id, fate)
        except WriteConflict:
            reason = "FAILED"
        if reason is None:
            return
        for _ in range(3):
            try:
                flow.conclude(account, order_id, reason)
            except WriteConflict:
                continue
            return

    def drive(self, account: str, order_id: str, fate: str) -> str | None:
        """The order's way as its workflow goes it; the reason it ends with, None where nobody ends it."""
        desk, token = self.desk, f"ask-{order_id}"
        flow, approvals = desk.flow(), desk.approvals()
        if not flow.construct(account, order_id)["ok"]:
            return "FAILED"
        if fate == "left":
            return None
        approvals.request(account, order_id, token)
        if fate == "expired":
            approvals.expire(account, order_id, desk.clock.now() + timedelta(hours=1))
            return "APPROVAL_EXPIRED"
        answer = "decline" if fate == "declined" else "approve"
        digest = self.of(account, f"PROPOSAL#{order_id}")["terms_digest"]
        approvals.decide(account, order_id, answer, digest, "owner", desk.clock.now())
        submitted = flow.submit(account, order_id, f"send-{order_id}")
        if not submitted["ok"]:
            return str(submitted["reason"])
        self.trade(account, submitted["intent_id"], fate)
        return "SUBMITTED"

    def trade(self, account: str, intent_id: str, fate: str) -> None:
        """The order at the exchange: filled at the worst price its limit allows, if at all."""
        desk, exchange = self.desk, self.desk.exchange
        exchange.mishaps = [{"refused": "refuse", "lost": "unheard"}.get(fate, "")]
        desk.lane().process({"account": account, "intent_id": intent_id})
        sent = [order for order in exchange.book.values() if order["tag"] == intent_id]
        if not sent or fate == "standing":
            return
        (order,) = sent
        exchange.fill_at_most = max(order["quantity"] // 3, 1) if fate == "partly" else None
        exchange.prices = {order["tradingsymbol"]: order["price"]}
        exchange.match()
        self.hear(account, dict(order))
        if order["status"] == "OPEN" and self.chance.random() < 0.5:
            exchange.cancel("regular", order["order_id"])
            self.hear(account, dict(order))

    def hear(self, account: str, order: dict[str, Any]) -> None:
        for _ in range(self.chance.choice((1, 1, 2))):
            update = {"account": account, "source": "frame", "order": order, "received_at": ""}
            self.desk.order_updates().apply(update)

    def of(self, account: str, sort: str) -> Any:
        return next(
            item
            for key, item in self.store.partitions[account_partition(account)].items()
            if key.sort == sort
        )


def empty_table(client: Any) -> None:
    pages = client.get_paginator("scan").paginate(TableName="desk", ProjectionExpression="PK,SK")
    for item in [item for page in pages for item in page["Items"]]:
        client.delete_item(TableName="desk", Key=item)


@pytest.fixture(autouse=True)
def _quick(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the adapter waits between its attempts is a moment in which others go on."""
    monkeypatch.setattr(dynamodb.time, "sleep", lambda seconds: None)


def signals_of(chance: random.Random, number: int, minutes: list[int]) -> list[Signal]:
    """Signals of sixteen underlyings, cheap and dear, tight and wide stops, shares and options."""
    made = []
    for n in range(number):
        name = chance.choice("ABCDEFGHIJKLMNOP")
        price = Decimal(chance.choice((20, 60, 100, 450, 1500)))
        stop = price * Decimal(chance.choice(("0.6", "0.9", "0.985")))
        make = option_signal if name < "F" else equity_signal
        made.append(
            make(
                name,
                signal_id=f"S{n}{name}",
                underlying=name,
                as_of=AS_OF + timedelta(minutes=minutes[n % len(minutes)]),
                entry_price=price,
                ask=price,
                bid=price - Decimal("0.05"),
                stop_loss_price=stop,
                target_price=price * Decimal("1.5"),
                expected_return_pct=chance.choice((2.0, 10.0, 25.0)),
            )
        )
    return made


# The first of each is what hypothesis begins with.
limits = st.fixed_dictionaries(
    {
        "risk": st.fixed_dictionaries(
            {
                "max_concurrent_positions": st.sampled_from((8, 1, 2, 4, 12)),
                "max_concurrent_options": st.sampled_from((2, 0, 1, 5)),
                "max_symbol_exposure_pct": st.sampled_from((10, 3, 6, 30)),
                "max_portfolio_exposure_pct": st.sampled_from((60, 5, 20, 35, 100)),
                "risk_per_trade_pct": st.sampled_from((2, 1, 4)),
                "margin_buffer_pct": st.sampled_from((10, 1, 50, 80)),
                "min_expected_net_profit_inr": st.just(0),
            }
        ),
        "capital": st.fixed_dictionaries({"daily_loss_limit_pct": st.sampled_from((3, 1, 6, 20))}),
        "options": st.fixed_dictionaries(
            {
                "capital_share_pct": st.sampled_from((60, 4, 15, 100)),
                "cooldown_hours": st.sampled_from((0, 48)),
            }
        ),
        "equity": st.fixed_dictionaries({"capital_share_pct": st.sampled_from((60, 7, 25, 100))}),
    }
)
WIDE = {
    "max_concurrent_positions": 12,
    "max_concurrent_options": 4,
    "max_portfolio_exposure_pct": 90,
    "min_expected_net_profit_inr": 0,
}
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


# Drawn limits and a drawn order of steps: a smaller example would tell no more, and each costs seconds.
@hypothesis_settings(max_examples=3, deadline=None, suppress_health_check=SLOW, phases=[Phase.generate])
@given(st.integers(0, 2**32), limits, st.sampled_from((0.1, 0.0, 0.4)), st.sampled_from((5, 1)))
def test_fifty_signals_at_once_pass_no_limit(
    seed: int, limits: dict[str, Any], contended: float, together: int
) -> None:
    floor = Floor(seed, limits, contended, ("main",))
    minutes = list(range(SIGNALS // together))
    floor.publish(signals_of(floor.chance, SIGNALS, minutes))
    floor.turns.run([lambda minute=minute: floor.decide("main", minute) for minute in minutes])
    floor.settle()


def test_accounts_decide_in_parallel_each_within_its_own_limits() -> None:
    accounts = tuple(f"a{n}" for n in range(12))
    floor = Floor(7, {"risk": {"min_expected_net_profit_inr": 0}}, 0.1, accounts)
    floor.publish(signals_of(floor.chance, 2, [0]))
    floor.store.write(create(Cycle(run_id=RUN_ID, as_of=AS_OF, state="STARTED")))
    floor.turns.run([lambda account=account: floor.decide(account, 0) for account in accounts])
    floor.settle()
    kept = [floor.store.partitions[account_partition(account)] for account in accounts]
    made = [key for items in kept for key in items if key.sort.startswith("PROPOSAL#")]
    assert len(made) >= len(accounts)
    cycle = load(floor.store, Cycle, cycle_key(AS_OF))
    assert cycle is not None
    assert (cycle.state, cycle.proposals) == ("FINISHED", len(made))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_dies_the_sweeper_leaves_what_may_still_be_bought(seed: int) -> None:
    floor = Floor(seed, {"risk": WIDE}, 0.1, ("main",))
    minutes = list(range(12))
    floor.publish(signals_of(floor.chance, len(minutes), minutes))
    deaths = []

    def kill(step: int) -> str:
        if floor.chance.random() >= 0.1:
            return ""
        deaths.append(step)
        return floor.chance.choice(("before", "after"))

    floor.desk.fuse.kill = kill
    floor.turns.run([lambda minute=minute: floor.decide("main", minute) for minute in minutes])
    assert deaths
    floor.settle()


def test_lasting_contention_refuses_and_holds_nothing() -> None:
    floor = Floor(1, {"risk": WIDE}, 0, ("main",))
    floor.publish(signals_of(floor.chance, 3, [0]))
    floor.client.share = 1
    desk, risk = floor.desk, floor.risk()
    assert risk.assess("main", RUN_ID, AS_OF)["proposals"] == []
    assert desk.metrics.counts["refusals"] >= 1
    assert desk.risk().reservations == {}
    floor.client.share = 0
    assert risk.assess("main", RUN_ID, AS_OF)["proposals"] != []


def test_a_loss_that_cannot_be_written_down_still_refuses() -> None:
    floor = Floor(1, {"risk": WIDE}, 0, ("main",))
    floor.publish(signals_of(floor.chance, 3, [0]))
    floor.store.write(create(AccountDay(account="main", day=AS_OF.date(), realised_pnl=Decimal(-20_000))))
    floor.client.share = 1
    assert floor.risk().assess("main", RUN_ID, AS_OF)["proposals"] == []
    assert floor.desk.metrics.counts["refusals"] >= 1
    assert not floor.desk.risk().halted

"""From the resumed approval to the order request leaving, step by step beside the budgets.

pytest tests/bench/test_order_latency.py -s

The table is the emulator's DynamoDB, over HTTP on this machine; the network to the broker is not in it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import pytest

from patang.adapters.aws.dynamodb import DynamoStore
from patang.approvals.proposal import Proposal
from patang.execution.checks import check_risk
from patang.execution.intent import OrderIntent
from patang.keys import intent_key, proposal_key
from patang.records import load
from patang_workbench.local_stack.emulator import Emulator
from patang_workbench.local_stack.processes import Keeper
from tests.fakes import MemoryStore
from tests.unit.execution.samples import MORNING, equity_signal, open_account, proposal_of, propose
from tests.unit.execution.stages import quote_at
from tests.unit.execution.trading_desk import TradingDesk

ORDERS, WARM_UP = 40, 5
# Milliseconds; the network's 200 are no part of what is measured here.
RISK, CONSTRUCTION_AND_VALIDATION, ALL_WITHOUT_NETWORK = 10, 20, 115
PYTHON = Path(__file__).parents[2] / ".emulator/bin/python"


class Counted:
    """A store that counts its calls, since each is a trip over the network in AWS."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act = getattr(self._store, name)

        def call(*args: Any, **named: Any) -> Any:
            # Of no keys the table is not asked.
            self.calls += name != "get_many" or len(args[0]) > 0
            return act(*args, **named)

        return call


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DynamoStore]:
    if not PYTHON.exists():
        pytest.skip("the emulator is not installed: make setup")
    with Keeper() as keeper:
        emulator = Emulator(PYTHON, tmp_path_factory.mktemp("emulator") / "run", keeper)
        emulator.wait_ready()
        client = emulator.client("dynamodb")
        names = ("PK", "SK", "GSI1PK", "GSI1SK")
        client.create_table(
            TableName="desk",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "PK", "KeyType": "HASH"},
                {"AttributeName": "SK", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "index1",
                    "KeySchema": [
                        {"AttributeName": "GSI1PK", "KeyType": "HASH"},
                        {"AttributeName": "GSI1SK", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        yield DynamoStore(client, "desk")
        emulator.stop()


class Run:
    """Milliseconds and table calls of each step, an order after another, each of an account of its own."""

    def __init__(self, desk: TradingDesk, store: Counted) -> None:
        self.desk, self.store = desk, store
        self.took: dict[str, list[float]] = defaultdict(list)
        self.calls: dict[str, list[int]] = defaultdict(list)
        self.left = 0.0
        place = desk.exchange.place

        def leaves(request: Any) -> str:
            self.left = perf_counter()
            return place(request)

        desk.exchange.place = leaves

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        calls, began = self.store.calls, perf_counter()
        done = act()
        self.took[name].append(1000 * (perf_counter() - began))
        self.calls[name].append(self.store.calls - calls)
        return done

    def order(self, number: int) -> None:
        desk, account, signal = self.desk, f"account{number}", equity_signal()
        open_account(desk.store, account)
        proposal = proposal_of(signal, 20, account=account)
        propose(desk.store, proposal)
        if number == 0:
            quote_at(desk, signal, signal.entry_price)
        order = (account, proposal.order_id)
        self.step("construct", lambda: desk.flow().construct(*order))
        self.step("validate", lambda: desk.flow().validate(*order))
        desk.approvals().request(*order, "approval-token")
        asked = self.proposal(*order)
        desk.approvals().decide(*order, "approve", asked.terms_digest or "", "owner", desk.clock.now())

        approved = self.proposal(*order)
        self.step("risk", lambda: check_risk(desk.store, approved, MORNING, desk.settings, desk.clock))
        resumed = perf_counter()
        assert self.step("recheck", lambda: desk.flow().recheck(*order))["ok"]
        done = self.step("submit", lambda: desk.flow().submit(*order, "lane-token"))
        calls, began = self.store.calls, perf_counter()
        desk.lane().process({"account": account, "intent_id": done["intent_id"]})
        self.took["lane until it leaves"].append(1000 * (self.left - began))
        self.took["lane until it ends"].append(1000 * (perf_counter() - began))
        self.calls["lane until it ends"].append(self.store.calls - calls)
        self.took["resumed until it leaves"].append(1000 * (self.left - resumed))
        sent = load(desk.store, OrderIntent, intent_key(account, done["intent_id"]))
        assert sent is not None
        assert sent.state == "ACKED"

    def proposal(self, account: str, order_id: str) -> Proposal:
        found = load(self.desk.store, Proposal, proposal_key(account, order_id))
        assert found is not None
        return found

    def of(self, name: str) -> list[float]:
        return self.took[name][WARM_UP:]


STEPS: tuple[tuple[str, int | None], ...] = (
    ("construct", None),
    ("validate", None),
    ("construction and validation", CONSTRUCTION_AND_VALIDATION),
    ("risk", RISK),
    ("recheck (risk in it)", None),
    ("submit", None),
    ("lane until it leaves", None),
    ("lane until it ends", None),
    ("resumed until it leaves", ALL_WITHOUT_NETWORK),
)


def ran(store: Any) -> Run:
    counted = Counted(store)
    run = Run(TradingDesk(store=counted), counted)
    for number in range(WARM_UP + ORDERS):
        run.order(number)
    pairs = zip(run.took["construct"], run.took["validate"], strict=True)
    run.took["construction and validation"] = [sum(pair) for pair in pairs]
    run.took["recheck (risk in it)"] = run.took["recheck"]
    run.calls["recheck (risk in it)"] = run.calls["recheck"]
    return run


def test_from_the_yes_to_the_request(table: DynamoStore) -> None:
    own, whole = ran(MemoryStore()), ran(table)

    print(f"\n\n{ORDERS} entries, milliseconds: the desk's own work, and with its table on the emulator")
    print(f"  {'step':<28}{'own work':>10}{'median':>9}{'p95':>9}{'calls of the table':>21}  budget")
    for name, budget in STEPS:
        times, calls = whole.of(name), whole.calls.get(name)
        of_table = f"{median(calls):.0f}" if calls else ""
        told = "" if budget is None else f"  {budget} ms, {median(times) / budget:.0%} of it"
        print(
            f"  {name:<28}{median(own.of(name)):>10.2f}{median(times):>9.2f}"
            f"{quantiles(times, n=20)[-1]:>9.2f}{of_table:>21}{told}"
        )
    # The desk's own work leaves nearly all of a budget to its table, whatever else this machine does.
    for name, budget in STEPS:
        assert budget is None or median(own.of(name)) < budget / 4, name

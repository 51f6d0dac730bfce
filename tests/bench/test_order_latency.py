"""From the resumed approval to the order request leaving, step by step beside the budgets.

pytest tests/bench/test_order_latency.py -s

The table is the emulator's DynamoDB, over HTTP on this machine; the network to the broker is not in it. What
batches of items save stands beside it: the same orders in turn on a table that is read one item a trip. The
desk's processor time stands beside the wall's, which other work on this machine lengthens.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

import pytest

from patang.adapters.aws.dynamodb import DynamoStore
from patang.approvals.proposal import Proposal
from patang.execution.checks import check_risk
from patang.execution.intent import OrderIntent
from patang.keys import intent_key, proposal_key
from patang.ports import Attributes, Key
from patang.records import create, load, replace
from patang.risk.account_view import view_account
from patang_workbench.local_stack.emulator import Emulator
from patang_workbench.local_stack.processes import Keeper
from tests.fakes import MemoryStore
from tests.unit.execution.samples import MORNING, equity_signal, open_account, proposal_of, propose
from tests.unit.execution.stages import quote_at
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.samples import mark, position

ORDERS, WARM_UP = 40, 5
# Positions of the day: what the account that has been busy holds, and what it has sold already.
HELD, SOLD = 4, 21
# Milliseconds; the network's 200 are no part of what is measured here.
RISK, CONSTRUCTION_AND_VALIDATION, ALL_WITHOUT_NETWORK = 10, 20, 115
BUSY_VIEW, BUSY_RISK = (f"{what}, {HELD + SOLD} positions" for what in ("view", "risk"))
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


class OneByOne:
    """A store that reads each item in a trip of its own."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        return [self._store.get(key) for key in keys]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DynamoStore, DynamoStore]]:
    if not PYTHON.exists():
        pytest.fail("the emulator is not installed: make setup")
    with Keeper() as keeper:
        emulator = Emulator(PYTHON, tmp_path_factory.mktemp("emulator") / "run", keeper)
        emulator.wait_ready()
        client = emulator.client("dynamodb")
        yield new_table(client, "batches"), new_table(client, "one-by-one")
        emulator.stop()


def new_table(client: Any, name: str) -> DynamoStore:
    names = ("PK", "SK", "GSI1PK", "GSI1SK")
    client.create_table(
        TableName=name,
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
    return DynamoStore(client, name)


class Run:
    """Milliseconds of wall and of processor, and table calls, of each step: an order after another, each of
    an account of its own, and the same check of one account that has had a busy day."""

    def __init__(self, store: Any, *, batches: bool = True) -> None:
        self.store = Counted(store)
        self.desk = desk = TradingDesk(store=self.store if batches else OneByOne(self.store))
        self.took: dict[str, list[float]] = defaultdict(list)
        self.worked: dict[str, list[float]] = defaultdict(list)
        self.calls: dict[str, list[int]] = defaultdict(list)
        self.left = 0.0
        self.next: Proposal
        place = desk.exchange.place

        def leaves(request: Any) -> str:
            self.left = perf_counter()
            return place(request)

        desk.exchange.place = leaves

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        calls, began, worked = self.store.calls, perf_counter(), process_time()
        done = act()
        self.took[name].append(1000 * (perf_counter() - began))
        self.worked[name].append(1000 * (process_time() - worked))
        self.calls[name].append(self.store.calls - calls)
        return done

    def order(self, number: int) -> None:
        desk, account, signal = self.desk, f"account{number}", equity_signal()
        open_account(desk.store, account)
        proposal = proposal_of(signal, 20, account=account)
        propose(desk.store, proposal)
        self._keep_book(account)
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

    def history(self) -> None:
        """An account that holds something, has sold more, and asks for one more."""
        desk = self.desk
        for number in range(HELD + SOLD):
            of = {"account": "full", "position_id": f"P260818{number:03d}", "mode": desk.settings.mode}
            past = {"state": "CLOSED", "exit_time": MORNING} if number < SOLD else {}
            made = position(f"SYMBOL{number}", **of, **past)
            desk.store.write(create(made), create(mark(made)))
        self.next = proposal_of(equity_signal(), 20, account="full")
        propose(desk.store, self.next)
        self._keep_book("full")

    def _keep_book(self, account: str) -> None:
        """As the risk manager does when it proposes: what it saw is stored with what it decided."""
        desk = self.desk
        desk.store.write(
            replace(view_account(desk.store, account, MORNING, desk.clock.now(), desk.settings).state)
        )

    def look(self) -> None:
        """What the risk manager sees of that account, and what it says."""
        desk = self.desk
        now = desk.clock.now()
        # As many as may be held are looked at, and the answer is yes: no gate ends the check before the last.
        most = desk.settings.risk.model_copy(update={"max_concurrent_positions": HELD + 1})
        settings = desk.settings.model_copy(update={"risk": most})
        view = self.step(BUSY_VIEW, lambda: view_account(desk.store, "full", MORNING, now, settings))
        assert (len(view.positions), len(view.closed)) == (HELD, SOLD)
        said = self.step(BUSY_RISK, lambda: check_risk(desk.store, self.next, MORNING, settings, desk.clock))
        assert said is None

    def sum_up(self) -> None:
        for kind in (self.took, self.worked, self.calls):
            pairs = zip(kind["construct"], kind["validate"], strict=True)
            kind["construction and validation"] = [sum(pair) for pair in pairs]

    def of(self, name: str) -> list[float]:
        return self.took[name][WARM_UP:]

    def processor(self, name: str) -> float | None:
        """Median milliseconds of the desk's own process, on all its threads."""
        return median(self.worked[name][WARM_UP:]) if name in self.worked else None

    def trips(self, name: str) -> int | None:
        return max(self.calls[name]) if name in self.calls else None


# The step, its budget, and the most trips to the table it takes.
STEPS: tuple[tuple[str, int | None, int | None], ...] = (
    ("construct", None, 2),
    ("validate", None, 2),
    ("construction and validation", CONSTRUCTION_AND_VALIDATION, 4),
    ("risk", RISK, 2),
    (BUSY_RISK, RISK, 2),
    ("recheck", None, 3),
    ("submit", None, 2),
    ("lane until it leaves", None, None),
    ("lane until it ends", None, None),
    ("resumed until it leaves", ALL_WITHOUT_NETWORK, None),
    (BUSY_VIEW, None, 2),
)


def ran(*runs: Run) -> None:
    """The runs take turns, so that what else this machine does meets each alike."""
    for run in runs:
        run.history()
    for number in range(WARM_UP + ORDERS):
        for run in runs:
            run.order(number)
            run.look()
    for run in runs:
        run.sum_up()


def test_from_the_yes_to_the_request(tables: tuple[DynamoStore, DynamoStore]) -> None:
    table, other = tables
    own, whole, apart = Run(MemoryStore()), Run(table), Run(other, batches=False)
    ran(own, whole, apart)

    print(f"\n\n{ORDERS} entries, milliseconds: the desk's own work, and with its table on the emulator;")
    print(
        "in brackets the trips to the table. The risk of a recheck is in it. 'processor' is what the desk's"
    )
    print("own process works for the median, of which the emulator's and what else runs here is no part.")
    print(
        f"  {'step':<28}{'own work':>10}{'median':>14}{'p95':>8}{'processor':>11}{'one by one':>17}"
        f"{'ratio':>7}  budget"
    )
    for name, budget, _ in STEPS:
        now, before = median(whole.of(name)), median(apart.of(name))
        told = "" if budget is None else f"  {budget} ms, {now / budget:.0%} of it"
        slowest = quantiles(whole.of(name), n=20)[-1]
        print(
            f"  {name:<28}{median(own.of(name)):>10.2f}{now:>9.2f}{_in_brackets(whole.trips(name)):>5}"
            f"{slowest:>8.2f}{_or_dash(whole.processor(name)):>11}"
            f"{before:>12.2f}{_in_brackets(apart.trips(name)):>5}{now / before:>7.2f}{told}"
        )
    # The desk's own work leaves nearly all of a budget to its table, whatever else this machine does.
    for name, budget, trips in STEPS:
        assert budget is None or median(own.of(name)) < budget / 4, name
        assert trips is None or whole.trips(name) == trips, name
        worked = whole.processor(name)
        assert budget is None or worked is None or worked < budget, name


def _or_dash(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:.2f}"


def _in_brackets(trips: int | None) -> str:
    return "" if trips is None else f"({trips})"

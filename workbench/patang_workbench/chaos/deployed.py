"""The same on the deployed template: intents through the queue and the functions, frames through the
ingester, the exchange over HTTP, and faults on that line. The verdict is read off the exchange's ledger.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from patang.execution.intent import PLACING, OrderIntent
from patang.keys import LIVE_INTENTS, account_partition
from patang.market.instruments import Instrument
from patang.market.universe import load_universe
from patang.portfolio.position import Position
from patang.records import load_all, load_index
from patang.settings import EquitySettings, OptionSettings, Settings
from patang_workbench.chaos.surroundings import Counted
from patang_workbench.chaos.wishes import approve, proposal
from patang_workbench.demo.clockwork import Clockwork
from patang_workbench.demo.run import Plan, Run
from patang_workbench.local_stack.stack import DESK_ACCOUNT, LocalStack

__all__ = ["DeployedReport", "deployed"]

# The emulator takes an account's messages one by one: faster markets would only fill the lane's queue.
_SPEED = 2
_LOOK_SECONDS = 0.05
# The lane takes an account's entries one by one: so many wait for it at a time. Turns between two looks.
_AT_A_TIME, _TURNS = 6, 4
_TOLD_EVERY = 10
_PRODUCTS = ("MIS", "MIS", "CNC")
_QUIET_SECONDS, _MOST_SECONDS = 8.0, 1500.0
# The desk's own strategies rest: what is bought is what the campaign asks for.
_PROFILE = Settings(
    profile="chaos",
    equity=EquitySettings(enabled=False),
    options=OptionSettings(enabled=False),
    entry_order_seconds=30,
)
_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"kind": "timeout", "probability": 0.03, "delay": 9.0},
    {"kind": "late_accept", "probability": 0.03, "delay": 8.0},
    {"kind": "timed_out_400", "probability": 0.03},
    {"kind": "http_429", "probability": 0.03},
    {"kind": "http_502", "probability": 0.03},
    {"kind": "half_open", "probability": 0.02, "delay": 9.0},
    {"kind": "partial_fills", "probability": 0.2, "pieces": 3},
    {"kind": "fill_race", "probability": 0.3, "race": "filled"},
    {"kind": "duplicate_update", "probability": 0.1, "delay": 2.0},
    {"kind": "reordered_update", "probability": 0.1, "delay": 2.0},
    {"kind": "missing_update", "probability": 0.05},
)


@dataclass(slots=True)
class DeployedReport:
    """What came of it; `orders` are those that the exchange has a tag of."""

    orders: int = 0
    entries: int = 0
    seconds: float = 0.0
    findings: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.findings.total()

    def as_json(self) -> dict[str, Any]:
        """Flat but for the failures."""
        return {
            "orders": self.orders,
            "entries": self.entries,
            "duplicates": self.findings["duplicate"],
            "lost": self.findings["lost"],
            "position_differences": self.findings["position"],
            "unexplained": self.findings["unexplained"],
            "naked_sells": self.findings["naked"],
            **{f"fault_{name}": number for name, number in sorted(self.faults.items())},
            "seconds": round(self.seconds, 1),
            "failures": self.failures,
        }


@dataclass(frozen=True, slots=True)
class _Offered:
    """What the market offers of an instrument now: prices in paise."""

    instrument: "_Row"
    bid: int
    ask: int


@dataclass(frozen=True, slots=True)
class _Row:
    token: int
    tradingsymbol: str
    name: str
    exchange: str
    tick: int
    lot: int
    expiry: None = None
    is_option: bool = False


def deployed(orders: int, seed: str, say: Callable[[str], None]) -> DeployedReport:
    """Entries on the deployed desk until that many orders of its own are at the exchange, then calm."""
    before, begun = dict(os.environ), time.monotonic()
    try:
        with LocalStack(say) as stack:
            run = Run(Plan(profile=_PROFILE, speed=_SPEED), say)
            owner = run.set_up(stack)
            try:
                report = _Session(stack, seed, say).run(orders)
            finally:
                owner.close()
    finally:
        # The stack tells boto3 of itself by the environment of this process.
        os.environ.clear()
        os.environ.update(before)
    report.seconds = time.monotonic() - begun
    return report


class _Session:
    def __init__(self, stack: LocalStack, seed: str, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._say = say
        self._chance = random.Random(seed)  # noqa: S311 - draws entries
        self._clockwork = Clockwork(stack.schedules, stack.exchange.clock()["market_time"])
        # Its lines would stand between those that a person reads.
        stack.desk.metrics = Counted()
        self._report = DeployedReport()
        self._naked: dict[tuple[str, str], str] = {}
        universe = load_universe(stack.desk.store, stack.desk.objects, stack.day)
        listed = universe.instruments if universe is not None else ()
        self._shares = [row for row in listed if row.instrument_type == "EQ"]

    def run(self, orders: int) -> DeployedReport:
        exchange = self._stack.exchange
        exchange.set_clock(paused=False, speed=_SPEED)
        while f"{self._turn():%H:%M:%S}" < "09:16:00":
            continue
        for fault in _FAULTS:
            exchange.fault(**fault)
        enough = time.monotonic() + _MOST_SECONDS
        while self._report.orders < orders and time.monotonic() < enough:
            for _ in range(_AT_A_TIME - len(self._waiting())):
                self._enter()
            for _ in range(_TURNS):
                self._turn()
            self._tell(self._look())
        self._report.faults = Counter(self._ledger()["faults"])
        self._clear_faults()
        self._say(f"{self._report.orders} orders; calm")
        self._judge_when_quiet()
        exchange.set_clock(paused=True)
        return self._report

    def _tell(self, orders: int) -> None:
        if orders // _TOLD_EVERY > self._report.orders // _TOLD_EVERY:
            self._say(f"{orders} orders at the exchange, {self._report.entries} entries wished for")
        self._report.orders = orders

    def _turn(self) -> datetime:
        self._stack.ingester.tend()
        now: datetime = self._stack.exchange.clock()["market_time"]
        self._clockwork.tick(now)
        time.sleep(_LOOK_SECONDS)
        return now

    def _waiting(self) -> list[OrderIntent]:
        """Entries that have not reached the exchange yet."""
        live = load_index(self._stack.desk.store, OrderIntent, LIVE_INTENTS, f"{DESK_ACCOUNT}#")
        return [i for i in live if i.kind == "ENTRY" and i.state in ("NEW", "SENDING", "UNKNOWN")]

    def _look(self) -> int:
        """How many orders with a tag the exchange has; notes where more stands to be sold than is held."""
        ledger = self._ledger()
        held = Counter({(row["instrument"], row["product"]): row["quantity"] for row in ledger["positions"]})
        sells = {(row["instrument"], row["product"]): row["quantity"] for row in ledger["standing_sells"]}
        for key in {*held, *sells}:
            standing = sells.get(key, 0)
            if standing > max(held[key], 0) or held[key] < 0:
                self._naked.setdefault(key, f"{standing} stand to be sold, {held[key]} are held")
        return sum(map(len, _by_tag(ledger).values()))

    def _enter(self) -> None:
        desk, product = self._stack.desk, self._chance.choice(_PRODUCTS)
        share = self._chance.choice(self._shares)
        quote = desk.market_data().quotes([share.identifier])[share.identifier]
        offered = _offered(share, quote)
        if offered is None:
            return
        self._report.entries += 1
        now = self._stack.exchange.clock()["market_time"]
        wanted = proposal(
            self._chance, DESK_ACCOUNT, self._report.entries, product, offered, now, desk.clock.now()
        )
        approve(desk.store, wanted)
        desk.order_flow().submit(DESK_ACCOUNT, wanted.order_id, f"chaos-{wanted.order_id}")

    def _judge_when_quiet(self) -> None:
        """The verdict, once nothing is wrong any more or time is over."""
        deadline = time.monotonic() + _MOST_SECONDS
        found = [("unexplained", "nobody has looked")]
        while found and time.monotonic() < deadline:
            quiet = time.monotonic() + _QUIET_SECONDS
            while time.monotonic() < quiet:
                self._turn()
                self._look()
            found = self._wrong()
        for kind, what in [*found, *(("naked", f"{key}: {told}") for key, told in self._naked.items())]:
            self._report.findings[kind] += 1
            self._report.failures.append(f"{kind}: {what}")

    def _wrong(self) -> list[tuple[str, str]]:
        store = self._stack.desk.store
        partition = account_partition(DESK_ACCOUNT)
        intents = {i.intent_id: i for i in load_all(store, OrderIntent, partition, "INTENT#")}
        positions = load_all(store, Position, partition, "POSITION#")
        ledger = self._ledger()
        tags = _by_tag(ledger)
        found = [("duplicate", f"{tag}: {len(rows)} orders") for tag, rows in tags.items() if len(rows) > 1]
        for tag, (row, *_) in tags.items():
            intent = intents.get(tag)
            if intent is None or intent.filled_quantity != row["filled"]:
                told = None if intent is None else (intent.state, intent.filled_quantity)
                found.append(("lost", f"{tag} filled {row['filled']}, the desk says {told}"))
        found += [
            ("unexplained", f"{intent.kind} {intent.intent_id} is {intent.state}")
            for intent in intents.values()
            if not intent.is_final and not (intent.state == "ACKED" and intent.kind in ("EXIT", "PROTECT"))
        ]
        found += [
            ("lost", f"{intent.intent_id} is {intent.state} and not at the exchange")
            for intent in intents.values()
            if intent.kind in PLACING and intent.state in ("ACKED", "COMPLETE")
            if intent.intent_id not in tags and intent.target_gtt_id is None
        ]
        return found + _differences(positions, ledger["positions"])

    def _ledger(self) -> Mapping[str, Any]:
        return self._ask("GET", "ledger")

    def _clear_faults(self) -> None:
        self._ask("DELETE", "fault")

    def _ask(self, method: str, what: str) -> Any:
        address = f"{self._stack.exchange.facts['kite_root']}/_simulator/{what}"
        reply = httpx.request(method, address, timeout=30, trust_env=False)
        reply.raise_for_status()
        return reply.json()


def _by_tag(ledger: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Accepted orders of the desk's."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in ledger["orders"]:
        if row["tag"] and row["accepted"] and not row["by_hand"]:
            found.setdefault(row["tag"], []).append(row)
    return found


def _offered(share: Instrument, quote: Mapping[str, Any]) -> _Offered | None:
    bid, ask = (quote["depth"][side][0]["price"] for side in ("buy", "sell"))
    if not bid or not ask:
        return None
    row = _Row(
        share.instrument_token,
        share.tradingsymbol,
        share.name,
        share.exchange,
        round(share.tick_size * 100),
        share.lot_size,
    )
    return _Offered(row, round(bid * 100), round(ask * 100))


def _differences(positions: list[Position], held: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    ours: Counter[tuple[str, str]] = Counter()
    for position in positions:
        ours[f"{position.exchange}:{position.symbol}", position.product] += position.open_quantity
    theirs = Counter({(row["instrument"], row["product"]): row["quantity"] for row in held})
    return [
        ("position", f"{key}: the desk holds {ours[key]}, the exchange {theirs[key]}")
        for key in sorted({*ours, *theirs})
        if ours[key] != theirs[key]
    ]

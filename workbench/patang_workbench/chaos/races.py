"""Races on the emulator's DynamoDB: several processes of the desk at the same intent or position, at once.

They are threads with a desk and a connection each, let go together; who comes first is the machine's to say.
The verdict is the exchange's: one order of an intent, one sell of a position.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from patang.adapters.aws.dynamodb import DynamoStore
from patang.errors import PatangError
from patang.execution.intent import OrderIntent
from patang.keys import OPEN_POSITIONS, intent_key
from patang.portfolio.position import Position
from patang.records import load, load_index
from patang_workbench.chaos.desk import ChaosDesk
from patang_workbench.chaos.dynamodb import WireDynamo, create_table
from patang_workbench.chaos.plan import DayPlan
from patang_workbench.chaos.room import Room
from patang_workbench.chaos.wishes import approve, proposal, traded_lines
from patang_workbench.exchange.ledger import by_tag
from patang_workbench.exchange.standing import standing_sells

__all__ = ["LEAVERS", "RaceReport", "races"]

LEAVERS = ("STOP", "SQUARE_OFF", "FLATTEN", "PERSON")
"""Who want out of a position at the same moment: the guard, its square-off, a flattening, a person."""

_LANES = 2
_ON_A_TRACK = 50
# Numbers of the entries of exits' races, beside those of the lanes'.
_OTHER = 1_000_000


@dataclass(slots=True)
class RaceReport:
    """`twice`: intents with more than one order; `none`: with none; `sells`: positions for which more than
    one sell was asked, or more stood to be sold than was held; `won` counts who was first."""

    lanes: int = 0
    exits: int = 0
    twice: int = 0
    none: int = 0
    sells: int = 0
    contended: int = 0
    seconds: float = 0.0
    won: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.twice or self.none or self.sells)

    def as_json(self) -> dict[str, Any]:
        """Flat but for the failures."""
        return {
            "lane_races": self.lanes,
            "exit_races": self.exits,
            "duplicates": self.twice,
            "lost": self.none,
            "sells_too_many": self.sells,
            "races_with_a_loser_at_the_write": self.contended,
            **{f"won_{name.lower()}": number for name, number in sorted(self.won.items())},
            "seconds": round(self.seconds, 1),
            "failures": self.failures,
        }


class _Track:
    """One exchange and one table, on which race after race is run."""

    def __init__(self, endpoint: str, name: str) -> None:
        client = WireDynamo(endpoint)
        desk, auth = (create_table(client, purpose, f"race {name}") for purpose in ("desk", "auth"))
        plan = DayPlan(f"race {name}", accounts=2, badness=0.0)
        self.room = Room(plan, DynamoStore(client, desk), DynamoStore(client, auth))
        self.room.open()
        self.wires = [WireDynamo(endpoint) for _ in LEAVERS]
        self.runners = [self._runner(wire, desk) for wire in self.wires]

    def _runner(self, wire: WireDynamo, table: str) -> ChaosDesk:
        """A desk with a connection of its own; steps are counted for one thread alone, so not here."""
        desk = ChaosDesk(self.room.around)
        desk.store = DynamoStore(wire, table)
        return desk

    @property
    def refused(self) -> int:
        """Transactions of the runners that somebody else was before."""
        return sum(wire.refused for wire in self.wires)

    def entry(self, number: int, product: str) -> OrderIntent:
        """A new intent to buy, told to nobody yet."""
        room = self.room
        account = room.accounts[number % len(room.accounts)]
        line = room.chance.choice(traded_lines(list(room.exchange.floor.lines.values()), product))
        now = room.clock.now()
        wanted = proposal(room.chance, account, number, product, line, room.market_time, now, resting=0.0)
        approve(room.around.bare_store, wanted)
        done = self.runners[0].order_flow().submit(account, wanted.order_id, f"token-{number}")
        room.around.lane.groups.clear()
        found = load(room.around.bare_store, OrderIntent, intent_key(account, str(done["intent_id"])))
        if found is None:
            raise ValueError(f"the entry of the race was not submitted: {done}")
        return found

    def held(self, number: int) -> Position | None:
        """A position with its protection at the exchange; None where its entry was not filled."""
        intent = self.entry(number, ("MIS", "CNC", "NRML")[number % 3])
        self.runners[0].order_lane().process({"account": intent.account, "intent_id": intent.intent_id})
        for _ in range(3):
            self.settle(1)
        found = load_index(self.room.around.bare_store, Position, OPEN_POSITIONS, f"{intent.account}#")
        return next((p for p in found if p.entry_intent_id == intent.intent_id and p.state == "OPEN"), None)

    def settle(self, seconds: int) -> None:
        """Lets the market go on, and everything that waits be dealt with, one after the other."""
        room, desk = self.room, self.runners[0]
        for _ in range(seconds):
            room.trading.advance(1)
        room.hear()
        while (message := room.around.updates.take()) is not None:
            desk.order_updates().apply(message.body)
        while room.around.lane.ready():
            for group in room.around.lane.ready():
                body = room.around.lane.receive(group).body
                desk.order_lane().process(body)
                room.around.lane.delete(group)
        room.hear()
        while (message := room.around.updates.take()) is not None:
            desk.order_updates().apply(message.body)


def races(endpoint: str, lanes: int, exits: int, seed: str = "1") -> RaceReport:
    """So many of each kind."""
    report, begun = RaceReport(), time.monotonic()
    chance = random.Random(seed)  # noqa: S311 - a shuffle of who is let go first
    with ThreadPoolExecutor(len(LEAVERS)) as pool:
        first = 0
        while report.lanes < lanes or report.exits < exits:
            # A table is slower the more it holds, and a day of the exchange ends.
            track = _Track(endpoint, f"{seed}/{first}")
            for number in range(first, first + _ON_A_TRACK):
                if report.lanes < lanes:
                    _lane_race(track, pool, number, report)
                if report.exits < exits:
                    _exit_race(track, pool, chance, number + _OTHER, report)
            first += _ON_A_TRACK
    report.seconds = time.monotonic() - begun
    return report


def _lane_race(track: _Track, pool: ThreadPoolExecutor, number: int, report: RaceReport) -> None:
    intent = track.entry(number, ("MIS", "CNC", "NRML")[number % 3])
    body, before = {"account": intent.account, "intent_id": intent.intent_id}, track.refused
    told = _together(
        pool, [lambda desk=desk: desk.order_lane().process(body) for desk in track.runners[:_LANES]]
    )
    track.room.trading.elapse(1)
    report.lanes += 1
    report.contended += track.refused > before
    user_id = track.room.users[intent.account]
    orders = by_tag(track.room.exchange).get((user_id, intent.intent_id), [])
    sent = track.room.lines[intent.account].orders[intent.intent_id]
    if len(orders) > 1 or sent > 1:
        report.twice += 1
        report.failures.append(f"{intent.intent_id} left {sent} times: {len(orders)} orders ({told})")
    elif not orders:
        report.none += 1
        report.failures.append(f"{intent.intent_id} has no order ({told})")
    track.settle(0)


def _exit_race(
    track: _Track, pool: ThreadPoolExecutor, chance: random.Random, number: int, report: RaceReport
) -> None:
    position = track.held(number)
    if position is None:
        return
    room = track.room
    line = room.exchange.floor.lines[position.instrument_token]
    last, bid = Decimal(line.last) / 100, Decimal(line.bid) / 100
    leavers = chance.sample(LEAVERS, len(LEAVERS))
    acts: list[Callable[[], object]] = [
        lambda desk=desk, reason=reason: desk.exits().begin(
            position, reason, room.market_time, last, bid, reason
        )
        for desk, reason in zip(track.runners, leavers, strict=True)
    ]
    before = track.refused
    told = _together(pool, acts)
    report.exits += 1
    report.contended += track.refused > before
    winners = [reason for reason, won in zip(leavers, told, strict=True) if won is True]
    report.won.update(winners)
    messages = [m.body["intent_id"] for waiting in room.around.lane.groups.values() for m in waiting]
    track.settle(1)
    units = standing_sells(room.exchange)
    user_id = room.users[position.account]
    key = user_id, line.instrument.key, position.product
    account = room.exchange.accounts[user_id]
    held = account.position(line, position.product).net
    if len(winners) != 1 or len(set(messages)) != 1 or units[key] > max(held, 0) or held < 0:
        report.sells += 1
        report.failures.append(
            f"{position.position_id}: {told}, told the lane {messages}, {units[key]} to sell of {held}"
        )
    for _ in range(30):
        if account.position(line, position.product).net <= 0:
            break
        track.settle(2)


def _together(pool: ThreadPoolExecutor, acts: Sequence[Callable[[], object]]) -> list[object]:
    """Results of all, let go at the same moment."""
    gate = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        gate.wait(timeout=30)
        try:
            return act()
        except PatangError as error:
            return f"{type(error).__name__}: {error}"

    return list(pool.map(one, acts))

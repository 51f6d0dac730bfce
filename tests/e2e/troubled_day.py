"""One session on the deployed template in which everything goes wrong once, and trades are made all the same.

The first asking is never answered; then one order is refused by the exchange, of one the reply is lost and
the ingester is killed while its position is open, and one is approved twice. An approved order that the desk
itself drops, as when its price moved meanwhile, has not met its trouble: the next asking meets it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from patang.keys import OPEN_POSITIONS
from patang.market.ticks import TICK, StreamRecord, pack
from patang.settings import (
    ApprovalSettings,
    EquitySettings,
    OptionSettings,
    RiskSettings,
    Settings,
    UniverseSettings,
)
from patang.settings.notifications import NotificationSettings
from patang_workbench.demo.report import Report
from patang_workbench.demo.run import Plan, Run
from patang_workbench.local_stack.deployment import subscribe_outbox
from patang_workbench.local_stack.owner import Owner
from patang_workbench.local_stack.stack import LocalStack
from tests.e2e.evidence import Evidence

__all__ = [
    "GARBAGE",
    "PLAN",
    "REFUSAL",
    "UNKNOWN_TOKEN",
    "UNLISTED",
    "Answer",
    "Day",
    "TroubledDay",
    "carry_out",
]

UNLISTED = "NOSUCHSHARE"
UNKNOWN_TOKEN = 4_242_424
GARBAGE = b"\x00this is no tick record\xff\xfe"
REFUSAL = "RMS: blocked for this test"
_REPLY_LOST_AFTER = 9.0
_HELD = timedelta(seconds=20)
# What is prepared at the exchange for the next order that reaches it.
_MISFORTUNES: Mapping[str, Mapping[str, Any]] = {
    "refused": {"kind": "reject", "message": REFUSAL},
    "reply lost": {"kind": "timeout", "delay": _REPLY_LOST_AFTER},
}

# Every rule that could make the desk wait is loosened: what is looked at is the way of an order, not whether
# the trade is a good one.
_EAGER = Settings(
    profile="every trouble once",
    risk=RiskSettings(
        min_confidence=0,
        min_expected_net_profit_inr=0,
        max_concurrent_positions=1,
        max_api_latency_ms=10_000,
        max_exceptions_per_minute=100,
        stop_loss_guard_stops=20,
        symbol_cooldown_minutes=0,
    ),
    options=OptionSettings(
        min_adx=0,
        max_rsi=100,
        min_frames=1,
        min_volume=0,
        enter_on_expiry_day=True,
        cooldown_hours=0,
        first_entry="09:16",
        max_hold_minutes=3,
    ),
    equity=EquitySettings(enabled=False),
    approval=ApprovalSettings(timeout_seconds=15),
    universe=UniverseSettings(equities=("RELIANCE", "TCS", UNLISTED)),
    # The day is over before mails that are held would go, and it may be any hour of the night.
    notifications=NotificationSettings(merge_minutes=0, quiet_from="00:00", quiet_until="00:00"),
)
PLAN = Plan(profile=_EAGER, until_trades=2, speed=200, timeout_seconds=120)


@dataclass(frozen=True)
class Answer:
    """One asking: its link, what became of each press of a button, by the status of its page."""

    trouble: str
    link: str
    statuses: tuple[int, ...] = ()


@dataclass
class Day:
    """The day when it is over; the stack still stands."""

    stack: LocalStack
    owner: Owner
    report: Report
    script: "TroubledDay"
    mails: list[str]
    letterbox: str

    def mails_since(self) -> list[str]:
        """What the owner's mail has brought since it was read last."""
        return _read(self.stack.emulator.client("sqs"), self.letterbox)


@dataclass
class TroubledDay:
    """The script. `answer` and `during` are called by the run."""

    stack: LocalStack
    answers: list[Answer] = field(default_factory=list)
    killed_at: datetime | None = None
    killed_with: str | None = None
    disturbed_at: datetime | None = None

    def answer(self, owner: Owner, link: str) -> None:
        """What the owner, or the exchange, does about the next order."""
        again = bool(self.answers) and self._dropped(len(self.answers) - 1)
        trouble = self.answers[-1].trouble if again else self._next_trouble()
        if not again and trouble in _MISFORTUNES:
            self.stack.exchange.fault(**_MISFORTUNES[trouble])
        self.answers.append(Answer(trouble, link, _ACTS[trouble](owner, link)))

    def met(self, trouble: str) -> int:
        """Which asking of the day met this trouble, counted from 0."""
        return max(
            n for n, answer in enumerate(self.answers) if answer.trouble == trouble and not self._dropped(n)
        )

    def during(self, stack: LocalStack, market_time: datetime) -> None:
        """Disturb the stream once it runs, and kill the ingester in the middle of the first open position."""
        if self.disturbed_at is None and f"{market_time:%H:%M}" >= "09:17":
            self.disturbed_at = market_time
            self._put(GARBAGE)
            self._put(_ticks_of_nobody(market_time))
        if self.killed_at is None and (position := _held_since(stack, market_time - _HELD)):
            self.killed_at, self.killed_with = market_time, position
            stack.ingester.kill()

    def _next_trouble(self) -> str:
        over = [answer.trouble for answer in self.answers]
        return next((trouble for trouble in _ACTS if trouble not in over), "approved twice")

    def _dropped(self, number: int) -> bool:
        """Approved, and not sent by the desk."""
        if self.answers[number].trouble == "expired":
            return False
        proposal = Evidence(self.stack).proposal_behind(number)
        return proposal["state"] == "CONCLUDED" and "intent_id" not in proposal

    def _put(self, data: bytes) -> None:
        kinesis = self.stack.emulator.client("kinesis")
        kinesis.put_record(StreamName=self.stack.outputs["TickStream"], Data=data, PartitionKey="NIFTY")


def carry_out(stack: LocalStack, say: Callable[[str], None]) -> Day:
    """The whole day on a fresh stack."""
    script = TroubledDay(stack)
    run = Run(PLAN, say, during=script.during, answer=script.answer)
    owner = run.set_up(stack)
    letterbox = _letterbox(stack)
    report = run.session(stack, owner)
    return Day(stack, owner, report, script, _read(stack.emulator.client("sqs"), letterbox), letterbox)


def _approve_twice(owner: Owner, link: str) -> tuple[int, ...]:
    """From two tabs that were opened while nobody had answered."""
    first, second = owner.open(link), owner.open(link)
    return owner.press(first, "approve").status_code, owner.press(second, "approve").status_code


def _approve(owner: Owner, link: str) -> tuple[int, ...]:
    return (owner.decide(link, "approve"),)


def _held_since(stack: LocalStack, moment: datetime) -> str | None:
    """A position that is open since before this market time."""
    found = stack.desk.store.query_index(OPEN_POSITIONS)
    held = [p["position_id"] for p in found if datetime.fromisoformat(p["entry_time"]) <= moment]
    return str(held[0]) if held else None


def _ticks_of_nobody(market_time: datetime) -> bytes:
    tick = np.zeros(1, TICK)
    tick["token"], tick["last_price"] = UNKNOWN_TOKEN, 100.0
    tick["exchange_time"] = int((market_time - timedelta(seconds=1)).timestamp())
    return pack(StreamRecord("ticks", market_time, "NIFTY", tick))


def _letterbox(stack: LocalStack) -> str:
    """A queue beside the one that the run reads: what the owner's mail brought."""
    return subscribe_outbox(stack.emulator, stack.outputs["NotifyTopicArn"], "test-letterbox")


def _read(sqs: Any, queue: str) -> list[str]:
    bodies: list[str] = []
    while found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return bodies


_ACTS: Mapping[str, Callable[[Owner, str], tuple[int, ...]]] = {
    "expired": lambda _owner, _link: (),
    "refused": _approve,
    "reply lost": _approve,
    "approved twice": _approve_twice,
}

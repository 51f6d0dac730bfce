"""A deployed desk, its market moved by the minute, its functions made to fail, its alarms looked at."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from patang.approvals.proposal import Proposal
from patang.execution.intent import OrderIntent
from patang.keys import OPEN_POSITIONS, cycle_key, intent_key, proposal_key, risk_key
from patang.market.candles import Quote
from patang.market.cycle import Cycle, run_id_of
from patang.market.instruments import Instrument
from patang.market.minutes import load_minute
from patang.market.universe import load_universe
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import Position
from patang.ports import BrokerOrder
from patang.records import create, load, load_index
from patang.strategies.base import on_tick
from patang.strategies.signal import Signal
from patang_workbench.local_stack.alarm_watch import AlarmWatch
from patang_workbench.local_stack.metric_alarms import MetricName
from patang_workbench.local_stack.owner import Owner
from patang_workbench.local_stack.stack import DESK_ACCOUNT, LocalStack
from tests.integration.failures.faults import Faults
from tests.integration.failures.waiting import until

__all__ = ["PREFIX", "Room"]

PREFIX = "patang-paper-"
_MINUTE = timedelta(minutes=1)
# What the market has to go on after a minute's end until it is closed.
_GRACE = timedelta(seconds=6)
_OWNER = "person:owner"


@dataclass
class Room:
    """`moment` is the market's last full minute. `rang`: the alarms that called since they were last asked
    for, without the stage's name."""

    stack: LocalStack
    owner: Owner
    faults: Faults
    watch: AlarmWatch
    moment: datetime
    _signals: int = 0
    _heard: set[str] = field(default_factory=set)

    def minute(self, *, failing: str | None = None, fed: bool = True) -> None:
        """The market's next minute, its schedules, and what the alarms make of it.

        It ends with its cycle, or with one more failure of the function `failing`. `fed`: an ingester that
        died is started again.
        """
        self._go_on(1, failing=failing, fed=fed)

    def minutes(self, count: int, *, failing: str | None = None, fed: bool = True) -> None:
        for _ in range(count):
            self.minute(failing=failing, fed=fed)

    def quieten(self) -> None:
        """Nothing is broken or held any more, and the market goes on until no alarm rings."""
        self.faults.end_all()
        self._go_on(1)
        self.sell_everything()
        for _ in range(3):
            if self.ringing():
                # In one go, and out of the longest window.
                self._go_on(6)
        assert self.ringing() == set()

    def _go_on(self, minutes: int, *, failing: str | None = None, fed: bool = True) -> None:
        end, failures = self.moment + minutes * _MINUTE, self.faults.failures(failing or "")
        if fed:
            until(self._connected, "a connection of the ingester")
        self.stack.exchange.set_clock(limit=(end + _GRACE).isoformat(), paused=False)
        until(lambda: self.stack.exchange.clock()["market_time"] >= end + _GRACE, f"the market at {end}")
        if failing is not None:
            until(lambda: self.faults.failures(failing) > failures, f"a failure of {failing}")
        elif fed:
            until(lambda: self.decided(end), f"the cycle of {end:%H:%M}")
        due = {call.name: minute for minute, call in self.stack.schedules.due(self.moment, end)}
        for name, minute in due.items():
            self.stack.schedules.call(name, minute)
        self.moment = end
        self.look()

    def kill_the_ingester(self) -> None:
        """Nobody starts it again before a minute that is fed."""
        self.stack.ingester.kill()
        until(lambda: not self.stack.exchange.stats()["connections"], "the end of its connection")

    def look(self) -> None:
        """What the alarms make of the minute that is over, throttled requests of the faults included."""
        table = {"TableName": self.stack.outputs["DeskTable"]}
        for kind, times in self.faults.refused().items():
            metric = f"{kind.title()}ThrottleEvents"
            self.watch.metrics.put(MetricName.of("AWS/DynamoDB", metric, table), self.moment - _MINUTE, times)
        self.watch.minute_over(self.moment)
        self._heard |= self._letters()

    def rang(self) -> set[str]:
        """The alarms that called the owner since this was last asked."""
        heard, self._heard = self._heard | self._letters(), set()
        return heard

    def ringing(self) -> set[str]:
        """The alarms that ring now, the silent parts of others too."""
        states = self.watch.states()
        return {name.removeprefix(PREFIX) for name, state in states.items() if state == "ALARM"}

    def decided(self, end: datetime) -> str | None:
        """How the cycle of this minute ended, or that it was left out; None before its end."""
        cycle = load(self.stack.desk.store, Cycle, cycle_key(end))
        if cycle is None:
            return None
        if cycle.state == "SKIPPED":
            return "SKIPPED"
        status = self.execution("TradingCycleArn", run_id_of(end))
        return None if status in (None, "RUNNING") else status

    def execution(self, output: str, name: str) -> str | None:
        """The status of an execution of the state machine that an output names."""
        client = self._steps
        arn = self.stack.outputs[output].replace(":stateMachine:", ":execution:")
        try:
            return str(client.describe_execution(executionArn=f"{arn}:{name}")["status"])
        except client.exceptions.ExecutionDoesNotExist:
            return None

    def order(self, symbol: str) -> str:
        """A signal's whole way into an order workflow; its id."""
        (order_id,) = self.assess(self.signal(symbol))
        self.start(order_id)
        return order_id

    def signal(self, symbol: str) -> Signal:
        """A signal as if the last minute had brought it."""
        quote = self._quote(symbol)
        self._signals += 1
        ask, instrument = Decimal(str(quote.ask)), self._watched[f"NSE:{symbol}"]
        signal = Signal(
            signal_id=f"failure-{self._signals}",
            as_of=self.moment,
            strategy="equity",
            signal_type="BUY",
            symbol=symbol,
            underlying=symbol,
            exchange="NSE",
            instrument_token=instrument.instrument_token,
            lot_size=1,
            tick_size=instrument.tick_size,
            entry_price=ask,
            stop_loss_price=on_tick(ask * Decimal("0.9"), instrument.tick_size),
            target_price=on_tick(ask * Decimal("1.1"), instrument.tick_size),
            bid=Decimal(str(quote.bid)),
            ask=ask,
            expected_return_pct=5.0,
            confidence=1.0,
            holding_period="intraday",
            exit_by=self.moment.replace(hour=15, minute=0),
            reason="a test",
            model_version="none",
            features={},
        )
        self.stack.desk.store.write(create(signal))
        return signal

    def assess(self, signal: Signal) -> list[str]:
        """The orders that risk proposes of a signal, as the cycle would ask it; empty where it fails."""
        asked = {"op": "assess", "account": DESK_ACCOUNT, "run_id": run_id_of(self.moment)}
        reply = self._functions.invoke(
            FunctionName=f"{PREFIX}risk:live",
            Payload=json.dumps({**asked, "as_of": self.moment.isoformat()}).encode(),
        )
        told = json.loads(reply["Payload"].read())
        if "FunctionError" in reply:
            return []
        orders = [str(proposed["order_id"]) for proposed in told["proposals"]]
        found = [order for order in orders if self.proposal(order).signal.signal_id == signal.signal_id]
        assert found, told
        return found

    def start(self, order_id: str) -> None:
        """Its workflow, as the cycle would start it."""
        self._steps.start_execution(
            stateMachineArn=self.stack.outputs["OrderWorkflowArn"],
            name=order_id,
            input=json.dumps({"account": DESK_ACCOUNT, "order_id": order_id}),
        )

    def proposal(self, order_id: str) -> Proposal:
        found = load(self.stack.desk.store, Proposal, proposal_key(DESK_ACCOUNT, order_id))
        assert found is not None, order_id
        return found

    def concluded(self, order_id: str) -> Proposal:
        """The proposal when its workflow is over and it has its outcome."""
        until(
            lambda: self.execution("OrderWorkflowArn", order_id) != "RUNNING", f"the workflow of {order_id}"
        )
        return self.proposal(order_id)

    def intent(self, intent_id: str) -> OrderIntent:
        found = load(self.stack.desk.store, OrderIntent, intent_key(DESK_ACCOUNT, intent_id))
        assert found is not None, intent_id
        return found

    def orders(self, intent_id: str | None) -> list[BrokerOrder]:
        """What the exchange has of an intent: the truth about what was sent."""
        return [o for o in self.stack.desk.broker(DESK_ACCOUNT).orders() if intent_id and o.tag == intent_id]

    def reserved(self) -> set[str]:
        """The orders for which capital is held."""
        found = load(self.stack.desk.store, RiskState, risk_key(DESK_ACCOUNT))
        return set() if found is None else set(found.reservations)

    def positions(self) -> list[Position]:
        return list(load_index(self.stack.desk.store, Position, OPEN_POSITIONS, ""))

    def sell_everything(self) -> None:
        """What a person does who presses `flatten`, waits until all is sold, and lets the desk go on."""
        if self.positions():
            self.stack.desk.flatten().run(DESK_ACCOUNT, "the test is over", _OWNER, self.moment)
            until(lambda: not self.positions(), "all is sold")
            self.stack.desk.halts().resume(DESK_ACCOUNT, _OWNER, self.moment)

    def stored(self, prefix: str) -> list[str]:
        """The paths in the store below a prefix."""
        s3 = self.stack.emulator.client("s3")
        found = s3.list_objects_v2(Bucket=self.stack.outputs["StoreBucket"], Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", ())]

    def letters(self, count: int) -> list[dict[str, Any]]:
        """The dead letters, taken out of their queue, when there are so many of them."""
        taken: list[dict[str, Any]] = []

        def arrived() -> bool:
            taken.extend(self._received(self.stack.outputs["DeadLetterQueueUrl"]))
            return len(taken) >= count

        until(arrived, f"{count} dead letters")
        return taken

    def _letters(self) -> set[str]:
        """The alarms of which the topic has brought word."""
        bodies = self._received(self.alarm_post)
        told = (json.loads(body["Message"]) for body in bodies)
        return {m["AlarmName"].removeprefix(PREFIX) for m in told if m["NewStateValue"] == "ALARM"}

    @cached_property
    def alarm_post(self) -> str:
        """A queue that is subscribed to the alarms' topic as the owner is."""
        sqs, sns = self.stack.emulator.client("sqs"), self.stack.emulator.client("sns")
        queue = str(sqs.create_queue(QueueName="test-alarms")["QueueUrl"])
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.stack.outputs["AlarmTopicArn"], Protocol="sqs", Endpoint=arn)
        return queue

    def _connected(self) -> bool:
        self.stack.ingester.tend()
        return bool(self.stack.exchange.stats()["connections"])

    def _received(self, queue: str) -> Iterable[dict[str, Any]]:
        sqs = self._queues
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(message["Body"])

    def _quote(self, symbol: str) -> Quote:
        desk = self.stack.desk
        closed = (load_minute(desk.objects, desk.store, self.moment - n * _MINUTE) for n in range(1, 10))
        minutes = next(minutes for minutes in closed if minutes)
        return next(q for minute in minutes for q in minute.quotes if q.identifier == f"NSE:{symbol}")

    @cached_property
    def _watched(self) -> dict[str, Instrument]:
        universe = load_universe(self.stack.desk.store, self.stack.desk.objects, self.stack.day)
        assert universe is not None
        return universe.by_identifier()

    @cached_property
    def _steps(self) -> Any:
        return self.stack.emulator.client("stepfunctions")

    @cached_property
    def _functions(self) -> Any:
        return self.stack.emulator.client("lambda")

    @cached_property
    def _queues(self) -> Any:
        return self.stack.emulator.client("sqs")

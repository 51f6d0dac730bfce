"""A trading session in small: queues that deliver again, a workflow engine, an owner, ticks, a reconciler.

Whatever is killed is tried again the way AWS would: a message comes back, a batch is read again, a task of
the state machine fails and leads to Conclude.
"""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from patang.approvals.proposal import Proposal
from patang.keys import proposal_key
from patang.market.sessions import minute_of
from patang.market.ticks import TICK, StreamRecord, pack
from patang.ports import WriteConflict
from patang.records import load
from tests.unit.execution.samples import close_minute, open_account, propose
from tests.unit.execution.trading_desk import Killed, TradingDesk

STEP_SECONDS = 5
_TIME_OUTS = {"request_approval": 135.0, "submit": 60.0}


class Session:
    """Runs one proposal from its construction until nothing moves any more."""

    def __init__(self, desk: TradingDesk, proposal: Proposal, prices: list[Decimal]) -> None:
        self.desk = desk
        self.proposal = proposal
        self.prices = prices
        self.round = 0
        self.pending_updates: list[dict[str, Any]] = []
        self.token = 0
        self.step = "construct"
        self.waiting_since = desk.clock.now()
        self.task = ""
        self.reason = ""
        self.line: random.Random | None = None
        with desk.fuse.spared():
            open_account(desk.store)
            propose(desk.store, proposal)

    @property
    def symbol(self) -> str:
        return self.proposal.signal.symbol

    @property
    def price(self) -> Decimal:
        return self.prices[min(self.round, len(self.prices) - 1)]

    def run(self, rounds: int = 80) -> None:
        for _ in range(rounds):
            self.turn()
            self.round += 1

    def turn(self) -> None:
        desk = self.desk
        desk.pass_time(STEP_SECONDS)
        self._close_minute()
        desk.exchange.prices = {self.symbol: float(self.price)}
        self._try(self._advance_workflow)
        self._try(self._owner)
        self._deliver_intents()
        desk.exchange.match()
        self._deliver_updates()
        self._try(self._guard)
        self._deliver_intents()
        if self.round % 6 == 5:
            self._try(lambda: desk.reconciler().run(desk.market_time))

    def stored(self) -> Proposal:
        found = load(self.desk.store, Proposal, proposal_key("main", self.proposal.order_id))
        assert found is not None
        return found

    def _try(self, act: Any) -> bool:
        try:
            act()
        except (Killed, WriteConflict):
            return False
        return True

    def _close_minute(self) -> None:
        minute = minute_of(self.desk.market_time) - timedelta(minutes=1)
        signal = self.proposal.signal
        prices = {f"{signal.exchange}:{signal.symbol}": self.price}
        with self.desk.fuse.spared():
            close_minute(self.desk.store, self.desk.objects, minute, prices)

    def _advance_workflow(self) -> None:
        """The state machine: a killed task fails, and every failure leads to Conclude."""
        flow, order = self.desk.flow(), ("main", self.proposal.order_id)
        try:
            match self.step:
                case "construct" | "validate" | "recheck" as step:
                    done = getattr(flow, step)(*order)
                    following = {
                        "construct": "validate",
                        "validate": "request_approval",
                        "recheck": "submit",
                    }
                    self._go(following[step] if done["ok"] else "conclude", done["reason"])
                case "request_approval" | "submit" as step:
                    self.token += 1
                    self.task = f"token-{self.token}"
                    self.waiting_since = self.desk.clock.now()
                    self.step = f"waiting {step}"
                    getattr(flow, step)(*order, self.task)
                case "waiting request_approval":
                    self._await("request_approval")
                case "waiting submit":
                    self._await("submit")
                case "conclude":
                    self.step = "done"
                    flow.conclude(*order, self.reason)
        except (Killed, WriteConflict):
            if self.step != "done":
                self._go("conclude", "FAILED")

    def _await(self, step: str) -> None:
        answer = self.desk.workflows.answers.get(self.task)
        if answer is not None:
            if step == "request_approval" and answer["decision"] == "approve":
                self._go("recheck", "")
            else:
                self._go("conclude", "SUBMITTED" if step == "submit" else "DECLINED")
        elif (self.desk.clock.now() - self.waiting_since).total_seconds() > _TIME_OUTS[step]:
            # The engine no longer knows the token.
            self.desk.workflows.answers[self.task] = {"timed_out": True}
            self._go("conclude", "APPROVAL_EXPIRED" if step == "request_approval" else "FAILED")

    def _go(self, step: str, reason: str) -> None:
        self.step, self.reason = step, reason

    def _owner(self) -> None:
        approvals = self.desk.approvals()
        for proposal in approvals.pending(["main"]):
            approvals.decide(
                "main",
                proposal.order_id,
                "approve",
                proposal.terms_digest or "",
                "owner",
                self.desk.clock.now(),
            )

    def _deliver_intents(self) -> None:
        waiting = list(self.desk.queue.messages)
        self.desk.queue.messages.clear()
        for message in waiting:
            if not self._try(lambda body=message[2]: self.desk.lane().process(body)):
                self.desk.queue.messages.append(message)

    def _deliver_updates(self) -> None:
        self.pending_updates += [
            {"account": "main", "source": "frame", "order": frame, "received_at": ""}
            for frame in self._heard(self.desk.exchange.frames)
        ]
        self.desk.exchange.frames.clear()
        again = []
        for update in self.pending_updates:
            if not self._try(lambda update=update: self.desk.order_updates().apply(update)):
                again.append(update)
        self.pending_updates = again

    def _heard(self, frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """On a bad `line` frames are lost, come twice, come late and out of order."""
        if self.line is None:
            return list(frames)
        heard = [frame for frame in frames for _ in range(self.line.choice((0, 1, 1, 2)))]
        self.line.shuffle(heard)
        return heard

    def _guard(self) -> None:
        ticks = np.zeros(1, TICK)
        ticks[0]["token"] = self.proposal.signal.instrument_token
        ticks[0]["exchange_time"] = int(self.desk.market_time.timestamp())
        ticks[0]["last_price"] = float(self.price)
        ticks[0]["bid"] = float(self.price) - 0.05
        market = self.desk.market_time
        records = [
            pack(StreamRecord("ticks", market, self.proposal.signal.underlying, ticks)),
            pack(StreamRecord("marker", market, "", np.zeros(0, TICK))),
        ]
        self.desk.guard().process(records)

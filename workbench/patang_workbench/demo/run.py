"""One run of the main job: set up, open the session, follow it, answer approvals, count what happened."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from patang.keys import day_key
from patang.market.sessions import IST, session_on
from patang.portfolio.account_state import AccountDay
from patang.records import load
from patang.settings import Settings
from patang_workbench.demo.clockwork import Clockwork
from patang_workbench.demo.feed import EventFeed
from patang_workbench.demo.outbox import Outbox
from patang_workbench.demo.pacing import Pacer
from patang_workbench.demo.report import Report, make_report
from patang_workbench.local_stack.owner import Owner
from patang_workbench.local_stack.stack import DESK_ACCOUNT, PROJECT_ROOT, LocalStack

__all__ = ["Plan", "Run", "RunError"]

RUNNING = PROJECT_ROOT / ".patang" / "run" / "demo.json"

_LOOK_SECONDS = 0.03
_FEED_SECONDS = 0.4
_SETTLE_SECONDS = 15.0


class RunError(RuntimeError):
    """The run could not be carried to its end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `until_trades` 0: the whole session. `timeout_seconds` bounds the session on the wall."""

    profile: Settings
    approve: Literal["ask", "auto"] = "ask"
    until_trades: int = 0
    speed: float = 60.0
    timeout_seconds: float = 3600.0
    exchange: tuple[str, ...] = ()
    port: int = 0
    keep: bool = False


@dataclass(slots=True)
class Run:
    """`say` gets a line for each step and event; `during` is called in every turn of the session's loop.

    `answer` gets the owner and each approval link, instead of what the plan says about approvals.
    """

    plan: Plan
    say: Callable[[str], None]
    during: Callable[[LocalStack, datetime], None] | None = None
    answer: Callable[[Owner, str], None] | None = None
    _asked: set[str] = field(default_factory=set)

    def carry_out(self) -> Report:
        """Raises RunError, or what the parts raise when they cannot start."""
        with LocalStack(self.say, port=self.plan.port, keep_folder=self.plan.keep) as stack:
            owner = self.set_up(stack)
            _announce(stack, owner.token("patang command line", ["read", "trade"]))
            self.say(f"console      {stack.address}/")
            self.say(f"remote MCP   {stack.address}/mcp   (token in {RUNNING.relative_to(PROJECT_ROOT)})")
            try:
                return self.session(stack, owner)
            finally:
                _retract(stack)
                owner.close()

    def set_up(self, stack: LocalStack) -> Owner:
        """Everything up to the open, with the owner logged in. Raises RunError if the morning fails."""
        began = time.monotonic()
        stack.deploy()
        stack.open_exchange(("--speed", str(self.plan.speed), *self.plan.exchange))
        stack.settle(self.plan.profile)
        owner = stack.log_in()
        done = stack.prepare_day()
        if not done.get("ok", True):
            raise RunError(f"the morning's preparation did not pass: {done}")
        stack.start_ingester()
        self.say(f"ready after {time.monotonic() - began:.0f} s")
        if self.plan.profile.profile != "safe":
            self.say(f"settings     profile {self.plan.profile.profile!r}, not the safe defaults")
        return owner

    def session(self, stack: LocalStack, owner: Owner) -> Report:
        """From the open until the plan is done. Raises RunError if it is not done in time."""
        session = session_on(stack.day, overrides=self.plan.profile.sessions)
        if session is None:
            raise RunError(f"the exchange is closed on {stack.day}")
        pacer = Pacer(stack, session.open)
        clockwork = Clockwork(stack.schedules, stack.exchange.clock()["market_time"])
        feed = EventFeed(stack.desk.audit_log(), DESK_ACCOUNT, stack.day)
        outbox = Outbox(stack.emulator.client("sqs"), stack.outbox)
        deadline, next_feed = time.monotonic() + self.plan.timeout_seconds, 0.0
        while not self._is_done(stack, pacer, session.close):
            if time.monotonic() > deadline:
                raise RunError(f"not done within {self.plan.timeout_seconds:.0f} s; {_where(stack, pacer)}")
            stack.ingester.tend()
            clock = stack.exchange.clock()
            clockwork.tick(clock["market_time"])
            held = pacer.step()
            if time.monotonic() >= next_feed:
                self._tell(feed)
                next_feed = time.monotonic() + _FEED_SECONDS
            if held:
                self._answer(owner, outbox)
            if self.during is not None:
                self.during(stack, clock["market_time"])
            time.sleep(_LOOK_SECONDS)
        stack.exchange.set_clock(paused=True)
        clockwork.finish()
        stack.schedules.call("archive", datetime.combine(stack.day, session.close.time(), IST) + _AFTER_CLOSE)
        self._settle(stack, feed)
        return make_report(stack, pacer.finished)

    def _answer(self, owner: Owner, outbox: Outbox) -> None:
        for link in outbox.links():
            if link in self._asked:
                continue
            self._asked.add(link)
            if self.answer is not None:
                self.answer(owner, link)
            elif self.plan.approve == "auto":
                owner.decide(link, "approve")
            else:
                self.say(f"the market waits for you: {link}")

    def _is_done(self, stack: LocalStack, pacer: Pacer, close: datetime) -> bool:
        if pacer.finished >= close:
            return True
        if not self.plan.until_trades:
            return False
        day = load(stack.desk.store, AccountDay, day_key(DESK_ACCOUNT, stack.day))
        return day is not None and day.closed_trades >= self.plan.until_trades

    def _settle(self, stack: LocalStack, feed: EventFeed) -> None:
        """Wait until the linker has every event, then tell the rest."""
        log, deadline = stack.desk.audit_log(), time.monotonic() + _SETTLE_SECONDS
        while log.unlinked(DESK_ACCOUNT, stack.day) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        self._tell(feed)

    def _tell(self, feed: EventFeed) -> None:
        for moment, sentence in feed.news():
            self.say(f"{moment}  {sentence}")


_AFTER_CLOSE = timedelta(minutes=20)


def _announce(stack: LocalStack, token: str) -> None:
    """Leave word of the running stack for `patang status` and for people with boto3."""
    RUNNING.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "address": stack.address,
        "token": token,
        "endpoint_url": stack.emulator.endpoint,
        "date": stack.day.isoformat(),
        "account": DESK_ACCOUNT,
        "environment": stack.environment,
    }
    RUNNING.touch(mode=0o600)
    RUNNING.write_text(json.dumps(facts, indent=2))


def _retract(stack: LocalStack) -> None:
    """Take the word back, unless another run has left its own meanwhile."""
    if RUNNING.exists() and json.loads(RUNNING.read_text()).get("address") == stack.address:
        RUNNING.unlink()


def _where(stack: LocalStack, pacer: Pacer) -> str:
    clock = stack.exchange.clock()
    return f"market time {clock['market_time']:%H:%M:%S}, last finished cycle {pacer.finished:%H:%M}"

"""One day of the campaign: a few accounts on one exchange, driven second by second of virtual time.

Everything is drawn from the day's seed, so that a day comes out the same each time. The functions of the desk
are called as AWS would call them: a message that fails comes again, a process that was killed is gone with
what it remembered, and the reconciler comes by the minute.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from botocore.exceptions import ClientError

from patang.errors import BadInput, PatangError
from patang.keys import OPEN_POSITIONS, settings_key
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.ports import Put, StateStore
from patang.records import load_index
from patang.settings import KiteSettings, Settings
from patang_workbench.chaos.desk import ChaosDesk, Surroundings
from patang_workbench.chaos.line import ADDRESS, CountedLine
from patang_workbench.chaos.naked import Naked
from patang_workbench.chaos.steps import Killed, Mishaps, Steps
from patang_workbench.chaos.surroundings import LaneQueue, StandardQueue, Tickets, VirtualClock
from patang_workbench.chaos.tick_records import marker_record, tick_record
from patang_workbench.chaos.verdict import Finding, judge
from patang_workbench.chaos.weather import mishaps, storms
from patang_workbench.chaos.wishes import PRODUCTS, approve, proposal, traded_lines
from patang_workbench.exchange.engine import Settings as ExchangeSettings
from patang_workbench.exchange.in_process import InProcessExchange
from patang_workbench.exchange.login import App
from patang_workbench.exchange.synthetic import synthetic_market

__all__ = ["SESSION", "ChaosDay", "DayPlan", "DayResult"]

SESSION = date(2026, 8, 18)
# The wall's clock is of another day: whoever mixes the two is found out.
_WALL = datetime(2026, 11, 3, 20, 30, tzinfo=IST)
# Market seconds between two looks of the guard and of the reconciler.
_GUARD_EVERY = 10
# The deployed one comes by every minute; half as often, more is left for the others to find out.
_RECONCILED_EVERY = 120
# Without news for this long the day is over; whatever is tried again has been by then.
_CALM_AT_LEAST, _CALM_AT_MOST = 100, 900
# In calm seconds: a message that was lost three times to a crash comes up in so many.
_MENDED_IN = 200


@dataclass(frozen=True, slots=True)
class DayPlan:
    """A day by its seed. `trades` is how many entries each account makes, `badness` how often things fail."""

    seed: str
    accounts: int = 12
    trades: int = 8
    badness: float = 1.0


@dataclass(slots=True)
class DayResult:
    """What came of a day. `orders` left for the exchange: orders and triggers, not changes of them."""

    orders: int = 0
    changes: int = 0
    entries: int = 0
    fills: int = 0
    seconds: int = 0
    findings: list[Finding] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    metrics: Counter[str] = field(default_factory=Counter)
    history: list[tuple[str, str]] = field(default_factory=list)


class ChaosDay:
    """Runs a plan on two empty stores."""

    def __init__(self, plan: DayPlan, store: StateStore, auth_store: StateStore) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)  # noqa: S311 - draws faults, guards nothing
        market = synthetic_market(self.chance.randrange(1 << 30), SESSION, history_days=1)
        self.accounts = [f"a{number:02d}" for number in range(plan.accounts)]
        self.users = {account: f"U{account.upper()}" for account in self.accounts}
        apps = [
            App(f"key-{account}", f"secret-{account}", user_id, postback_url=f"in-process:{account}")
            for account, user_id in self.users.items()
        ]
        # Early: the exchange plays its market from the open on. What a day has of its own is the seed.
        start = datetime.combine(SESSION, datetime.min.time(), IST) + timedelta(
            hours=9, minutes=self.chance.randint(17, 25)
        )
        self.exchange = InProcessExchange(
            ExchangeSettings(
                market=market,
                apps=tuple(apps),
                seed=self.chance.randrange(1 << 30),
                start=f"{start:%H:%M:%S}",
                cash=50_000_000.0,
            )
        )
        self.steps = Steps(random.Random(f"{plan.seed} steps"))  # noqa: S311
        self.steps.meanwhile = self._meanwhile
        self.clock = VirtualClock(_WALL, self.exchange.agenda.wall)
        self.history: list[tuple[str, str]] = []
        self.lines = {
            account: CountedLine(
                self.exchange, user_id, lambda text, account=account: self._tell(account, text)
            )
            for account, user_id in self.users.items()
        }
        self.polls = StandardQueue(self.steps, self.clock, self.chance, 60)
        self.around = Surroundings(
            self.exchange,
            self.steps,
            store,
            auth_store,
            self.clock,
            LaneQueue(self.steps, self.clock),
            StandardQueue(self.steps, self.clock, self.chance, 180),
            Tickets(self.steps, self.polls, self.chance),
            self.lines,
        )
        self.processes: dict[str, ChaosDesk] = {}
        self.naked = Naked(self.exchange.exchange)
        self.asked: dict[str, list[str]] = {}
        self.workflows: dict[str, tuple[str, str, datetime]] = {}
        self.workflow_steps: deque[tuple[str, str, str]] = deque()
        self.entries = 0
        self.held: list[Position] = []
        self.unmeant: list[Finding] = []
        self.since: dict[Finding, int] = {}
        self.stubborn: set[Finding] = set()

    @property
    def market_time(self) -> datetime:
        """What the exchange's clock shows."""
        return self.exchange.exchange.clock.now()

    def run(self) -> DayResult:
        """The whole day: entries while things fail, then calm until nothing moves, then the verdict."""
        begun = self.market_time
        self.open()
        for fault in storms(self.chance, self.plan.badness):
            self.exchange.fault(**fault)
        self.steps.mishaps = mishaps(self.chance, self.plan.badness)
        left = dict.fromkeys(self.accounts, self.plan.trades)
        while any(left.values()):
            self._second(left)
        for _ in range(60):
            self._second({})
        self._calm()
        return self._result((self.market_time - begun).seconds)

    def open(self) -> None:
        """Settings, accounts and their sessions, at a market that has opened."""
        self.exchange.advance(20)
        settings = Settings(
            mode="simulator",
            data_account=self.accounts[0],
            kite=KiteSettings(root=ADDRESS, timeout_seconds=2),
            entry_order_seconds=20,
        )
        document = {"document": settings.model_dump_json()}
        self.around.bare_store.write(Put(settings_key(), document))
        service = self._process("order_lane").accounts()
        for account, user_id in self.users.items():
            service.add(account, account, f"key-{account}", f"secret-{account}", user_id, "owner")
            service.complete_login(account, f"request-{account}")

    def _second(self, left: dict[str, int]) -> None:
        self.exchange.advance(1)
        self._look("a second")
        for account, trades in left.items():
            if trades and self.chance.random() < 0.02:
                left[account] -= 1
                self._enter(account)
        self.hear()
        self._guard()
        if left:
            self._person()
        self._workflow()
        for _ in range(12):
            if not self._deliver():
                break
        if self.market_time.timestamp() % _RECONCILED_EVERY == 0:
            self._call("reconciler", lambda desk: desk.reconciler().run(self.market_time))

    def _calm(self) -> None:
        """No more faults; until nothing moves for a minute, at most fifteen."""
        self.exchange.exchange.faults.clear()
        self.steps.mishaps = Mishaps()
        for second in range(_CALM_AT_MOST):
            self._second({})
            if second >= _CALM_AT_LEAST and second % 20 == 0 and self._is_calm(second):
                break

    def _is_calm(self, second: int) -> bool:
        """Whether nothing is on its way and nothing is wrong. What is wrong now may mend itself, but not as
        late as it likes."""
        found = self._judge()
        self.since = {finding: self.since.get(finding, second) for finding in found}
        self.stubborn |= {finding for finding, since in self.since.items() if second - since >= _MENDED_IN}
        waiting = self.around.lane.waiting or self.around.updates.waiting or self.workflows
        return not waiting and not found

    def _judge(self) -> list[Finding]:
        return judge(self.exchange.exchange, self.around.bare_store, self.users, self.lines, self.asked)

    def _enter(self, account: str) -> None:
        product = self.chance.choice(PRODUCTS)
        lines = traded_lines(list(self.exchange.exchange.floor.lines.values()), product)
        line = self.chance.choice(lines)
        if not line.bid or not line.ask:
            return
        self.entries += 1
        wanted = proposal(
            self.chance, account, self.entries, product, line, self.market_time, self.clock.now()
        )
        approve(self.around.bare_store, wanted)
        self._tell(account, f"wants {wanted.terms}")
        self.workflow_steps.append(("submit", account, wanted.order_id))

    def _workflow(self) -> None:
        """The state machine: what fails leads to Conclude, and nothing that sends is tried again."""
        now = self.clock.now()
        for token, (account, order_id, since) in list(self.workflows.items()):
            answer = self.around.tasks.answers.get(token)
            if answer is not None or now - since > timedelta(seconds=60):
                self.around.tasks.answers.setdefault(token, {"reason": "timed out"})
                del self.workflows[token]
                self.workflow_steps.append(("SUBMITTED" if answer else "FAILED", account, order_id))
        for _ in range(len(self.workflow_steps)):
            step, account, order_id = self.workflow_steps.popleft()
            if step == "submit":
                self._submit(account, order_id)
            else:
                self._call(
                    "order_workflow",
                    lambda desk, a=account, o=order_id, s=step: desk.order_flow().conclude(a, o, s),
                )

    def _submit(self, account: str, order_id: str) -> None:
        token = f"token-{account}-{order_id}"
        done = self._call("order_workflow", lambda desk: desk.order_flow().submit(account, order_id, token))
        if isinstance(done, dict) and "intent_id" in done:
            self.asked.setdefault(account, []).append(str(done["intent_id"]))
            self.workflows[token] = (account, order_id, self.clock.now())
        else:
            self.workflow_steps.append(("FAILED", account, order_id))

    def hear(self) -> None:
        """Frames and postbacks, as the line has left them."""
        accounts = {user_id: account for account, user_id in self.users.items()}
        for update in self.exchange.take_updates():
            frame = update.channel == "frames"
            account = accounts[update.target] if frame else update.target.removeprefix("in-process:")
            source = "frame" if frame else "postback"
            self.around.updates.put([{"account": account, "source": source, "order": dict(update.data)}])

    def _guard(self) -> None:
        """Every few seconds: the desk's own works on every batch of ticks, which would only take longer."""
        if self.market_time.timestamp() % _GUARD_EVERY:
            return
        self.held = load_index(self.around.bare_store, Position, OPEN_POSITIONS)
        tokens = {position.instrument_token for position in self.held}
        floor, now = self.exchange.exchange.floor, self.market_time
        records = [tick_record([floor.lines[token] for token in sorted(tokens)], now), marker_record(now)]
        self._call("guard", lambda desk: desk.guard().process(records))

    def _person(self) -> None:
        """Somebody wants out of a position, or has an account flattened that makes no entries any more."""
        if not self.held or self.chance.random() > 0.03 * len(self.held):
            return
        position = self.chance.choice(self.held)
        line = self.exchange.exchange.floor.lines[position.instrument_token]
        last, bid = Decimal(line.last) / 100, Decimal(line.bid) / 100 if line.bid else None
        self._tell(position.account, f"a person sells {position.position_id}")
        self._call(
            "person", lambda d: d.exits().begin(position, "PERSON", self.market_time, last, bid, "owner")
        )

    def _deliver(self) -> bool:
        """One message of one queue; False if there is none."""
        acts: list[Callable[[], None]] = [
            lambda group=group: self._lane(group) for group in self.around.lane.ready()
        ]
        self.chance.shuffle(acts)
        acts = acts[:3]
        if self.around.updates.waiting:
            acts += [self._update, self._update]
        if self.polls.waiting:
            acts.append(self._poll)
        if not acts:
            return False
        self.chance.choice(acts)()
        return True

    def _lane(self, group: str) -> None:
        message = self.around.lane.receive(group)
        account, intent_id = str(message.body["account"]), str(message.body["intent_id"])
        state = self._call("order_lane", lambda desk: desk.order_lane().process(message.body))
        self._tell(account, f"lane {intent_id}: {state}")
        if isinstance(state, str):
            again = self.plan.badness > 0 and message.receives == 1 and self.chance.random() < 0.05
            (self.around.lane.redeliver if again else self.around.lane.delete)(group)
        else:
            self.around.lane.give_up(group)

    def _update(self) -> None:
        message = self.around.updates.take()
        if message is None:
            return
        body = message.body
        result = self._call("order_updates", lambda desk: desk.order_updates().apply(body))
        order = body["order"]
        told = f"{body['source']} {order['order_id']} {order['status']} {order['filled_quantity']}"
        self._tell(str(body["account"]), f"{told}: {result}")
        if not isinstance(result, str):
            self.around.updates.failed(message)

    def _poll(self) -> None:
        message = self.polls.take()
        if message is None:
            return
        if "reconcile" in message.body:
            self._call("reconciler", lambda desk: desk.reconciler().ask(message.body["reconcile"]))
        else:
            self._call("polling", lambda desk: desk.polling().poll(message.body))

    def _meanwhile(self, function: str) -> None:
        """Between two steps of `function`: the same message once more, or something else."""
        act = self.chance.choice(("again",) * 8 + ("hear",) * 8 + ("guard",) * 4 + ("reconcile",))
        if act == "again" and function == "order_lane":
            self._same_message()
        elif act == "guard":
            self._guard()
        elif act == "reconcile":
            self._call("reconciler", lambda desk: desk.reconciler().run(self.market_time), fresh=True)
        else:
            self.hear()
            self._update()

    def _same_message(self) -> None:
        """A second lane is given what the first one is working on."""
        busy = [
            waiting[0].body for waiting in self.around.lane.groups.values() if waiting and waiting[0].receives
        ]
        if busy:
            body = self.chance.choice(busy)
            self._call("order_lane", lambda desk: desk.order_lane().process(body), fresh=True)

    def _process(self, function: str) -> ChaosDesk:
        if function not in self.processes:
            self.processes[function] = ChaosDesk(self.around)
        return self.processes[function]

    def _call(self, function: str, act: Callable[[ChaosDesk], object], *, fresh: bool = False) -> object:
        """One invocation: its result, or None where it failed or was killed."""
        desk = ChaosDesk(self.around) if fresh else self._process(function)
        try:
            with self.steps.invocation(function):
                return act(desk)
        except Killed:
            self.processes.pop(function, None)
            self._tell("", f"{function} was killed")
        except BadInput as error:
            self._tell("", f"{function} cannot read: {error}")
            return f"UNREADABLE: {error}"
        except (PatangError, ClientError) as error:
            self._tell("", f"{function} failed: {type(error).__name__}: {error}")
        except Exception as error:
            # AWS would call again, and so does the day; but nobody has meant this one.
            self.unmeant.append(Finding("unexplained", "", f"{function}: {type(error).__name__}: {error}"))
            self._tell("", f"{function} broke: {type(error).__name__}: {error}")
        finally:
            self._look(function)
        return None

    def _look(self, where: str) -> None:
        for user_id, key, product in self.naked.look():
            account = next(a for a, user in self.users.items() if user == user_id)
            self._tell(account, f"NAKED after {where}: {key} {product}")

    def _tell(self, account: str, text: str) -> None:
        self.history.append((account, f"{self.market_time:%H:%M:%S} {text}"))

    def _result(self, seconds: int) -> DayResult:
        exchange = self.exchange.exchange
        findings = sorted({*self._judge(), *self.stubborn}, key=str)
        accounts = {user_id: account for account, user_id in self.users.items()}
        findings += self.unmeant
        findings += [
            Finding("naked", accounts[key[0]], f"{key[1]} {key[2]} at {told}")
            for key, told in self.naked.found.items()
        ]
        return DayResult(
            orders=sum(line.orders.total() + line.triggers for line in self.lines.values()),
            changes=sum(line.changes for line in self.lines.values()),
            entries=self.entries,
            fills=exchange.broker.book.fills,
            seconds=seconds,
            findings=findings,
            faults=Counter(exchange.faults.fired) + self.steps.happened,
            points=self.steps.points,
            metrics=self.around.metrics.sums,
            history=self.history,
        )

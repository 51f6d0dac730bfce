"""One day of the campaign: a few accounts on one exchange, driven second by second of virtual time.

Everything is drawn from the day's seed, so that a day comes out the same each time. While people are busy
things fail; then it is calm, until nothing moves any more; then comes the verdict.
"""

from collections import Counter

from patang.ports import StateStore
from patang_workbench.chaos.functions import Functions
from patang_workbench.chaos.naked import Naked
from patang_workbench.chaos.people import People
from patang_workbench.chaos.plan import DayPlan, DayResult
from patang_workbench.chaos.room import Room
from patang_workbench.chaos.steps import Mishaps
from patang_workbench.chaos.verdict import Finding, judge
from patang_workbench.chaos.weather import mishaps, storms

__all__ = ["ChaosDay"]

# Market seconds between two looks of the guard and of the reconciler: the deployed guard looks at every batch
# of ticks, the deployed reconciler each minute. So more is left for the others to find out.
_GUARD_EVERY, _RECONCILED_EVERY = 10, 120
_MESSAGES_A_SECOND = 12
_AFTERMATH = 60
# Calm seconds: whatever is tried again has been by then.
_CALM_AT_LEAST, _CALM_AT_MOST = 100, 900
# A message that was lost three times to a crash comes up in so many calm seconds.
_MENDED_IN = 200


class ChaosDay:
    """Runs a plan on two empty stores."""

    def __init__(self, plan: DayPlan, store: StateStore, auth_store: StateStore) -> None:
        self.room = Room(plan, store, auth_store)
        self.naked = Naked(self.room.exchange)
        self.functions = Functions(self.room, self.naked)
        self.people = People(self.room, self.functions, self.naked)
        self._since: dict[Finding, int] = {}
        self._stubborn: set[Finding] = set()

    def run(self) -> DayResult:
        """The whole day."""
        room = self.room
        begun = room.market_time
        room.open()
        # The market's first tick: the desk knows the time before anybody can want anything.
        self.functions.guard()
        for fault in storms(room.chance, room.plan.badness):
            room.trading.fault(**fault)
        room.steps.mishaps = mishaps(room.chance, room.plan.badness)
        while self.people.busy:
            self.people.second()
            self._second()
        self.people.flatten()
        for _ in range(_AFTERMATH):
            self._second()
        self._calm()
        return self._result((room.market_time - begun).seconds)

    def _second(self) -> None:
        self.room.trading.advance(1)
        self.functions.look("a second")
        self.room.hear()
        second = int(self.room.market_time.timestamp())
        if second % _GUARD_EVERY == 0:
            self.functions.guard()
        self.people.workflows()
        self.people.requests.again()
        for _ in range(_MESSAGES_A_SECOND):
            if not self.functions.deliver():
                break
        if second % _RECONCILED_EVERY == 0:
            self.functions.reconcile()

    def _calm(self) -> None:
        """No more faults, until nothing moves."""
        self.room.exchange.faults.clear()
        self.room.steps.mishaps = Mishaps()
        for second in range(_CALM_AT_MOST):
            self._second()
            if second >= _CALM_AT_LEAST and second % 20 == 0 and self._is_calm(second):
                break

    def _is_calm(self, second: int) -> bool:
        """Whether nothing is on its way and nothing is wrong. What is wrong now may mend itself, but not as
        late as it likes."""
        found = self._judge()
        self._since = {finding: self._since.get(finding, second) for finding in found}
        self._stubborn |= {finding for finding, since in self._since.items() if second - since >= _MENDED_IN}
        around = self.room.around
        return not (around.lane.waiting or around.updates.waiting or self.people.waiting or found)

    def _judge(self) -> list[Finding]:
        room = self.room
        people, by_hand = self.people, self.naked.spared
        asked = {
            account: [*people.asked.get(account, ()), *people.requests.accepted.get(account, ())]
            for account in room.accounts
        }
        return judge(room.exchange, room.around.bare_store, room.users, room.lines, asked, by_hand)

    def _result(self, seconds: int) -> DayResult:
        room = self.room
        accounts = {user_id: account for account, user_id in room.users.items()}
        findings = sorted({*self._judge(), *self._stubborn}, key=str) + self.functions.unmeant
        findings += [
            Finding("naked", accounts[user_id], f"{key} {product} at {told}")
            for (user_id, key, product), told in self.naked.found.items()
        ]
        return DayResult(
            orders=sum(line.orders.total() + line.triggers for line in room.lines.values()),
            changes=sum(line.changes for line in room.lines.values()),
            entries=self.people.entries,
            by_hand=self.people.by_hand,
            requests=self.people.requests.counts,
            fills=room.exchange.broker.book.fills,
            seconds=seconds,
            findings=findings,
            faults=Counter(room.exchange.faults.fired) + room.steps.happened,
            points=room.steps.points,
            metrics=room.around.metrics.sums,
            history=room.history,
        )

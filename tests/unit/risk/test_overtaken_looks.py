"""A look at an account takes several trips to the table. Whatever is booked between any two of its reads, the
look has either seen all of it, or is of a state that nothing can be written against any more."""

from collections.abc import Callable, Sequence
from itertools import count

import pytest

from patang.ports import Attributes, Key
from patang.records import replace
from patang.risk.account_view import AccountView, view_account
from patang.risk.reservations import held
from tests.unit.execution.samples import equity_signal
from tests.unit.execution.stages import closing, submitted, tell
from tests.unit.execution.trading_desk import OneWriteAnItem, TradingDesk


class Overtaken(OneWriteAnItem):
    """Somebody comes in before one of the reads. A batch is no snapshot: each of its items is a read, first
    to last or, `backwards`, last to first."""

    def __init__(self, *, backwards: bool) -> None:
        super().__init__()
        self.backwards = backwards
        self.before = 0
        self.intruder: Callable[[], object] | None = None

    def intrude(self, before: int, intruder: Callable[[], object]) -> None:
        self.before, self.intruder = before, intruder

    def get(self, key: Key) -> Attributes | None:
        self._step()
        return super().get(key)

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        found = {key: self.get(key) for key in (reversed(keys) if self.backwards else keys)}
        return [found[key] for key in keys]

    def _step(self) -> None:
        intruder = self.intruder
        if intruder is None:
            return
        if self.before == 0:
            self.intruder = None
            intruder()
        self.before -= 1


def an_exit_fills(desk: TradingDesk) -> None:
    _, intent = closing(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.prices = {"INFY": 1489.0}
    desk.exchange.match()


def an_entry_fills(desk: TradingDesk) -> None:
    intent = submitted(desk, equity_signal())
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.match()


def look(desk: TradingDesk) -> AccountView:
    return view_account(desk.store, "main", desk.market_time, desk.clock.now(), desk.settings)


def told(view: AccountView) -> dict[str, object]:
    return {
        "positions": {position.position_id: position.state for position in view.positions},
        "reserved": held(view.state).exposure,
        "exposure": view.exposure(),
        "holdings": view.holdings,
        "day": view.day.realised_pnl,
    }


@pytest.mark.parametrize("booked", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("before_a_fill", [an_exit_fills, an_entry_fills])
def test_a_look_that_can_be_acted_on_has_seen_the_whole_fill(
    before_a_fill: Callable[[TradingDesk], None], backwards: bool, booked: bool
) -> None:
    """`booked`: the state names the open positions already, so that they are read by their keys."""
    outcomes = []
    for reads in count():
        store = Overtaken(backwards=backwards)
        desk = TradingDesk(store=store)
        before_a_fill(desk)
        if booked:
            desk.store.write(replace(look(desk).state))
        before = told(look(desk))
        store.intrude(reads, lambda desk=desk: tell(desk))
        seen = look(desk)
        if store.intruder is not None:
            break
        after = look(desk)
        assert told(after) != before
        acts_on_it = seen.state.revision == after.state.revision
        outcomes.append(acts_on_it)
        if acts_on_it:
            assert told(seen) == told(after), f"overtaken before read {reads}"
    assert True in outcomes
    assert False in outcomes

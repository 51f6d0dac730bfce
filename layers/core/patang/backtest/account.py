"""An account in a backtest: what the desk's own functions make of signals, fills and results, in their order.

Nothing here decides. Gates, size, expected profit, reservations, cool-downs and the breaker are asked as
the desk asks them, on a state that changes by the desk's own arithmetic; only where the desk reads and
writes its tables, this keeps objects.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from operator import is_

import numpy as np
from numpy.typing import NDArray

from patang.approvals.proposal import Proposal
from patang.backtest.deal import Deal, Event
from patang.backtest.limit_room import room_before_a_limit
from patang.backtest.opening import Declined, Opening
from patang.backtest.trade import DayResult, Trade
from patang.errors import StopTrading
from patang.execution.checks import check_account, check_hours
from patang.market.cycle import run_id_of
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.day_result import after_close
from patang.portfolio.position import Position
from patang.portfolio.position_book import PositionBook
from patang.risk.account_view import AccountView, view_of
from patang.risk.breaker import BREAKER, breach
from patang.risk.proposing import Choice, choose
from patang.risk.reservations import DERIVATIVES, keep_rest, release
from patang.risk.slippage import Slippage
from patang.risk.stops import opened_breaker, over_with_its_day, stopped
from patang.settings import Settings
from patang.strategies.aggregator import aggregate
from patang.strategies.direction import Direction, directions_of, opposes
from patang.strategies.signal import Signal

__all__ = ["Account"]

_NAME = "backtest"
# An estimate in floats this near to a limit is put to the breaker itself.
_NEARLY = 0.97
_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


class Account:
    """Moments come in their order: `advance` to one, then `cycle` on it.

    `order` makes the deal of a proposal; `closes` are the ends of all minutes, epoch seconds. `opening` is
    how the account stands before the first of them, `said` why its owner lets a proposal go, None if he does
    not.
    """

    def __init__(
        self,
        settings: Settings,
        slippage: Slippage,
        order: Callable[[Proposal], Deal],
        closes: NDArray[np.int64],
        opening: Opening,
        said: Callable[[Proposal], Declined | None],
    ) -> None:
        self.refusals: Counter[str] = Counter()
        self.trades: list[Trade] = []
        self.proposed = 0
        self._settings = settings
        self._slippage = slippage
        self._order = order
        self._closes = closes
        self._deals: list[Deal] = []
        self._waiting: list[Deal] = []
        self._declined: dict[str, datetime] = {}
        self._said = said
        self._state = RiskState(
            account=_NAME,
            results_mode=settings.mode,
            book=PositionBook(),
            realised_total=opening.realised,
            peak_realised=opening.peak,
            last_option_entry=opening.last_option_entry,
        )
        self._day = AccountDay(account=_NAME, day=date.min)
        self._directions: dict[str, Direction] = {}
        self._now = 0
        self._certain: list[tuple[str, int]] = []  # underlyings, and until when each is held
        # The last look at the account, and what it was a look at.
        self._looked: tuple[datetime, tuple[object, ...], AccountView] | None = None

    def advance(self, until: datetime) -> None:
        """Let everything happen that has happened by the close of bars at `until`."""
        end = int(until.timestamp())
        while True:
            event = self._next(end)
            sent = self._next_sent(end if event is None else event[0].at)
            if sent is not None:
                self._watch(int(sent.sent.timestamp()))
                self._send(sent)
            elif event is not None:
                happened, deal = event
                self._watch(happened.at - 1)
                self._take(deal, happened)
            else:
                break
        self._watch(end)
        for order_id in [name for name, kept in self._declined.items() if kept <= until]:
            del self._declined[order_id]
            self._state = release(self._state, order_id)
        self._certain = [(deal.signal.underlying, deal.held_until) for deal in self._deals]

    def cycle(self, as_of: datetime, signals: Sequence[Signal]) -> None:
        """The account's answer to a cycle's signals: one proposal after the other."""
        self._work_breaker(as_of)
        wanted, left_out = aggregate(signal for signal in signals if not signal.refused)
        self.refusals.update(refusal.gate for refusal in left_out.values())
        left = {signal.signal_id: signal for signal in wanted}
        try:
            while left:
                choice, refused = choose(
                    self._view(as_of),
                    _NAME,
                    run_id_of(as_of),
                    list(left.values()),
                    self._settings,
                    self._slippage,
                    as_of,
                )
                if choice is None:
                    self.refusals.update(decision.outcome for decision in refused.values())
                    break
                self.proposed += 1
                declined = self._said(choice.proposal)
                if declined is None:
                    self._state = choice.state
                    self._waiting.append(self._order(choice.proposal))
                else:
                    self._decline(choice, declined, as_of)
                del left[choice.proposal.signal.signal_id]
        except StopTrading:
            self.refusals["STOP_TRADING"] += 1
        for direction in directions_of(signals):
            self._directions[direction.underlying] = direction

    def _decline(self, choice: Choice, declined: Declined, as_of: datetime) -> None:
        self.refusals[declined.reason] += 1
        if declined.until > as_of:
            self._state = choice.state
            self._declined[choice.proposal.order_id] = declined.until

    def has_no_room(self, as_of: int, underlyings: frozenset[str] | None) -> bool:
        """Whether it is certain that at this moment nothing on these underlyings (None: on any) could be
        bought: they are all held, or as many positions as there may be are."""
        held = {underlying for underlying, until in self._certain if until > as_of}
        if len(held) >= self._settings.risk.max_concurrent_positions:
            return True
        return underlyings is not None and underlyings <= held

    def day_result(self, day: date, close: datetime) -> DayResult:
        """How the account stands at the end of a session, once it has advanced to its close."""
        view, capital = self._view(close), self._settings.capital.starting_capital_inr
        realised = self._state.realised_total
        return DayResult(
            day=day,
            equity=capital + realised + view.unrealised,
            realised=realised,
            open_positions=len(view.positions),
        )

    def end(self, at: datetime) -> None:
        """The history is over: what is still held is sold at what it is worth."""
        for deal in [*self._waiting, *self._deals]:
            before = deal.position
            deal.end(at)
            self._book(deal, before)
        self._deals = self._waiting = []

    def _next(self, end: int) -> tuple[Event, Deal] | None:
        """The next event of any deal; of several at once that of the older deal."""
        found: tuple[Event, Deal] | None = None
        for deal in self._deals:
            event = deal.next_event(end, self._opposed(deal))
            if event is not None and (found is None or event.at < found[0].at):
                found = event, deal
        return found

    def _next_sent(self, end: int) -> Deal | None:
        """The first order that leaves before `end`; at that moment itself what happens goes first."""
        first = min(self._waiting, key=lambda deal: deal.sent, default=None)
        return first if first is not None and int(first.sent.timestamp()) < end else None

    def _send(self, deal: Deal) -> None:
        """An order whose time has come is looked at once more, as after the owner's yes, and sent."""
        self._waiting.remove(deal)
        self._deals.append(deal)
        at, proposal = deal.sent, deal.proposal
        reason = None
        if at > proposal.as_of:
            reason = check_hours(proposal, at, self._settings) or deal.drifted()
            reason = reason or check_account(self._view(at), proposal, at, self._settings)
        if reason is not None:
            self.refusals[reason.partition(":")[0]] += 1
            deal.drop()
            self._state = release(self._state, proposal.order_id)
            self._forget(deal)

    def _take(self, deal: Deal, event: Event) -> None:
        before, position = deal.intent, deal.position
        deal.take(event)
        after = deal.intent
        if after is not before:
            self._state = keep_rest(self._state, deal.proposal, before, after)
        entered = deal.position
        if entered is not None and after.filled_quantity > before.filled_quantity:
            if entered.exchange in DERIVATIVES:
                self._state = self._state.evolve(last_option_entry=entered.entry_time)
            self._state = self._state.with_position(entered)
        self._book(deal, position)
        self._forget(deal)

    def _book(self, deal: Deal, before: Position | None) -> None:
        """A closed position's result, into the day and the standing state."""
        closed = deal.position
        if closed is None or closed.state != "CLOSED" or closed.exit_time is None or deal.trade is None:
            return
        day = closed.exit_time.astimezone(IST).date()
        # What it was worth when the day began is asked of what was carried into it alone.
        carried = closed.entry_time.astimezone(IST).date() < day
        mark = deal.mark(closed.exit_time) if carried else None
        before = before or closed.evolve(realised_pnl=None)
        result, pnl = after_close(self._of(day), before, closed, mark, day)
        self._day = result
        self._state = self._state.with_result(closed, pnl)
        self.trades.append(deal.trade)

    def _forget(self, deal: Deal) -> None:
        if deal.is_over and deal in self._deals:
            self._deals.remove(deal)

    def _of(self, day: date) -> AccountDay:
        return self._day if self._day.day == day else AccountDay(account=_NAME, day=day)

    def _view(self, as_of: datetime) -> AccountView:
        day = as_of.astimezone(IST).date()
        held = [deal for deal in self._deals if deal.position is not None]
        positions = tuple(deal.position for deal in held if deal.position is not None)
        seen = (self._state, self._day, *positions)
        if self._looked is not None and self._looked[0] == as_of:
            _, before, known = self._looked
            if len(before) == len(seen) and all(map(is_, before, seen)):
                return known
        marks = {p.position_id: deal.mark(as_of) for p, deal in zip(positions, held, strict=True)}
        view = view_of(self._state, self._of(day), positions, marks, as_of, self._settings)
        # Who tests what he may keep overnight has given his consent.
        view = replace(view, demat_consent=True)
        self._looked = as_of, seen, view
        return view

    def _opposed(self, deal: Deal) -> Callable[[datetime], bool] | None:
        position = deal.position
        if position is None or not self._settings.exits.signal_reversal:
            return None
        direction = self._directions.get(position.underlying)
        return lambda moment: opposes(direction, position, moment, self._settings)

    def _work_breaker(self, as_of: datetime) -> None:
        """As Halts.work_breaker: closes it where its day has ended, opens it where a limit is reached."""
        day = as_of.astimezone(IST).date()
        changes = over_with_its_day(self._state, day)
        if changes is not None:
            self._state = self._state.evolve(**changes)
        found = breach(self._view(as_of), self._settings)
        if found is not None:
            stop = stopped(self._state, found.refusal.text, BREAKER, day, opened_breaker(found))
            self._state = self._state.evolve(**(stop or {}))

    def _watch(self, until: int) -> None:
        """The breaker's look at each minute up to `until`: a limit that was passed and is not any more has
        been passed. Floats find the minutes at which it could be."""
        begin, self._now = self._now, max(self._now, until)
        held = [deal for deal in self._deals if deal.position is not None]
        if not held or until <= begin:
            return
        first, last = np.searchsorted(self._closes, (begin, until), side="right").tolist()
        minutes = self._closes[first:last]
        while len(minutes):
            midnight = int(minutes[0]) + _DAY - (int(minutes[0]) + _IST_AHEAD) % _DAY
            today = int(np.searchsorted(minutes, midnight))
            self._watch_day(minutes[:today], held)
            minutes = minutes[today:]

    def _watch_day(self, minutes: NDArray[np.int64], held: list[Deal]) -> None:
        first = int(minutes[0])
        day = self._of(datetime.fromtimestamp(first, IST).date())
        positions = [deal.position for deal in held if deal.position is not None]
        room = room_before_a_limit(self._state, day, positions, self._settings)
        fallen = sum(deal.base_at(first) - deal.worth_at(minutes) for deal in held)
        for minute in minutes[fallen >= _NEARLY * room].tolist():
            self._work_breaker(datetime.fromtimestamp(minute, IST))

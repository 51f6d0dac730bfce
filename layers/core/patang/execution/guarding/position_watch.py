"""One open position after the other: its marks, its trailing stop, and whether it has to go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from patang.execution.guarding.carried import day_before, has_opened, is_carried_share, kept_before
from patang.execution.guarding.price_breaks import PriceBreaks, may_be_met
from patang.execution.leaving.exits import Exits
from patang.execution.protection.rules import is_of_an_earlier_day
from patang.keys import direction_key, mark_key
from patang.market.sessions import IST
from patang.portfolio.position import Mark, Position, PriceBreak
from patang.portfolio.rebasing import is_broken
from patang.ports import Metrics, Put, StateStore
from patang.records import load
from patang.settings import Settings
from patang.strategies.direction import Direction, opposes
from patang.strategies.exits import (
    STAY,
    ExitDecision,
    Outlook,
    Trail,
    decide_exit,
    due,
    exit_conditions,
)
from patang.strategies.registry import strategy_named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["PositionWatch", "Seen"]

_MARK_EVERY = timedelta(seconds=5)
_DIRECTIONS_EVERY = timedelta(seconds=5)
# Market time that what rests at the broker gets to sell before we do: its trigger was reached there first.
_BROKER_FIRST = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Seen:
    """The last tick of an instrument; prices in rupees, `time` market time, no bid where none was sent, no
    close of the day before where the tick does not tell it."""

    price: Decimal
    bid: Decimal | None
    time: datetime
    previous_close: Decimal | None = None


class PositionWatch:
    """Decides on each tick. What it remembers between batches can be read again: marks are stored."""

    def __init__(
        self,
        store: StateStore,
        exits: Exits,
        breaks: PriceBreaks,
        settings: Callable[[], Settings],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._exits = exits
        self._breaks = breaks
        self._settings = settings
        self._metrics = metrics
        self._seen: dict[int, Seen] = {}
        self._marks: dict[tuple[str, PriceBreak | None], Mark | None] = {}
        self._directions: dict[str, tuple[datetime, Direction | None]] = {}
        self._reached: dict[str, datetime] = {}

    def keep(self, positions: list[Position]) -> None:
        """Forgets what is no longer open."""
        held = {_name(position) for position in positions}
        self._marks = {name: mark for name, mark in self._marks.items() if name in held}
        ids = {position.position_id for position in positions}
        self._reached = {name: at for name, at in self._reached.items() if name in ids}

    def on_ticks(self, position: Position, ticks: "NDArray[np.void]", as_of: datetime) -> bool:
        """Takes the instrument's ticks of a batch in order; True once an exit has begun."""
        settings, trail = self._settings(), self._trail_of(position)
        known = trail
        for tick in ticks:
            if tick["last_price"] <= 0:
                continue
            seen = self._seen[position.instrument_token] = _seen(tick, as_of)
            # A batch that comes again may hold prices from before the position.
            if seen.time < position.entry_time:
                continue
            met = self._meet_break(position, seen, settings)
            if met is not position:
                position, trail = met, self._trail_of(met)
                known = trail
            if self._leave(position, seen, seen.time, settings, trail):
                return True
            if _has_levels(position, seen.time, settings):
                trail = trail.after(seen.price, exit_conditions(position, settings).trailing_stop_pct)
        last = self._seen.get(position.instrument_token)
        if last is not None:
            self._mark(position, last, trail, raised=trail.stop is not None and trail != known)
        return False

    def on_time(self, position: Position, as_of: datetime) -> bool:
        """Market time has passed without a tick of it, perhaps; True if an exit has begun."""
        settings = self._settings()
        opposed = self._opposed(position, as_of, settings)
        if due(exit_conditions(position, settings), as_of, opposed=opposed) is None:
            return False
        return self._leave(position, self.last_of(position), as_of, settings, self._trail_of(position))

    def last_of(self, position: Position) -> Seen:
        """The last price known: a tick's, else the mark, else what was paid."""
        seen = self._seen.get(position.instrument_token)
        if seen is not None and seen.time >= position.entry_time:
            return seen
        mark = self._mark_of(position)
        if mark is not None:
            return Seen(mark.last_price, None, mark.as_of, mark.previous_close)
        return Seen(position.entry_price, None, position.entry_time)

    def _leave(
        self, position: Position, seen: Seen, as_of: datetime, settings: Settings, trail: Trail
    ) -> bool:
        if position.state != "OPEN":
            return False
        if position.exit_blocked_until is not None and as_of < position.exit_blocked_until:
            return False
        outlook = Outlook(
            as_of=as_of,
            last_price=seen.price,
            bid=seen.bid,
            trailing_stop=trail.stop,
            by_price=_has_levels(position, as_of, settings),
            opposed=self._opposed(position, as_of, settings),
        )
        decision = self._decide(position, outlook, settings)
        if decision.should_exit:
            current = self._as_it_is(position)
            decision = decision if current is position else self._decide(current, outlook, settings)
        if decision.reason is None or self._is_the_brokers(position, seen, as_of):
            return False
        begun = self._exits.begin(
            position, decision.reason, as_of, seen.price, seen.bid, exit_price=decision.exit_price
        )
        if begun:
            self._metrics.count("exits_begun", reason=decision.reason, position_id=position.position_id)
        return begun

    def _as_it_is(self, position: Position) -> Position:
        """The position itself where a person has set other levels since it was listed."""
        current = load(self._store, Position, position.key())
        if current is None or _levels(current) == _levels(position):
            return position
        return current

    def _is_the_brokers(self, position: Position, seen: Seen, as_of: datetime) -> bool:
        """Whether what rests at the broker has just been reached, and is given its time."""
        if not _is_reached(position, seen.price, as_of):
            self._reached.pop(position.position_id, None)
            return False
        since = self._reached.setdefault(position.position_id, as_of)
        return as_of < since + _BROKER_FIRST

    def _decide(self, position: Position, outlook: Outlook, settings: Settings) -> ExitDecision:
        """What holds for every position, then what its strategy adds: it may leave sooner, never later."""
        decision = decide_exit(position, exit_conditions(position, settings), outlook)
        if decision.should_exit:
            return decision
        try:
            return strategy_named(position.strategy).get_exit_conditions(position, outlook, settings)
        except Exception as error:
            # Whatever is wrong with a strategy's file, the conditions above still hold.
            self._metrics.count(
                "strategy_exit_failed", strategy=position.strategy, error=type(error).__name__
            )
            return STAY

    def _meet_break(self, position: Position, seen: Seen, settings: Settings) -> Position:
        """The position, changed if its share was restated overnight."""
        day = seen.time.astimezone(IST).date()
        told, broken = seen.previous_close, position.price_break
        if not is_carried_share(position, day) or told is None or not may_be_met(position):
            return position
        if (broken is not None and broken.day >= day) or not has_opened(seen.time, settings.sessions):
            return position
        kept = kept_before(self._mark_of(position), day)
        if kept is None:
            return position
        price, kept_on = kept
        if not is_broken(price, told, day_before=kept_on == day_before(day, settings.sessions)):
            return position
        return self._breaks.meet(position, price, told, seen.time)

    def _opposed(self, position: Position, as_of: datetime, settings: Settings) -> bool:
        if not settings.exits.signal_reversal:
            return False
        asked, direction = self._directions.get(position.underlying, (None, None))
        if asked is None or not timedelta(0) <= as_of - asked < _DIRECTIONS_EVERY:
            direction = load(self._store, Direction, direction_key(position.underlying))
            self._directions[position.underlying] = as_of, direction
        return opposes(direction, position, as_of, settings)

    def _mark_of(self, position: Position) -> Mark | None:
        name = _name(position)
        if name not in self._marks:
            self._marks[name] = load(self._store, Mark, mark_key(position.position_id))
        return self._marks[name]

    def _trail_of(self, position: Position) -> Trail:
        mark = self._mark_of(position)
        if mark is None:
            return Trail(position.entry_price)
        return Trail(mark.high_price or position.entry_price, mark.trailing_stop)

    def _mark(self, position: Position, seen: Seen, trail: Trail, *, raised: bool) -> None:
        """Every five seconds of market time; at once where the trailing stop has risen, which outlives us."""
        before = self._mark_of(position)
        if before is not None and seen.time < before.as_of + _MARK_EVERY and not raised:
            return
        kept = kept_before(before, seen.time.astimezone(IST).date())
        gross = (seen.price - position.entry_price) * position.open_quantity
        unrealised = gross - position.entry_charges
        if position.price_exits_suspended and before is not None:
            # Price and count are not of the same shares.
            unrealised = before.unrealised_pnl
        mark = Mark(
            position_id=position.position_id,
            account=position.account,
            as_of=seen.time,
            last_price=seen.price,
            bid=seen.bid,
            previous_close=seen.previous_close,
            unrealised_pnl=unrealised,
            high_price=trail.high,
            trailing_stop=trail.stop,
            earlier_price=None if kept is None else kept[0],
            earlier_day=None if kept is None else kept[1],
        )
        # A view, not a state: the last writer is the newest.
        self._store.write(Put(mark.key(), mark.model_dump(mode="json", exclude_none=True)))
        self._marks[_name(position)] = mark


def _name(position: Position) -> tuple[str, PriceBreak | None]:
    """What a mark is remembered by: after a break it is read again, for others may have adjusted it."""
    return position.position_id, position.price_break


def _has_levels(position: Position, as_of: datetime, settings: Settings) -> bool:
    """Whether prices may sell it: a carried share waits for the open, when it is known to be the same one."""
    if position.price_exits_suspended:
        return False
    carried = is_carried_share(position, as_of.astimezone(IST).date())
    return not carried or has_opened(as_of, settings.sessions)


def _levels(position: Position) -> tuple[Decimal, Decimal]:
    return position.stop_loss_price, position.target_price


def _is_reached(position: Position, price: Decimal, as_of: datetime) -> bool:
    """Whether a trigger that rests at the broker for the position sells at this price."""
    resting = position.protection
    if resting is None or resting.state != "RESTING" or is_of_an_earlier_day(resting, as_of):
        return False
    above = resting.target_price is not None and price >= resting.target_price
    return price <= resting.trigger_price or above


def _seen(tick: "np.void", as_of: datetime) -> Seen:
    bid, close = _price(tick["bid"]), _price(tick["close"])
    seconds = int(tick["exchange_time"])
    time = datetime.fromtimestamp(seconds, IST) if seconds > 0 else as_of
    return Seen(_price(tick["last_price"]), bid if bid > 0 else None, time, close if close > 0 else None)


def _price(value: "np.float64") -> Decimal:
    return Decimal(str(round(float(value), 4)))

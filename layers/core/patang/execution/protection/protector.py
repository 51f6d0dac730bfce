"""Keeping every open position protected at the broker, and every closing one on its way to be sold.

One step at a time: each looks at what is stored, decides, and writes what it asks of the lane together with
the position. Repeating it is harmless, so it is called right after whatever may have changed a position
(a fill, a change that was done or refused) and again by sweeps, for those who died in between.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from patang.errors import StopTrading
from patang.execution.amendments import enqueue
from patang.execution.following.consequences import position_id_of
from patang.execution.intent import OrderIntent
from patang.execution.journal import DESK, journal
from patang.execution.leaving.closing import Step, continued
from patang.execution.leaving.exits import Exits
from patang.execution.protection.intents import ExitWish
from patang.execution.protection.laying import lifted, protected
from patang.keys import intent_key, mark_key, position_key, risk_key
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST, Segment, session_on
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import Mark, Position
from patang.ports import Clock, IntentQueue, Metrics, StateStore, Write, WriteConflict
from patang.records import change, load
from patang.settings import Settings

__all__ = ["FLATTEN", "PERSONS_EXITS", "Protector"]

# Exits that no price and no hour would begin again: they are, until nothing is left.
FLATTEN: Final = "FLATTEN"
PERSONS_EXITS: Final = frozenset({FLATTEN, "PERSON"})

# How long a position may be without confirmed protection, market time and wall time, before it alarms.
_UNPROTECTED = timedelta(seconds=30)


class Protector:
    """Takes the next step of a position's protection or sale. Remembers only since when, by the wall's clock,
    it has found which position bare."""

    def __init__(
        self,
        store: StateStore,
        queue: IntentQueue,
        exits: Exits,
        settings: Callable[[], Settings],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._queue = queue
        self._exits = exits
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._bare: dict[str, datetime] = {}

    def keep(self, account: str, position_id: str, as_of: datetime) -> None:
        """The next step of one position, if there is one to take. `as_of` is market time.

        Raises WriteConflict if the position would not hold still.
        """
        position = load(self._store, Position, position_key(account, position_id))
        if position is None or position.mode != self._settings().mode:
            return
        reason = self._standing_wish(position, as_of)
        if reason is not None:
            mark = self._mark(position)
            price, bid = (mark.last_price, mark.bid) if mark else (position.entry_price, None)
            self._exits.begin(position, reason, as_of, price, bid, position.exit_wanted_by or DESK)
            return
        if position.state == "CLOSING":
            self._exits.stop_buying(position, as_of)
        step = change(self._store, lambda: self._decide(account, position_id, as_of))
        for asked in step.asked if step is not None else ():
            enqueue(self._queue, asked)
            self._metrics.count("protection_steps", kind=asked.kind)

    def follow(self, intent: OrderIntent, as_of: datetime) -> None:
        """The next step of the position that this intent has just changed, if it is about one.

        What others keep from being written now is left to the sweeps.
        """
        position_id = position_id_of(intent) if intent.kind == "ENTRY" else intent.position_id
        if position_id is not None:
            self._keep_if_still(intent.account, position_id, as_of)

    def _keep_if_still(self, account: str, position_id: str, as_of: datetime) -> None:
        try:
            self.keep(account, position_id, as_of)
        except WriteConflict:
            self._metrics.count("protection_postponed", position_id=position_id)

    def sweep(self, positions: Iterable[Position], as_of: datetime) -> int:
        """The next step of each; how many are open without protection, of all they hold, that the broker has
        confirmed.

        One that stays so alarms.
        """
        mode = self._settings().mode
        held = [p for p in positions if p.mode == mode]
        for position in held:
            self._keep_if_still(position.account, position.position_id, as_of)
        bare = [p for p in held if self._is_bare(p, as_of)]
        now = self._clock.now()
        self._bare = {p.position_id: self._bare.get(p.position_id, now) for p in bare}
        for position in bare:
            since = position.entry_time if position.protection is None else position.protection.since
            seen = self._bare[position.position_id]
            if as_of - since >= _UNPROTECTED and now - seen >= _UNPROTECTED:
                self._metrics.alarm(
                    "unprotected_position", account=position.account, position_id=position.position_id
                )
        return len(bare)

    def _standing_wish(self, position: Position, as_of: datetime) -> str | None:
        """Why an open position has to be sold whatever it costs: its account was flattened, or a person's
        exit has not sold it yet. Where nothing is left of it, its protection has to go instead."""
        if position.state != "OPEN" or position.open_quantity <= 0:
            return None
        if position.exit_blocked_until is not None and as_of < position.exit_blocked_until:
            return None
        if position.exit_reason in PERSONS_EXITS:
            return position.exit_reason
        risk = load(self._store, RiskState, risk_key(position.account))
        return FLATTEN if risk is not None and risk.flattening else None

    def _decide(self, account: str, position_id: str, as_of: datetime) -> tuple[Step | None, Sequence[Write]]:
        position = load(self._store, Position, position_key(account, position_id))
        if position is None:
            return None, ()
        laid = self._laid(position)
        step = self._step(position, laid, as_of)
        if step is None:
            return None, ()
        return step, (*step.writes(), *self._told(step, as_of))

    def _step(self, position: Position, laid: OrderIntent | None, as_of: datetime) -> Step | None:
        now = self._clock.now()
        if position.state == "CLOSING":
            selling = self._intent(position.account, position.exit_intent_id)
            return continued(position, laid, selling, self._wish(position, laid), as_of, now)
        if position.state == "CLOSED" or position.price_exits_suspended or position.open_quantity <= 0:
            return lifted(position, laid, as_of, now)
        if not _is_open(position, as_of, self._settings().sessions):
            return None
        return protected(position, laid, self._mark(position), as_of, now)

    def _wish(self, position: Position, laid: OrderIntent | None) -> ExitWish:
        """The exit that was wanted, at what is known now."""
        mark, reason = self._mark(position), position.exit_reason or "STOP"
        actor = position.exit_wanted_by or DESK
        if mark is not None:
            return ExitWish(reason, mark.last_price, mark.bid, actor)
        if laid is not None and laid.expected_price is not None:
            return ExitWish(reason, laid.expected_price, laid.bid, actor)
        return ExitWish(reason, position.entry_price, None, actor)

    def _is_bare(self, position: Position, as_of: datetime) -> bool:
        if position.state != "OPEN" or position.price_exits_suspended or not position.open_quantity:
            return False
        if not _is_open(position, as_of, self._settings().sessions):
            return False
        current = load(self._store, Position, position.key())
        if current is None or current.state != "OPEN":
            return False
        rests = current.protection
        return rests is None or rests.state != "RESTING" or rests.quantity < current.open_quantity

    def _told(self, step: Step, as_of: datetime) -> Sequence[Write]:
        position, now = step.position, self._clock.now()
        return [
            journal(
                asked.account,
                f"{asked.kind}_WANTED",
                asked.intent_id,
                as_of,
                now,
                intent_id=asked.intent_id,
                position_id=position.position_id,
                symbol=position.symbol,
                quantity=asked.terms.quantity,
                trigger_price=asked.gtt.triggers[0] if asked.gtt else asked.terms.trigger_price,
                limit_price=asked.terms.price,
                target_price=asked.gtt.triggers[-1] if asked.gtt else None,
                reason=asked.reason,
            )
            for asked in step.asked
        ]

    def _laid(self, position: Position) -> OrderIntent | None:
        resting = position.protection
        return None if resting is None else self._intent(position.account, resting.intent_id)

    def _intent(self, account: str, intent_id: str | None) -> OrderIntent | None:
        return None if intent_id is None else load(self._store, OrderIntent, intent_key(account, intent_id))

    def _mark(self, position: Position) -> Mark | None:
        return load(self._store, Mark, mark_key(position.position_id))


def _is_open(position: Position, as_of: datetime, sessions: tuple[SessionOverride, ...]) -> bool:
    """Whether stops are taken now: not before the open, and not in a closing auction.

    A day whose hours nobody knows is taken for open: the broker may still say no.
    """
    segment: Segment = "derivatives" if position.expiry is not None else "cash_with_auction"
    try:
        session = session_on(as_of.astimezone(IST).date(), segment, sessions)
    except StopTrading:
        return True
    return session is not None and session.holds(as_of)

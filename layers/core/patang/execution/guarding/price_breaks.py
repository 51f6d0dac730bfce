"""Corporate actions on what is held: adjusted where the ratio is known, else no price sells it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from patang.errors import BadInput
from patang.execution.following.consequences import Notice, tell
from patang.execution.intent import OrderIntent
from patang.execution.journal import DESK, journal
from patang.keys import intent_key, mark_key, position_key
from patang.market.sessions import IST
from patang.portfolio.position import Mark, Position, PriceBreak
from patang.portfolio.rebasing import Ratio, rebased, rebased_mark, simple_ratio
from patang.ports import Clock, Metrics, Notifier, Put, StateStore, Write
from patang.records import change, load, replace

__all__ = ["PriceBreaks", "adjust_position", "may_be_met"]


class PriceBreaks:
    """Meets what the ticks tell, once a position and day, and calls the owner."""

    def __init__(self, store: StateStore, clock: Clock, notifier: Notifier, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def meet(self, position: Position, kept: Decimal, told: Decimal, as_of: datetime) -> Position:
        """The position as it stands after the break; the caller's own may be from before it.

        `kept` is our price of the session before, `told` the close that the ticks now give for it, rupees.
        """
        found = PriceBreak(day=as_of.astimezone(IST).date(), kept=kept, told=told)
        changed, is_news = change(self._store, lambda: self._met(position, found, as_of))
        if is_news:
            notice = Notice("Corporate action suspected", _sentence(changed, found), "price_break")
            tell(self._notifier, self._metrics, [notice])
        return changed

    def _met(
        self, position: Position, found: PriceBreak, as_of: datetime
    ) -> tuple[tuple[Position, bool], Sequence[Write]]:
        current = load(self._store, Position, position_key(position.account, position.position_id))
        if current is None or not may_be_met(current) or _has_sold(self._store, current):
            return (current or position, False), ()
        if current.price_break is not None and current.price_break.day >= found.day:
            return (current, False), ()
        if current.state == "CLOSING":
            # What its trigger sells was meant for a price of before; it is cancelled by the Protector.
            current = current.evolve(state="OPEN", exit_intent_id=None, exit_reason=None)
        ratio, now = simple_ratio(found.kept, found.told), self._clock.now()
        if ratio is not None and not current.price_exits_suspended:
            changed, writes = _adjusted(self._store, current, found, ratio, as_of, now, DESK)
            return (changed, True), writes
        suspended = current.evolve(price_break=found)
        event = _event(suspended, found, "PRICE_EXITS_SUSPENDED", as_of, now, DESK)
        return (_written(suspended), True), (replace(suspended), event)


def may_be_met(position: Position) -> bool:
    """Whether a break of its price matters to it: it is open, or is being sold by a trigger that met the
    restated price before we did."""
    if position.state == "OPEN":
        return True
    laid = position.protection
    by_trigger = laid is not None and laid.gtt_id is not None and laid.intent_id == position.exit_intent_id
    return position.state == "CLOSING" and by_trigger


def _has_sold(store: StateStore, position: Position) -> bool:
    """Whether the order that sells a closing position has begun to: then it was at a price of now."""
    if position.state == "OPEN":
        return False
    selling = load(store, OrderIntent, intent_key(position.account, position.exit_intent_id or ""))
    return selling is None or selling.is_final or selling.filled_quantity > 0


def adjust_position(
    store: StateStore,
    clock: Clock,
    account: str,
    position_id: str,
    ratio: Ratio,
    as_of: datetime,
    actor: str,
) -> Position:
    """The owner's word on a suspended position; 1:1 says that there was no corporate action.

    Raises BadInput if the position is not open, if its price exits are not suspended, or if nothing of it
    would be left.
    """

    def decide() -> tuple[Position, Sequence[Write]]:
        current = load(store, Position, position_key(account, position_id))
        if current is None or current.state != "OPEN":
            raise BadInput(f"account {account!r} has no open position {position_id!r}: nothing to adjust")
        broken = current.price_break
        if broken is None or broken.ratio is not None:
            raise BadInput(f"{position_id} ({current.symbol}) waits for no ratio: its price exits are on")
        if rebased(current, ratio).open_quantity < 1:
            held = current.open_quantity
            raise BadInput(f"{ratio} leaves no share of the {held} that {position_id} holds: check it")
        return _adjusted(store, current, broken, ratio, as_of, clock.now(), actor)

    return change(store, decide)


def _adjusted(
    store: StateStore,
    position: Position,
    broken: PriceBreak,
    ratio: Ratio,
    as_of: datetime,
    now: datetime,
    actor: str,
) -> tuple[Position, Sequence[Write]]:
    settled = broken.model_copy(update={"ratio": str(ratio)})
    changed = rebased(position, ratio).evolve(price_break=settled)
    writes: list[Write] = [
        replace(changed),
        _event(changed, settled, "POSITION_REBASED", as_of, now, actor),
    ]
    mark = load(store, Mark, mark_key(position.position_id))
    if mark is not None:
        # With the position, so that no trailing stop of the old price meets a new one.
        scaled = rebased_mark(mark, ratio, broken.day)
        writes.append(Put(mark.key(), scaled.model_dump(mode="json", exclude_none=True)))
    return _written(changed), writes


def _event(
    position: Position, broken: PriceBreak, kind: str, as_of: datetime, now: datetime, actor: str
) -> Put:
    return journal(
        position.account,
        kind,
        f"{position.position_id}#{broken.day}",
        as_of,
        now,
        actor,
        position_id=position.position_id,
        symbol=position.symbol,
        kept_price=broken.kept,
        told_close=broken.told,
        ratio=broken.ratio,
        quantity=position.quantity,
        entry_price=position.entry_price,
        stop_loss_price=position.stop_loss_price,
        target_price=position.target_price,
    )


def _sentence(position: Position, found: PriceBreak) -> str:
    what = f"{position.symbol} closed at {found.kept:f} and is said to have closed at {found.told:f}"
    if position.price_exits_suspended:
        command = f"patang positions adjust {position.account} {position.position_id} --ratio 1:2"
        return f"{what}; its stop and target are suspended until you give the ratio, such as: {command}."
    ratio = position.price_break.ratio if position.price_break else None
    return (
        f"{what}; taken for {ratio}: {position.quantity} at {position.entry_price:f}, stop "
        f"{position.stop_loss_price:f}, target {position.target_price:f}. Compare the broker's holdings."
    )


def _written(position: Position) -> Position:
    """As it is read back: a write counts the revision on."""
    return position.evolve(revision=position.revision + 1)

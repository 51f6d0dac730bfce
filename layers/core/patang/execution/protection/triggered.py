"""A GTT that was reached has placed an order of its own, without a tag: it becomes its position's exit.

The order is known by the trigger that names it, or by the trigger that it names itself (`meta.gtt`). From
then on it is followed like any order of the desk, through a link from the broker's order id to its intent.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from patang.approvals.proposal import OrderTerms
from patang.execution.following.consequences import Notice, tell
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.execution.protection.protector import Protector
from patang.keys import OPEN_POSITIONS, intent_key, order_link_key
from patang.portfolio.position import Position
from patang.ports import Broker, BrokerOrder, Clock, Gtt, Key, Metrics, Notifier, StateStore, Write
from patang.records import Record, change, create, load, load_index, replace
from patang.settings import Mode

__all__ = ["OrderLink", "TriggerWatch", "adopt", "linked_intent", "named_trigger"]


# How long a trigger may be missing after it was laid, and without a word of its order after it was reached,
# market time.
_BROKERS_DELAY = timedelta(seconds=30)


class OrderLink(Record):
    """Whose an untagged order of the broker is."""

    account: str
    broker_order_id: str
    intent_id: str

    def key(self) -> Key:
        return order_link_key(self.account, self.broker_order_id)


def linked_intent(store: StateStore, account: str, order_id: str) -> OrderIntent | None:
    """The intent that an order was adopted as."""
    link = load(store, OrderLink, order_link_key(account, order_id))
    return None if link is None else load(store, OrderIntent, intent_key(account, link.intent_id))


def named_trigger(order: BrokerOrder) -> str | None:
    """The GTT that an order says it comes of."""
    meta = order.raw.get("meta")
    named = meta.get("gtt") if isinstance(meta, Mapping) else None
    return None if named is None or order.tag or order.transaction_type != "SELL" else str(named)


def adopt(
    store: StateStore, clock: Clock, account: str, gtt_id: str, order_id: str, price: Decimal, as_of: datetime
) -> bool:
    """Makes the order that a trigger has placed, at this limit, its position's exit. False if no open
    position has this trigger, or it is known already."""
    found = _position_of(store, account, gtt_id)
    if found is None:
        return False
    return change(store, lambda: _adopted(store, found, gtt_id, order_id, price, as_of, clock.now()))


class TriggerWatch:
    """Holds the triggers of open positions against the broker's."""

    def __init__(
        self, store: StateStore, protector: Protector, clock: Clock, notifier: Notifier, metrics: Metrics
    ) -> None:
        self._store = store
        self._protector = protector
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def follow(self, account: str, mode: Mode, broker: Broker, as_of: datetime) -> int:
        """Adopts orders of triggers that were reached, and lays anew what is gone. How many of both.

        Raises as the reads of Broker do.
        """
        held = load_index(self._store, Position, OPEN_POSITIONS, f"{account}#")
        waiting = [p for p in held if p.mode == mode and _trigger_of(p) is not None]
        if not waiting:
            return 0
        # Read after the positions: what is not in there is gone.
        known, found = {gtt.gtt_id: gtt for gtt in broker.gtts()}, 0
        for position in waiting:
            gtt_id = _trigger_of(position) or ""
            gtt = known.get(gtt_id)
            if _is_new(position, as_of) if gtt is None else _is_waiting(gtt, as_of):
                continue
            found += 1
            placed = next((order_id for order_id in gtt.order_ids if order_id), None) if gtt else None
            if gtt is not None and placed is not None:
                price = _limit_of(gtt, placed)
                adopt(self._store, self._clock, account, gtt_id, placed, price, as_of)
            else:
                self._lost(position, gtt, as_of)
            self._protector.keep(account, position.position_id, as_of)
        return found

    def _lost(self, position: Position, gtt: Gtt | None, as_of: datetime) -> None:
        """Somebody has taken it away, a contract's lot has changed, or its order was refused."""
        why = "gone" if gtt is None else gtt.status
        if not change(self._store, lambda: _gone(self._store, position, why, as_of, self._clock.now())):
            return
        text = (
            f"The trigger that protected {position.open_quantity} {position.symbol} is {why} at the broker. "
            "Another is laid, or the position is sold where its stop was passed."
        )
        tell(self._notifier, self._metrics, [Notice("Protection lost", text, "protection_lost")])


def _adopted(
    store: StateStore,
    seen: Position,
    gtt_id: str,
    order_id: str,
    price: Decimal,
    as_of: datetime,
    now: datetime,
) -> tuple[bool, Sequence[Write]]:
    position = load(store, Position, seen.key())
    laid = None if position is None else position.protection
    if position is None or laid is None or laid.kind != "GTT" or laid.gtt_id != gtt_id:
        return False, ()
    at_target = laid.target_price is not None and price > laid.trigger_price
    begun, reason = position.state == "OPEN", "TARGET" if at_target else "STOP"
    trigger = laid.target_price if at_target and laid.target_price is not None else laid.trigger_price
    terms = OrderTerms(
        account=position.account,
        mode=position.mode,
        exchange=position.exchange,
        tradingsymbol=position.symbol,
        transaction_type="SELL",
        quantity=laid.quantity,
        order_type="LIMIT",
        product=position.product,
        price=price,
    )
    child = OrderIntent(
        account=position.account,
        intent_id=intent_id(position.account, "protect", as_of.date(), position.position_id, gtt_id),
        kind="PROTECT",
        state="ACKED",
        terms=terms,
        target_gtt_id=gtt_id,
        as_of=as_of,
        written_at=now,
        expected_price=trigger,
        position_id=position.position_id,
        reason=reason,
        broker_order_id=order_id,
        broker_status="OPEN",
    )
    resting = {
        "kind": "SL",
        "state": "RESTING",
        "since": as_of,
        "intent_id": child.intent_id,
        "broker_order_id": order_id,
        "limit_price": price,
        "target_price": None,
        "laid_on": as_of.date(),
        "amended_by": None,
    }
    changed = position.evolve(
        state="CLOSING",
        exit_intent_id=child.intent_id,
        exit_reason=reason if begun else position.exit_reason,
        exit_wanted_by=None if begun else position.exit_wanted_by,
        exit_attempts=position.exit_attempts + (1 if begun else 0),
        protection=laid.model_copy(update=resting),
    )
    link = OrderLink(account=position.account, broker_order_id=order_id, intent_id=child.intent_id)
    event = journal(
        position.account,
        "EXIT_BEGUN" if begun else "TRIGGER_ADOPTED",
        f"{position.position_id}#{changed.exit_attempts}",
        as_of,
        now,
        position_id=position.position_id,
        intent_id=child.intent_id,
        gtt_id=gtt_id,
        broker_order_id=order_id,
        symbol=position.symbol,
        quantity=laid.quantity,
        reason=changed.exit_reason,
        last_price=trigger,
        limit_price=price,
    )
    return True, (replace(changed), create(child), create(link), event)


def _gone(
    store: StateStore, seen: Position, why: str, as_of: datetime, now: datetime
) -> tuple[bool, Sequence[Write]]:
    position = load(store, Position, seen.key())
    laid = None if position is None else position.protection
    if position is None or laid is None or position.revision != seen.revision:
        return False, ()
    if laid.state != "RESTING" or laid.amended_by is not None:
        # Its deletion is on the way, and says itself what became of it.
        return False, ()
    gone = laid.model_copy(update={"state": "GONE", "since": as_of})
    event = journal(
        position.account,
        "PROTECTION_LOST",
        f"{position.position_id}#{laid.number}",
        as_of,
        now,
        position_id=position.position_id,
        gtt_id=laid.gtt_id,
        symbol=position.symbol,
        quantity=laid.quantity,
        why=why,
    )
    return True, (replace(position.evolve(protection=gone)), event)


def _position_of(store: StateStore, account: str, gtt_id: str) -> Position | None:
    held = load_index(store, Position, OPEN_POSITIONS, f"{account}#")
    return next((p for p in held if p.protection is not None and p.protection.gtt_id == gtt_id), None)


def _trigger_of(position: Position) -> str | None:
    laid = position.protection
    return laid.gtt_id if laid is not None and laid.kind == "GTT" and laid.may_sell else None


def _is_new(position: Position, as_of: datetime) -> bool:
    """Whether its trigger was taken so lately that the broker's list may be from before: another one beside
    it would sell the same units, and the first would be nobody's."""
    laid = position.protection
    return laid is not None and as_of < laid.since + _BROKERS_DELAY


def _is_waiting(gtt: Gtt, as_of: datetime) -> bool:
    """Whether a trigger stands, or was just reached and has no word yet of its order. Taken for lost, its
    position would be sold beside that order. The broker gives each leg's `result`, and of an order that was
    refused too: https://kite.trade/docs/connect/v3/gtt/"""
    legs = gtt.raw.get("orders")
    if gtt.status == "active":
        return True
    if gtt.status != "triggered" or any(gtt.order_ids) or not isinstance(legs, list):
        return False
    told = any(isinstance(leg, Mapping) and leg.get("result") for leg in legs)
    return not told and as_of < gtt.updated_at + _BROKERS_DELAY


def _limit_of(gtt: Gtt, order_id: str) -> Decimal:
    return Decimal(gtt.request.legs[gtt.order_ids.index(order_id)].price)

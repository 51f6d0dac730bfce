"""What a change of an order means for everything else: one transaction with all its consequences.

The lane, the order updates and the reconciler all end here, so an order that is refused at the counter, by a
frame or by its absence from the order book settles the same way.
"""

from datetime import datetime

from patang.execution.following.consequences import Notice, Settlement, name_of
from patang.execution.following.entries import settle_entry
from patang.execution.following.exit_fills import settle_exit
from patang.execution.following.fill_quality import count_slippage, latencies
from patang.execution.following.late_prices import is_priced, settle_price
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.execution.protection.changes import settle_protection
from patang.execution.protection.rules import has_triggered
from patang.keys import intent_key
from patang.ports import StateStore
from patang.records import create, load, replace
from patang.trade_log.fill import new_fill

__all__ = ["settle"]

# Kinds that change what rests at the broker for a position.
_CHANGES = frozenset({"MODIFY", "CANCEL", "GTT_PLACE", "GTT_MODIFY", "GTT_DELETE"})


def settle(
    store: StateStore, old: OrderIntent, new: OrderIntent, as_of: datetime, now: datetime, source: str
) -> Settlement:
    """The consequences of `old` becoming `new`. Reads what they touch; the caller writes and tells.

    `as_of` is the market time of the change; `source` says who brought the news.
    """
    if is_priced(old, new):
        return _priced(store, old, new, as_of, now, source)
    grown = new.filled_quantity > old.filled_quantity
    done = Settlement(
        [
            replace(new),
            journal(
                new.account,
                f"ORDER_{new.state}",
                f"{new.intent_id}#{new.revision}",
                as_of,
                now,
                intent_id=new.intent_id,
                order_kind=new.kind,
                symbol=new.terms.tradingsymbol,
                quantity=new.terms.quantity,
                filled_quantity=new.filled_quantity,
                average_price=new.average_price,
                broker_order_id=new.broker_order_id,
                message=new.status_message,
                source=source,
                took=dict(latencies(new, as_of, now)) if grown else {},
            ),
        ]
    )
    ended = new.is_final and not old.is_final
    revived = old.never_arrived and not new.never_arrived and (grown or not new.is_final)
    if new.kind == "ENTRY" and (grown or ended or revived):
        settle_entry(store, done, old, new, as_of, now)
    triggered = new.kind == "PROTECT" and has_triggered(new) != has_triggered(old)
    # The broker's row of an order that he has refused is no second refusal.
    named = not new.is_final and new.broker_order_id != old.broker_order_id
    first_heard = named and new.kind == "PROTECT"
    if new.kind in ("EXIT", "PROTECT") and (grown or ended or revived or triggered or first_heard):
        settle_exit(store, done, old, new, as_of, now)
    if new.kind in _CHANGES and ended:
        settle_protection(store, done, new, as_of)
    _record_fill(store, done, old, new, as_of, now, source)
    if new.kind == "MODIFY" and new.state == "COMPLETE":
        _stand_at_new_price(store, done, new)
    if ended and new.state == "REJECTED" and new.kind != "ENTRY" and new.position_id is None:
        # What belongs to a position speaks for itself; nobody else would tell of a person's order.
        text = f"{name_of(new)}: {new.status_message or 'no reason given'}."
        done.notices.append(Notice("Order refused", text, "order_rejected"))
    if revived:
        text = f"{name_of(new)} had been given up as never placed and has now turned up at the broker."
        done.notices.append(Notice("Order turned up late", text, "order_turned_up_late"))
    return done


def _priced(
    store: StateStore, old: OrderIntent, new: OrderIntent, as_of: datetime, now: datetime, source: str
) -> Settlement:
    done = Settlement([replace(new)])
    settle_price(store, done, old, new, as_of, now, source)
    _record_fill(store, done, old, new, as_of, now, source)
    return done


def _record_fill(
    store: StateStore,
    done: Settlement,
    old: OrderIntent,
    new: OrderIntent,
    as_of: datetime,
    now: datetime,
    source: str,
) -> None:
    done.writes += count_slippage(store, old, new)
    fill = new_fill(old, new, as_of, now, source)
    if fill is not None:
        done.writes.append(create(fill))


def _stand_at_new_price(store: StateStore, done: Settlement, modify: OrderIntent) -> None:
    target = load(store, OrderIntent, intent_key(modify.account, modify.target_intent_id or ""))
    if target is None or target.limit_price == modify.terms.price:
        return
    # A stop that was moved is measured against its new trigger.
    measured = {} if modify.terms.trigger_price is None else {"expected_price": modify.terms.trigger_price}
    done.writes.append(replace(target.evolve(limit_price=modify.terms.price, **measured)))

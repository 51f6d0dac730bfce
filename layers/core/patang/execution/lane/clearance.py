"""The last look before sending: why an intent that was not sent yet must not be sent now."""

from collections.abc import Callable
from datetime import date, datetime

from patang.errors import StopTrading
from patang.execution.amendments import MOST_MODIFICATIONS
from patang.execution.following.slices import live_orders
from patang.execution.intent import OrderIntent
from patang.execution.preflight import entry_refusal
from patang.execution.protection.rules import has_triggered
from patang.keys import intent_key, position_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import load
from patang.said_by_others import quoted
from patang.settings import Settings

__all__ = ["TERMS_CHANGED", "refusal"]

TERMS_CHANGED = "TERMS_CHANGED"


def refusal(
    store: StateStore,
    intent: OrderIntent,
    now: datetime,
    settings: Callable[[], Settings],
    standing: Callable[[], Settings],
) -> str | None:
    """The reason as a text, or None. `now` is wall time; `settings` is what entries go by, `standing` what
    everything else goes by: exits go on by the last good settings while the stored ones are wrong.
    """
    try:
        in_force = settings() if intent.lane == "entry" else standing()
    except StopTrading as error:
        return str(error)
    if not intent.is_as_wanted:
        return f"{TERMS_CHANGED}: what it asks for is not what it was written for"
    if intent.terms.mode != in_force.mode:
        return f"it was made in mode {intent.terms.mode}, and the desk is in mode {in_force.mode} now"
    return (
        _about_target(store, intent)
        or _about_trigger(store, intent)
        or _about_position(store, intent)
        or _about_age(intent, now)
        or (_about_entry(store, intent, in_force) if intent.lane == "entry" else None)
    )


def _about_target(store: StateStore, intent: OrderIntent) -> str | None:
    if intent.kind not in ("MODIFY", "CANCEL"):
        return None
    target = load(store, OrderIntent, intent_key(intent.account, intent.target_intent_id or ""))
    if target is None:
        return None
    ended = _end_of(target, intent)
    if ended is not None:
        return f"order {intent.target_order_id} {ended}"
    if intent.kind == "MODIFY" and target.modifications > MOST_MODIFICATIONS:
        return f"order {intent.target_order_id} was modified {MOST_MODIFICATIONS} times, the broker's most"
    return None


def _end_of(target: OrderIntent, intent: OrderIntent) -> str | None:
    """What is known by now to have become of the order, so that asking would only be refused."""
    part = next((one for one in target.slices if one.broker_order_id == intent.target_order_id), None)
    over = target.is_final or (part is not None and intent.target_order_id not in live_orders(target))
    # Of a stop or a person's order the quantity may have been changed since.
    filled = target.kind in ("ENTRY", "EXIT") and target.filled_quantity >= target.terms.quantity
    if over or filled:
        return "has ended"
    trails = target.kind == "PROTECT" and "trigger_price" in (intent.changes or {})
    return "sells by now, its trigger was reached" if trails and has_triggered(target) else None


def _about_trigger(store: StateStore, intent: OrderIntent) -> str | None:
    """A trigger that was reached has become an order."""
    if intent.kind not in ("GTT_MODIFY", "GTT_DELETE") or intent.position_id is None:
        return None
    position = load(store, Position, position_key(intent.account, intent.position_id))
    laid = None if position is None else position.protection
    if laid is None or laid.kind != "SL" or laid.gtt_id != intent.target_gtt_id:
        return None
    return f"trigger {intent.target_gtt_id} was reached and has become order {laid.broker_order_id}"


def _about_position(store: StateStore, intent: OrderIntent) -> str | None:
    """Nothing of ours sells what is not held any more."""
    if intent.position_id is None:
        return None
    if intent.kind in ("MODIFY", "GTT_MODIFY") and intent.terms.transaction_type == "SELL":
        return _about_outside(store, intent, intent.position_id)
    if intent.kind not in ("EXIT", "PROTECT", "GTT_PLACE"):
        return None
    position = load(store, Position, position_key(intent.account, intent.position_id))
    if position is None:
        return f"there is no position {intent.position_id}"
    if position.state == "CLOSED":
        return f"position {intent.position_id} is closed"
    if position.product == "MIS" and _day(position.entry_time) < _day(intent.as_of):
        # Until the books are compared nobody has said that it was sold, or converted: a sell would be short.
        bought = _day(position.entry_time)
        return f"it was bought for the day of {bought}, at whose end the broker sold it or its owner kept it"
    if intent.kind != "EXIT" and position.state != "OPEN":
        return f"position {intent.position_id} is being closed"
    protection = position.protection
    named = position.exit_intent_id if intent.kind == "EXIT" else protection and protection.intent_id
    if named != intent.intent_id:
        return f"another order has its place at position {position.position_id}: {named or 'none'}"
    if intent.terms.quantity > position.open_quantity:
        return f"it sells {intent.terms.quantity} and {position.open_quantity} are held"
    return None


def _day(moment: datetime) -> date:
    return moment.astimezone(IST).date()


def _about_outside(store: StateStore, intent: OrderIntent, position_id: str) -> str | None:
    """A change that waited while its owner sold the units would sell them once more."""
    position = load(store, Position, position_key(intent.account, position_id))
    if position is None or position.outside is None or intent.terms.quantity <= position.open_quantity:
        return None
    return f"{position.outside.units} of position {position_id} were sold outside the desk meanwhile"


def _about_age(intent: OrderIntent, now: datetime) -> str | None:
    """Exits of positions have no such time: they are as urgent later."""
    if intent.stale_after is not None and now >= intent.stale_after:
        return f"stale: it waited until {now:%H:%M:%S} and was good until {intent.stale_after:%H:%M:%S}"
    return None


def _about_entry(store: StateStore, intent: OrderIntent, settings: Settings) -> str | None:
    risk = load(store, RiskState, risk_key(intent.account))
    if risk is not None and risk.is_halted_on(intent.as_of.date()):
        why = quoted(risk.halt_reason) if risk.halt_reason else "no reason given"
        return f"trading is halted: {why}"
    return entry_refusal(store, settings, intent.as_of.date(), intent.account, intent.terms.product)

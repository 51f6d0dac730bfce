"""The intents that lay, change and lift protection, and those that sell: terms made, nothing written."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from patang.approvals.proposal import OrderTerms
from patang.execution.following.slices import live_orders
from patang.execution.gtt_terms import GttLegTerms, GttTerms
from patang.execution.ids import Purpose, intent_id
from patang.execution.intent import IntentKind, OrderIntent
from patang.execution.journal import DESK
from patang.execution.prices import exit_limit, is_option, sell_limit
from patang.execution.protection.rules import Wanted, is_above_freeze
from patang.portfolio.position import Position
from patang.portfolio.protection import Protection

__all__ = [
    "ExitWish",
    "cancel_stop",
    "change_stop",
    "change_trigger",
    "delete_trigger",
    "lay_stop",
    "lay_trigger",
    "sell_all",
    "stop_into_sell",
]


@dataclass(frozen=True, slots=True)
class ExitWish:
    """Why a position is to be sold, by whom, and what was seen; rupees, `price` a limit to ask for."""

    reason: str
    last_price: Decimal
    bid: Decimal | None
    actor: str
    price: Decimal | None = None

    @property
    def person(self) -> str | None:
        """Who of the people wants it; None where the desk does."""
        return None if self.actor == DESK else self.actor

    def limit(self, position: Position) -> Decimal:
        """The limit asked for; without one, within the market protection below the best price."""
        option = is_option(position.exchange, position.symbol)
        return self.price or exit_limit(self.last_price, self.bid, position.tick_size, option=option)


def lay_stop(position: Position, wanted: Wanted, number: int, as_of: datetime, now: datetime) -> OrderIntent:
    """A resting SL sell, to be filled at its trigger; cut by the broker where it is too much for one."""
    terms = _terms(position, wanted.quantity, wanted.limit, "SL", wanted.trigger)
    terms = _cut_if_frozen(terms, position, as_of)
    name = _name(position, "protect", as_of, number)
    return _intent(position, name, "PROTECT", terms, as_of, now, reason="STOP", expected_price=wanted.trigger)


def lay_trigger(
    position: Position, wanted: Wanted, last: Decimal, number: int, as_of: datetime, now: datetime
) -> OrderIntent:
    """A GTT of stop and target."""
    return _intent(
        position,
        _name(position, "gtt_place", as_of, number),
        "GTT_PLACE",
        _terms(position, wanted.quantity, wanted.limit),
        as_of,
        now,
        reason="STOP",
        gtt=_two_legs(position, wanted, last),
    )


def change_stop(
    position: Position, stop: OrderIntent, wanted: Wanted, as_of: datetime, now: datetime
) -> OrderIntent:
    """The resting stop for another quantity or at other prices."""
    changes = {
        "quantity": str(wanted.quantity),
        "price": str(wanted.limit),
        "trigger_price": str(wanted.trigger),
    }
    terms = _terms(position, wanted.quantity, wanted.limit, "SL", wanted.trigger)
    return _modify(position, stop, terms, changes, as_of, now, reason="protection follows")


def stop_into_sell(
    position: Position, stop: OrderIntent, wish: ExitWish, as_of: datetime, now: datetime
) -> OrderIntent:
    """The resting stop turned into the sell: the same order, so that nothing is sold twice."""
    price = wish.limit(position)
    terms = _terms(position, position.open_quantity, price)
    changes = {
        "order_type": "LIMIT",
        # In force beside what it has sold already.
        "quantity": str(position.open_quantity + stop.filled_quantity),
        "price": str(price),
    }
    return _modify(position, stop, terms, changes, as_of, now, reason=wish.reason)


def cancel_stop(
    position: Position, stop: OrderIntent, as_of: datetime, now: datetime, reason: str
) -> tuple[OrderIntent, ...]:
    """The resting stop taken away: an intent for each order that the broker has made of it."""
    number = stop.cancels + 1
    return tuple(
        _intent(
            position,
            intent_id(
                position.account,
                "cancel",
                as_of.date(),
                stop.intent_id,
                number,
                *((order_id,) if stop.slices else ()),
            ),
            "CANCEL",
            stop.terms,
            as_of,
            now,
            reason=reason,
            target_intent_id=stop.intent_id,
            target_order_id=order_id,
        )
        for order_id in live_orders(stop)
    )


def change_trigger(
    position: Position, laid: Protection, wanted: Wanted, last: Decimal, as_of: datetime, now: datetime
) -> OrderIntent:
    """The GTT for another quantity or at other prices."""
    return _intent(
        position,
        _name(position, "gtt_modify", as_of, laid.intent_id, laid.amendments + 1),
        "GTT_MODIFY",
        _terms(position, wanted.quantity, wanted.limit),
        as_of,
        now,
        reason="protection follows",
        gtt=_two_legs(position, wanted, last),
        target_intent_id=laid.intent_id,
        target_gtt_id=laid.gtt_id,
    )


def delete_trigger(
    position: Position, laid: Protection, as_of: datetime, now: datetime, reason: str
) -> OrderIntent:
    """The GTT taken away."""
    return _intent(
        position,
        _name(position, "gtt_delete", as_of, laid.intent_id, laid.amendments + 1),
        "GTT_DELETE",
        _terms(position, laid.quantity, laid.limit_price),
        as_of,
        now,
        reason=reason,
        target_intent_id=laid.intent_id,
        target_gtt_id=laid.gtt_id,
    )


def sell_all(position: Position, wish: ExitWish, as_of: datetime, now: datetime) -> OrderIntent:
    """A sell of all that is held, where nothing at the broker sells it."""
    return _intent(
        position,
        _name(position, "exit", as_of, position.exit_attempts),
        "EXIT",
        _cut_if_frozen(_terms(position, position.open_quantity, wish.limit(position)), position, as_of),
        as_of,
        now,
        reason=wish.reason,
        wanted_by=wish.person,
        expected_price=wish.last_price,
        bid=wish.bid,
    )


def _cut_if_frozen(terms: OrderTerms, position: Position, as_of: datetime) -> OrderTerms:
    """What has become more than one order may have (the exchange lowers it each month) the broker cuts: one
    intent, one exit of the position, several orders of one tag."""
    frozen = is_above_freeze(position, terms.quantity, as_of)
    return terms.model_copy(update={"autoslice": True}) if frozen else terms


def _two_legs(position: Position, wanted: Wanted, last: Decimal) -> GttTerms:
    if position.product == "MIS" or wanted.target is None:
        raise ValueError(f"{position.position_id} ({position.product}) takes no GTT of stop and target")
    option = is_option(position.exchange, position.symbol)
    limits = (wanted.limit, sell_limit(wanted.target, position.tick_size, option=option))
    return GttTerms(
        kind="two-leg",
        exchange=position.exchange,
        tradingsymbol=position.symbol,
        triggers=(wanted.trigger, wanted.target),
        legs=tuple(
            GttLegTerms(
                transaction_type="SELL", quantity=wanted.quantity, product=position.product, price=price
            )
            for price in limits
        ),
        last_price=last,
    )


def _modify(
    position: Position,
    stop: OrderIntent,
    terms: OrderTerms,
    changes: dict[str, str],
    as_of: datetime,
    now: datetime,
    *,
    reason: str,
) -> OrderIntent:
    return _intent(
        position,
        intent_id(position.account, "modify", as_of.date(), stop.intent_id, stop.modifications + 1),
        "MODIFY",
        terms,
        as_of,
        now,
        reason=reason,
        changes=changes,
        target_intent_id=stop.intent_id,
        target_order_id=stop.broker_order_id,
    )


def _terms(
    position: Position,
    quantity: int,
    price: Decimal,
    order_type: str = "LIMIT",
    trigger: Decimal | None = None,
) -> OrderTerms:
    return OrderTerms.model_validate(
        {
            "account": position.account,
            "mode": position.mode,
            "exchange": position.exchange,
            "tradingsymbol": position.symbol,
            "transaction_type": "SELL",
            "quantity": quantity,
            "order_type": order_type,
            "product": position.product,
            "price": price,
            "trigger_price": trigger,
        }
    )


def _name(position: Position, purpose: Purpose, as_of: datetime, *of: str | int) -> str:
    return intent_id(position.account, purpose, as_of.date(), position.position_id, *of)


def _intent(
    position: Position,
    name: str,
    kind: IntentKind,
    terms: OrderTerms,
    as_of: datetime,
    now: datetime,
    **rest: Any,
) -> OrderIntent:
    return OrderIntent(
        account=position.account,
        intent_id=name,
        kind=kind,
        terms=terms,
        as_of=as_of,
        written_at=now,
        position_id=position.position_id,
        reducing=True,
        **rest,
    )

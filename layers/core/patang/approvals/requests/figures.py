"""What the orders of a request come to: value, charges, margin, exposure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from patang.alerts.terms import AlertOrder
from patang.approvals.requests.record import RequestFigures
from patang.errors import PatangError, StopTrading
from patang.execution.intent import OrderIntent
from patang.execution.margin_check import needed_margin
from patang.execution.orders.request_book import Decision
from patang.execution.orders.wording import Side
from patang.ports import Broker, StateStore
from patang.risk.account_view import view_account
from patang.risk.charges import leg_charges, segment_of
from patang.settings import Settings

__all__ = ["identifiers_of", "measured", "with_account"]

_PAISA = Decimal("0.01")


def identifiers_of(intents: Iterable[OrderIntent]) -> frozenset[str]:
    """The instruments whose price the intents themselves do not tell."""
    alone = {_identifier(intent) for intent in intents if _told_price(intent) is None}
    return frozenset(
        alone.union(*(map(_identifier_of, intent.alert.orders) for intent in intents if intent.alert))
    )


def measured(decision: Decision, last_prices: Mapping[str, Decimal], lot_size: int = 1) -> RequestFigures:
    """The figures that the intents and the prices tell; charges are None on a day without sourced ones."""
    intents = decision.intents
    prices = tuple(_told_price(intent) or last_prices.get(_identifier(intent)) for intent in intents)
    legs = [
        leg
        for intent, price in zip(intents, prices, strict=True)
        for leg in _legs(intent, price, last_prices)
    ]
    known = all(price is not None for _, _, _, price in legs)
    values = [(side, units * price) for _, side, units, price in legs if price is not None]
    return RequestFigures(
        lines=tuple(map(_line, intents)),
        prices=prices,
        orders=sum(1 if intent.alert is None else len(intent.alert.orders) for intent in intents),
        value=_paisa(sum((value for _, value in values), Decimal(0))) if known else None,
        bought=_paisa(sum((value for side, value in values if side == "BUY"), Decimal(0))),
        charges=_charges(legs, decision.as_of) if known else None,
        lot_size=lot_size,
    )


def with_account(
    figures: RequestFigures,
    decision: Decision,
    store: StateStore,
    broker: Broker,
    account: str,
    now: datetime,
    settings: Settings,
) -> RequestFigures:
    """With the margin and the exposure too. What cannot be had of them is shown as not known: the rules were
    looked at before."""
    found: dict[str, Decimal | None] = {}
    purchases = [
        (intent.terms, intent.terms.price or price)
        for intent, price in zip(decision.intents, figures.prices, strict=True)
        if intent.kind == "ORDER" and intent.terms.transaction_type == "BUY" and price is not None
    ]
    try:
        needed = needed_margin(purchases, broker, settings) if purchases else None
        found["margin_needed"] = None if needed is None else _paisa(needed)
    except PatangError:
        found["margin_needed"] = None
    try:
        view = view_account(store, account, decision.as_of, now, settings)
    except StopTrading:
        return figures.model_copy(update=found)
    before = _paisa(view.exposure())
    limit = view.capital(settings) * settings.risk.max_portfolio_exposure_pct / 100
    found |= {
        "exposure_before": before,
        "exposure_after": before + figures.bought,
        "exposure_limit": _paisa(limit),
    }
    return figures.model_copy(update=found)


def _identifier(intent: OrderIntent) -> str:
    return f"{intent.terms.exchange}:{intent.terms.tradingsymbol}"


def _identifier_of(order: AlertOrder) -> str:
    return f"{order.exchange}:{order.tradingsymbol}"


def _told_price(intent: OrderIntent) -> Decimal | None:
    """The market when the intent was made, as far as it tells."""
    return intent.gtt.last_price if intent.gtt is not None else intent.expected_price


_SALE = ("SELL", "LIMIT")

type _Leg = tuple[OrderIntent, Side, int, Decimal | None]


def _legs(intent: OrderIntent, price: Decimal | None, last_prices: Mapping[str, Decimal]) -> Sequence[_Leg]:
    """What may be traded, and at what rupees a unit; of two legs of a trigger the dearer one.

    A sale with a limit trades for what the market pays: a low one makes no small order of it.
    """
    if intent.alert is not None:
        return [_leg_of(intent, order, last_prices) for order in intent.alert.orders]
    if intent.gtt is None:
        terms = intent.terms
        each = terms.price or terms.trigger_price or price
        if each is not None and price is not None and (terms.transaction_type, terms.order_type) == _SALE:
            each = max(each, price)
        return [(intent, terms.transaction_type, terms.quantity, each)]
    dearest = max(intent.gtt.legs, key=lambda leg: leg.quantity * leg.price)
    return [(intent, dearest.transaction_type, dearest.quantity, dearest.price)]


def _leg_of(intent: OrderIntent, order: AlertOrder, last_prices: Mapping[str, Decimal]) -> _Leg:
    terms = order.order_terms(intent.account, intent.terms.mode)
    alone = intent.model_copy(update={"terms": terms})
    each: Decimal | None = order.price
    if order.transaction_type == "SELL":
        last = last_prices.get(_identifier_of(order))
        each = None if last is None else max(order.price, last)
    return alone, order.transaction_type, order.quantity, each


def _line(intent: OrderIntent) -> str:
    if intent.alert is not None:
        orders = ", ".join(
            f"{o.transaction_type} {o.quantity} {o.exchange}:{o.tradingsymbol} {o.product} for {o.price}"
            for o in intent.alert.orders
        )
        return f"{_verb(intent)}{intent.alert.condition}: {orders}"
    if intent.gtt is not None:
        gtt = intent.gtt
        legs = ", ".join(
            f"at {trigger}: {leg.transaction_type} {leg.quantity} {leg.product} for {leg.price}"
            for trigger, leg in zip(gtt.triggers, gtt.legs, strict=True)
        )
        return f"{_verb(intent)}{gtt.exchange}:{gtt.tradingsymbol} {legs}"
    terms = intent.terms
    parts = [
        f"{_verb(intent)}{terms.transaction_type} {terms.quantity} {_identifier(intent)}",
        terms.order_type,
        *([str(terms.price)] if terms.price is not None else []),
        *([f"trigger {terms.trigger_price}"] if terms.trigger_price is not None else []),
        terms.product,
        terms.validity,
    ]
    return " ".join(parts)


_VERBS = {"ORDER": "", "MODIFY": "becomes "}


def _verb(intent: OrderIntent) -> str:
    return _VERBS.get(intent.kind, f"{intent.kind.lower().replace('_', ' ')} ")


def _charges(legs: Iterable[_Leg], as_of: datetime) -> Decimal | None:
    """Of the orders as they would fill; a conversion and the end of an order or a trigger trade nothing."""
    total = Decimal(0)
    try:
        for leg, side, units, each in legs:
            if leg.kind in ("CONVERT", "CANCEL", "GTT_DELETE", "ALERT_DELETE"):
                continue
            if each is None:
                return None
            terms = leg.terms
            segment = segment_of(terms.exchange, terms.tradingsymbol, terms.product)
            total += leg_charges(segment, terms.exchange, side, each, units, as_of.date()).total
    except StopTrading:
        return None
    return _paisa(total)


def _paisa(amount: Decimal) -> Decimal:
    return amount.quantize(_PAISA, ROUND_HALF_EVEN)

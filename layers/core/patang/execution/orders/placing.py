"""From a person's order, or a basket of them, to intents: all rules looked at first, nothing sent before."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from patang.approvals.proposal import OrderTerms
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.margin_check import check_basket_margin, check_margin
from patang.execution.orders.broken import Broken
from patang.execution.orders.first_sessions import more_than_a_lot
from patang.execution.orders.market_facts import MarketFacts, MarketQuote
from patang.execution.orders.market_rules import market_broken
from patang.execution.orders.order_desk import OrderDesk
from patang.execution.orders.request_book import Decision
from patang.execution.orders.requests import Basket, PlaceOrder
from patang.execution.orders.sellable import Line, sellable
from patang.execution.orders.slicing import slices
from patang.execution.prices import protected_price

__all__ = ["GOOD_FOR", "decide_basket", "decide_order", "too_much_sold"]

# Wall time that a person's purchase may wait for the lane: he has seen the price and wants it now.
GOOD_FOR = timedelta(seconds=60)
_MOST_SLICES = 20
# All of a request is one transaction, which the table takes a hundred writes of.
_MOST_ORDERS = 60


def decide_order(desk: OrderDesk, account: str, request_id: str, wish: PlaceOrder, actor: str) -> Decision:
    """Raises as the reads of Broker and MarketData do where a rule cannot be looked at."""
    return _decided(desk, account, request_id, [wish], actor, named=False)


def decide_basket(desk: OrderDesk, account: str, request_id: str, wish: Basket, actor: str) -> Decision:
    """All of the basket's orders, or every rule that any of them breaks, named by its number from 0."""
    return _decided(desk, account, request_id, wish.orders, actor, named=True)


def too_much_sold(
    desk: OrderDesk, account: str, line: Line, units: int, as_of: datetime, but: str | None = None
) -> Broken | None:
    """Whether more would be sold than is there for it."""
    mode = desk.settings(buying=False).mode
    there = sellable(desk.store, desk.broker(account), account, mode, line, as_of, but)
    return None if units <= there.units else Broken("quantity", str(units), str(there))


def _decided(
    desk: OrderDesk, account: str, request_id: str, wishes: Sequence[PlaceOrder], actor: str, *, named: bool
) -> Decision:
    as_of = desk.moment()
    broken: list[Broken] = []
    planned: list[tuple[OrderTerms, MarketFacts]] = []
    buying = any(wish.transaction_type == "BUY" for wish in wishes)
    seen = desk.look({wish.identifier for wish in wishes}, buying=buying)
    for number, wish in enumerate(wishes):
        found = list(_one(desk, account, wish, as_of, seen, planned))
        where = f"orders[{number}]." if named else ""
        broken += [rule._replace(field=f"{where}{rule.field}") for rule in found]
    if not broken:
        broken = list(_together(desk, account, [terms for terms, _ in planned], planned, as_of))
    if broken:
        return Decision(as_of, tuple(broken))
    intents = (
        _intent(desk, account, request_id, number, terms, facts, as_of, actor)
        for number, (terms, facts) in enumerate(planned)
    )
    return Decision(as_of, intents=tuple(intents))


def _one(
    desk: OrderDesk,
    account: str,
    wish: PlaceOrder,
    as_of: datetime,
    seen: Mapping[str, MarketQuote],
    planned: list[tuple[OrderTerms, MarketFacts]],
) -> Iterator[Broken]:
    """The rules that one order breaks; `planned` takes up its terms, cut where one would be frozen."""
    buying = wish.transaction_type == "BUY"
    stopped = desk.account_broken(account, as_of, buying=buying, product=wish.product)
    if stopped is not None:
        yield stopped
        return
    facts = desk.facts(wish.exchange, wish.tradingsymbol, as_of, buying=buying, seen=seen)
    if isinstance(facts, Broken):
        yield facts
        return
    large = _too_large(desk, account, wish, facts, as_of, planned) if buying else None
    if large is not None:
        yield large
        return
    parts = _parts(wish, facts)
    if len(parts) > _MOST_SLICES:
        most = _MOST_SLICES * (facts.largest or 0)
        yield Broken("quantity", str(wish.quantity), f"it makes {len(parts)} orders: {most} at most")
        return
    if len(planned) + len(parts) > _MOST_ORDERS:
        yield Broken(
            "quantity", str(wish.quantity), f"a request makes {_MOST_ORDERS} orders at most: send two"
        )
        return
    mode = desk.settings(buying=buying).mode
    for units in parts:
        terms = wish.terms(account, mode, units)
        found = market_broken(terms, facts)
        if found:
            yield from found
            return
        planned.append((terms, facts))


def _too_large(
    desk: OrderDesk,
    account: str,
    wish: PlaceOrder,
    facts: MarketFacts,
    as_of: datetime,
    planned: Sequence[tuple[OrderTerms, MarketFacts]],
) -> Broken | None:
    """Whether the request buys more of the instrument than the account's first live sessions allow."""
    before = sum(
        terms.quantity
        for terms, of in planned
        if terms.transaction_type == "BUY" and of.instrument.identifier == wish.identifier
    )
    return more_than_a_lot(desk, account, as_of, facts.instrument, before + wish.quantity)


def _parts(wish: PlaceOrder, facts: MarketFacts) -> tuple[int, ...]:
    """Units of each order: one, but for a plain one above the freeze quantity that the broker is not to
    cut.
    """
    plain = wish.variety in ("regular", "amo") and not wish.autoslice
    lot, largest = facts.instrument.lot_size, facts.largest
    if not plain or not largest or wish.quantity <= largest or wish.quantity % lot:
        return (wish.quantity,)
    return slices(wish.quantity, lot, largest)


def _together(
    desk: OrderDesk,
    account: str,
    terms: Sequence[OrderTerms],
    planned: Sequence[tuple[OrderTerms, MarketFacts]],
    as_of: datetime,
) -> Iterator[Broken]:
    """What the orders of a request break together: more sold than is there, more bought than can be paid."""
    sales = sorted((each for each in terms if each.transaction_type == "SELL"), key=_holding)
    for _, group in groupby(sales, key=_holding):
        out_of_it = list(group)
        units = sum(each.quantity for each in out_of_it)
        for line in dict.fromkeys(map(_line, out_of_it)):
            broken = too_much_sold(desk, account, line, units, as_of)
            if broken is not None:
                yield broken
                break
    purchases = [(each, facts) for each, facts in planned if each.transaction_type == "BUY"]
    refused = _unpaid(desk, account, purchases)
    if refused is not None:
        yield Broken("quantity", str(sum(each.quantity for each, _ in purchases)), refused)


def _unpaid(desk: OrderDesk, account: str, purchases: Sequence[tuple[OrderTerms, MarketFacts]]) -> str | None:
    if not purchases:
        return None
    broker, settings = desk.broker(account), desk.settings(buying=True)
    if len(purchases) > 1:
        paid = [(terms, _dearest(terms, facts)) for terms, facts in purchases]
        return check_basket_margin(paid, broker, settings)
    terms, facts = purchases[0]
    return check_margin(terms, broker, settings, _dearest(terms, facts))


def _dearest(terms: OrderTerms, facts: MarketFacts) -> Decimal | None:
    """What a purchase without a limit may cost a unit, by its protection."""
    if facts.quote is None or terms.market_protection is None:
        return None
    return protected_price(
        terms.trigger_price or facts.quote.last_price,
        facts.instrument.tick_size,
        terms.market_protection,
        option=facts.instrument.is_option,
        buying=True,
    )


def _line(terms: OrderTerms) -> Line:
    return Line(terms.exchange, terms.tradingsymbol, terms.product)


def _holding(terms: OrderTerms) -> tuple[str, str, str]:
    """What it sells out of: delivered shares are the same ones on every exchange."""
    exchange = "" if terms.product == "CNC" else terms.exchange
    return exchange, terms.tradingsymbol, terms.product


def _intent(
    desk: OrderDesk,
    account: str,
    request_id: str,
    number: int,
    terms: OrderTerms,
    facts: MarketFacts,
    as_of: datetime,
    actor: str,
) -> OrderIntent:
    now = desk.clock.now()
    return OrderIntent(
        account=account,
        intent_id=intent_id(account, "order", as_of.date(), request_id, number),
        kind="ORDER",
        terms=terms,
        as_of=as_of,
        written_at=now,
        stale_after=now + GOOD_FOR,
        expected_price=desk.expected(facts, terms.price),
        reducing=terms.transaction_type == "SELL",
        wanted_by=actor,
        reason=f"asked for by {actor}",
    )

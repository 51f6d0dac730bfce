"""Orders of people and of assistants that act for them: one service for every surface that takes them.

Each request is looked at by all the rules, written as intents with its own id, and left to the lane. It
answers for a person's word, so no strategy's gate is asked; what stops the desk's own entries (halts, the
day's breaker, the hours, the session, the preflight of real orders) stops a purchase here too. Whose yes a
request needs, and how much may be asked for, is said before, by patang.approvals.requests, the one caller.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from patang.approvals.proposal import OrderTerms
from patang.errors import BadInput
from patang.execution.leaving.exits import Exits
from patang.execution.orders.alert_wishes import decide_alert, decide_alert_change, decide_alert_deletion
from patang.execution.orders.basket_rest import BasketRest
from patang.execution.orders.broken import Broken
from patang.execution.orders.changing import decide_cancel, decide_change
from patang.execution.orders.intent_states import IntentStates, IntentView
from patang.execution.orders.market_facts import MarketFacts
from patang.execution.orders.market_rules import market_broken
from patang.execution.orders.order_desk import OrderDesk
from patang.execution.orders.placing import decide_basket, decide_order
from patang.execution.orders.request_book import Decision, PersonsRequest, Receipt, RequestBook, check_id
from patang.execution.orders.requests import (
    Basket,
    CancelOrder,
    ConvertPosition,
    DeleteAlert,
    DeleteGtt,
    ExitPosition,
    ModifyAlert,
    ModifyGtt,
    ModifyOrder,
    PersonsWish,
    PlaceAlert,
    PlaceGtt,
    PlaceOrder,
)
from patang.execution.orders.trigger_wishes import (
    decide_conversion,
    decide_deletion,
    decide_trigger,
    decide_trigger_change,
)
from patang.execution.prices import exit_limit, is_option
from patang.keys import mark_key, position_key, request_key
from patang.portfolio.position import Mark, Position
from patang.records import load

__all__ = ["PersonsOrders", "RequestState"]

# The reason of an exit that a person asks for.
_PERSON = "PERSON"


@dataclass(frozen=True, slots=True)
class RequestState:
    """A request's intents as they are now. `cancels`: what was asked to be cancelled since one ended in
    vain.
    """

    request_id: str
    intents: tuple[IntentView, ...]
    cancels: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        return all(view.answered for view in self.intents)


@dataclass(frozen=True, slots=True)
class _Leaving:
    """A position that may be left, and its market: rupees a unit."""

    position: Position
    last: Decimal
    bid: Decimal | None


class PersonsOrders:
    """Every method takes the caller's own id of the request: the same id is the same intents, however often
    it comes, for thirty days. `actor` is who asks, for the audit.

    Raises BadInput for an id that stands for another request, and what asking the broker and the market
    raises where a rule cannot be looked at: what cannot be checked is not bought.
    """

    def __init__(
        self, desk: OrderDesk, book: RequestBook, exits: Exits, states: IntentStates, baskets: BasketRest
    ) -> None:
        self._desk = desk
        self._book = book
        self._exits = exits
        self._states = states
        self._baskets = baskets

    def submit(
        self,
        account: str,
        request_id: str,
        wish: PersonsWish,
        actor: str,
        and_then: Callable[[Decision], Decision] = lambda decision: decision,
    ) -> Receipt:
        """Looks at the wish and writes its intents, or says which rules it breaks.

        `and_then` has a last word on what would be written: it may break it, or have more written with it.
        """
        decide = self._decider(account, request_id, wish, actor)

        def last_word() -> Decision:
            decision = decide()
            return decision if decision.broken else and_then(decision)

        return self._book.submit(account, request_id, wish, actor, last_word)

    def look(self, account: str, request_id: str, wish: PersonsWish, actor: str) -> Decision:
        """What the wish would come to now: the rules that it breaks, or the intents that nobody writes yet.
        The position that an exit names is only looked at. Raises BadInput for an id that is none."""
        check_id(request_id)
        if isinstance(wish, ExitPosition):
            as_of, looked = self._desk.moment(), self._look_at_exit(account, wish)
            return Decision(as_of, looked if isinstance(looked, tuple) else ())
        return self._decider(account, request_id, wish, actor)()

    def last_prices(self, identifiers: Iterable[str]) -> Mapping[str, Decimal]:
        """Rupees by EXCHANGE:TRADINGSYMBOL now, of those of them that the broker quotes."""
        quotes = self._desk.look(identifiers, buying=False)
        return {identifier: quote.last_price for identifier, quote in quotes.items()}

    def lot_size(self, exchange: str, tradingsymbol: str) -> int:
        """Units of a lot; 1 of what is not listed."""
        found = self._desk.listed(exchange, tradingsymbol)
        return 1 if found is None else found.lot_size

    def state(self, account: str, request_id: str, patience: timedelta) -> RequestState:
        """What has become of a request, after the broker's answers or `patience` of wall time.

        Of a basket that wants it, what stands has been cancelled, at this look at the latest, where one order
        has ended in vain. Raises BadInput for a request that was not accepted.
        """
        request = load(self._desk.store, PersonsRequest, request_key(account, request_id))
        if request is None:
            raise BadInput(f"account {account!r} has accepted no request {request_id!r}")
        views = self._states.of(account, request.intent_ids, patience)
        cancels = self._baskets.look(request, self._desk.moment()) if request.cancel_rest else ()
        return RequestState(request_id, views, cancels)

    def intent_states(
        self, account: str, intent_ids: tuple[str, ...], patience: timedelta
    ) -> tuple[IntentView, ...]:
        """The same for single intents, whoever wanted them."""
        return self._states.of(account, intent_ids, patience)

    def _decider(
        self, account: str, request_id: str, wish: PersonsWish, actor: str
    ) -> Callable[[], Decision]:
        asked = (self._desk, account, request_id)
        match wish:
            case PlaceOrder():
                return lambda: decide_order(*asked, wish, actor)
            case Basket():
                return lambda: decide_basket(*asked, wish, actor)
            case ModifyOrder():
                return lambda: decide_change(*asked, wish, actor)
            case CancelOrder():
                return lambda: decide_cancel(*asked, wish, actor)
            case ExitPosition():
                return lambda: self._decide_exit(account, wish, actor)
            case PlaceGtt():
                return lambda: decide_trigger(*asked, wish, actor)
            case ModifyGtt():
                return lambda: decide_trigger_change(*asked, wish, actor)
            case DeleteGtt():
                return lambda: decide_deletion(*asked, wish, actor)
            case ConvertPosition():
                return lambda: decide_conversion(*asked, wish, actor)
            # A change says all that a new one does, and more.
            case ModifyAlert():
                return lambda: decide_alert_change(*asked, wish, actor)
            case PlaceAlert():
                return lambda: decide_alert(*asked, wish, actor)
            case DeleteAlert():
                return lambda: decide_alert_deletion(*asked, wish, actor)

    def _decide_exit(self, account: str, wish: ExitPosition, actor: str) -> Decision:
        """The exit that the position has by now, begun here or by somebody else: there is only ever one."""
        as_of, looked = self._desk.moment(), self._look_at_exit(account, wish)
        if isinstance(looked, tuple):
            return Decision(as_of, looked)
        self._exits.begin(looked.position, _PERSON, as_of, looked.last, looked.bid, actor, wish.price)
        closing = load(self._desk.store, Position, position_key(account, wish.position_id))
        begun = None if closing is None else closing.exit_intent_id
        if begun is None:
            busy = Broken("position_id", wish.position_id, "it is being changed at this moment: ask again")
            return Decision(as_of, (busy,))
        return Decision(as_of, known=(begun,))

    def _look_at_exit(self, account: str, wish: ExitPosition) -> "_Leaving | tuple[Broken, ...]":
        """What an exit would sell at, or the rules that it breaks."""
        as_of = self._desk.moment()
        position = load(self._desk.store, Position, position_key(account, wish.position_id))
        if position is None or position.state == "CLOSED":
            how = "there is none of this id" if position is None else "it is closed"
            return (Broken("position_id", wish.position_id, f"{how}: see the positions"),)
        facts = self._desk.facts(position.exchange, position.symbol, as_of, buying=False)
        if isinstance(facts, Broken):
            return (facts,)
        last, bid = self._seen(position, facts)
        broken = market_broken(_sale(position, wish, last, bid), facts)
        return broken or _Leaving(position, last, bid)

    def _seen(self, position: Position, facts: MarketFacts) -> tuple[Decimal, Decimal | None]:
        """The market now; without a quote what the guard has seen last, else what was paid."""
        if facts.quote is not None:
            return facts.quote.last_price, facts.quote.bid
        mark = load(self._desk.store, Mark, mark_key(position.position_id))
        return (mark.last_price, mark.bid) if mark is not None else (position.entry_price, None)


def _sale(position: Position, wish: ExitPosition, last: Decimal, bid: Decimal | None) -> OrderTerms:
    """The order that the exit comes to, for the rules to look at: the broker cuts it where it would be
    frozen.
    """
    option = is_option(position.exchange, position.symbol)
    return OrderTerms(
        account=position.account,
        mode=position.mode,
        exchange=position.exchange,
        tradingsymbol=position.symbol,
        transaction_type="SELL",
        quantity=position.open_quantity,
        order_type="LIMIT",
        product=position.product,
        price=wish.price or exit_limit(last, bid, position.tick_size, option=option),
        autoslice=True,
    )

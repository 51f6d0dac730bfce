"""What an account holds back for orders on their way: written with the proposal, gone with the order's end.

A reservation stands for what an order may still buy: its cost at the worst price it may pay, what it may lose
at its stop, and its place among the concurrent positions. It lives in the account's state of risk, so that
every decision is written against the reservations it has seen. Everything here is arithmetic on that state;
the caller writes it, in one transaction with the proposal, the intent or the position that it belongs to.
"""

from dataclasses import dataclass
from decimal import Decimal

from patang.approvals.proposal import Proposal
from patang.execution.intent import OrderIntent
from patang.portfolio.account_state import Reservation, RiskState

__all__ = ["DERIVATIVES", "Held", "bind", "held", "keep_rest", "release", "reserve", "reserve_again"]

# Whatever is bought there counts among the options.
DERIVATIVES = frozenset({"NFO", "BFO"})


@dataclass(frozen=True, slots=True)
class Held:
    """Sums over reservations: orders, those of them for options, rupees of cost, rupees at risk."""

    orders: int
    options: int
    exposure: Decimal
    risk_amount: Decimal


def held(state: RiskState, symbol: str | None = None, strategy: str | None = None) -> Held:
    """What is reserved in all, for one underlying or by one strategy."""
    found = [
        reserved
        for reserved in state.reservations.values()
        if symbol in (None, reserved.symbol) and strategy in (None, reserved.strategy)
    ]
    return Held(
        orders=len(found),
        options=sum(reserved.option for reserved in found),
        exposure=sum((reserved.exposure for reserved in found), Decimal(0)),
        risk_amount=sum((reserved.risk_amount for reserved in found), Decimal(0)),
    )


def reserve(state: RiskState, proposal: Proposal, exposure: Decimal) -> RiskState:
    """The state that holds `exposure` rupees, the proposal's risk and a place for the proposal's order."""
    return _with(state, proposal.order_id, _reservation(proposal, exposure))


def bind(state: RiskState, order_id: str, intent_id: str) -> RiskState | None:
    """The state in which the reservation belongs to this intent; None if nothing is reserved any more."""
    reserved = state.reservations.get(order_id)
    if reserved is None:
        return None
    return _with(state, order_id, reserved.model_copy(update={"intent_id": intent_id}))


def release(state: RiskState, order_id: str) -> RiskState:
    """The state without this order's reservation; the same object if it has none."""
    if order_id not in state.reservations:
        return state
    left = {name: reserved for name, reserved in state.reservations.items() if name != order_id}
    return state.model_copy(update={"reservations": left})


def keep_rest(state: RiskState, proposal: Proposal, old: OrderIntent, new: OrderIntent) -> RiskState:
    """The state when entry `old` has become `new`: the position holds what was bought, the reservation what
    may still come.

    An order that had been given up and turns up alive is reserved for again, at what it may pay.
    """
    rest = 0 if new.is_final else new.terms.quantity - new.filled_quantity
    if rest <= 0:
        return release(state, proposal.order_id)
    reserved = state.reservations.get(proposal.order_id)
    if reserved is None:
        return reserve_again(state, proposal, new)
    before = new.terms.quantity - old.filled_quantity
    part = reserved.model_copy(
        update={
            "exposure": reserved.exposure * rest / before,
            "risk_amount": reserved.risk_amount * rest / before,
        }
    )
    return _with(state, proposal.order_id, part)


def reserve_again(state: RiskState, proposal: Proposal, intent: OrderIntent) -> RiskState:
    """The state that holds what a live order without reservation may still buy, at the price it may pay."""
    rest = intent.terms.quantity - intent.filled_quantity
    if rest <= 0:
        return state
    price = intent.limit_price or intent.terms.price or proposal.signal.entry_price
    part = _reservation(proposal, rest * price).model_copy(
        update={
            "risk_amount": proposal.risk_amount * rest / proposal.quantity,
            "intent_id": intent.intent_id,
        }
    )
    return _with(state, proposal.order_id, part)


def _reservation(proposal: Proposal, exposure: Decimal) -> Reservation:
    signal = proposal.signal
    return Reservation(
        symbol=signal.underlying,
        strategy=signal.strategy,
        option=signal.exchange in DERIVATIVES,
        exposure=exposure,
        risk_amount=proposal.risk_amount,
        as_of=proposal.as_of,
    )


def _with(state: RiskState, order_id: str, reservation: Reservation) -> RiskState:
    return state.model_copy(update={"reservations": state.reservations | {order_id: reservation}})

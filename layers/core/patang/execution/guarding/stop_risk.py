"""What a position may lose at another stop, held against the limits of risk: pure arithmetic.

While its entry is open it counts whole: what is still to be bought is bought at the most that the order may
pay, and sold at the stop that a person has set, which no later fill moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from patang.execution.intent import OrderIntent
from patang.portfolio.account_state import Reservation, RiskState
from patang.portfolio.position import Position
from patang.risk.account_view import AccountView
from patang.risk.charges import leg_charges, segment_of
from patang.settings import Settings

__all__ = ["StopRisk", "reserved_for_stop", "stop_risk"]


@dataclass(frozen=True, slots=True)
class StopRisk:
    """What a position may lose at `stop`, in rupees. `coming` are the units that its entry may still buy.

    `loses` is the whole position with all its charges; `added` is how much more than is reckoned with
    already, by its stop and by what is reserved; below zero where it is less. `reserved` is what has to be
    reserved for the units to come, None where nothing is or enough is.
    """

    stop: Decimal
    coming: int
    loses: Decimal
    added: Decimal
    reserved: tuple[str, Reservation] | None = None

    def held_in(self, state: RiskState) -> RiskState:
        """The account's state of risk that reserves enough for what is still to be bought."""
        if self.reserved is None:
            return state
        order_id, reservation = self.reserved
        return state.model_copy(update={"reservations": state.reservations | {order_id: reservation}})

    def passed(self, view: AccountView, settings: Settings) -> Iterator[str]:
        """The limits of risk that the account passes with this stop, in sentences."""
        most = view.capital(settings) * settings.risk.risk_per_trade_pct / 100
        bought = f" once the {self.coming} units still on order are bought" if self.coming else ""
        if self.loses > most:
            yield (
                f"at this stop the position loses {self.loses:.2f} rupees with its charges{bought}, "
                f"and a trade may lose {most:.2f}"
            )
        over = self.added - view.daily_loss_left(settings)
        if over > 0:
            limit = view.loss_limit(settings)
            yield (
                f"with every stop hit the day loses {limit + over:.2f} rupees{bought}, "
                f"and may lose {limit:.2f}"
            )


def stop_risk(
    position: Position, stop: Decimal, entry: OrderIntent | None, state: RiskState, day: date
) -> StopRisk:
    """The risk of `position` at `stop`, with its entry as it stands and what `state` reserves for it.

    Raises StopTrading where the day has no sourced charges.
    """
    units, price = _coming(position, entry)
    open_units = position.open_quantity
    bought = (position.entry_price - stop) * open_units + position.entry_charges
    to_come = (price - stop) * units + _charges(position, "BUY", price, units, day)
    loses = bought + to_come + _charges(position, "SELL", stop, open_units + units, day)
    to_come += _charges(position, "SELL", stop, units, day)
    order_id = "" if entry is None else entry.order_id or ""
    reservation = state.reservations.get(order_id)
    reckoned = Decimal(0) if reservation is None else reservation.risk_amount
    more = max(to_come - reckoned, Decimal(0)) if units else Decimal(0)
    raised = None
    if reservation is not None and more > 0:
        raised = (order_id, reservation.model_copy(update={"risk_amount": to_come}))
    added = (position.stop_loss_price - stop) * open_units + more
    return StopRisk(stop, units, loses, added, raised)


def reserved_for_stop(
    state: RiskState, position: Position | None, entry: OrderIntent, day: date
) -> RiskState:
    """The state in which what is reserved for the rest of an entry is enough for the stop that a person has
    set; the same where nobody has. For a reservation that is made anew, of what was proposed: its order had
    been given up and has turned up alive.

    Raises StopTrading where the day has no sourced charges.
    """
    if position is None or "stop" not in position.by_hand:
        return state
    return stop_risk(position, position.stop_loss_price, entry, state, day).held_in(state)


def _coming(position: Position, entry: OrderIntent | None) -> tuple[int, Decimal]:
    """Units that the entry may still buy, and the most that one may cost, rupees."""
    if entry is None or entry.is_final:
        return 0, Decimal(0)
    price = entry.limit_price or entry.terms.price or position.entry_price
    return max(entry.terms.quantity - position.quantity, 0), price


def _charges(
    position: Position, side: Literal["BUY", "SELL"], price: Decimal, units: int, day: date
) -> Decimal:
    if units == 0:
        return Decimal(0)
    segment = segment_of(position.exchange, position.symbol, position.product)
    return leg_charges(segment, position.exchange, side, price, units, day).total

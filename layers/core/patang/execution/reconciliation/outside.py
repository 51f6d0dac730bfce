"""What the owner does with our positions by hand: first nothing more sells what is gone, then it is booked.

found short        open_quantity falls by what is gone (Position.outside), and with it all that may sell
nothing sells more the sale is booked at its price: CLOSED_EXTERNALLY, or the position goes on smaller
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from patang.execution.amendments import Amendments
from patang.execution.following.consequences import Notice, Settlement, tell
from patang.execution.following.exit_fills import book_result
from patang.execution.intent import OrderIntent
from patang.execution.journal import DESK, journal
from patang.execution.protection.protector import Protector
from patang.execution.reconciliation.holdings_check import Shortfall
from patang.execution.reconciliation.ledger import Ledger
from patang.keys import intent_key, mark_key, position_key
from patang.portfolio.ledger import Fill, after_exit
from patang.portfolio.position import Mark, OutsideSale, Position
from patang.portfolio.protection import Protection
from patang.ports import Clock, Metrics, Notifier, StateStore, Write
from patang.records import change, load, replace

__all__ = ["CLOSED_EXTERNALLY", "OutsideSales"]

CLOSED_EXTERNALLY = "CLOSED_EXTERNALLY"

# Market time after which a cancel that has shown no effect is asked for again.
_CANCEL_AGAIN = timedelta(seconds=30)


class OutsideSales:
    """Takes what is gone out of positions. Every step is repeated until it is done."""

    def __init__(
        self,
        store: StateStore,
        protector: Protector,
        amendments: Amendments,
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._protector = protector
        self._amendments = amendments
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def take_out(self, found: Iterable[Shortfall], ledger: Ledger, as_of: datetime) -> None:
        """Notes these units as gone, oldest position first, if the positions are still as they were seen."""
        for shortfall in found:
            if shortfall.cause == "CORPORATE_ACTION":
                continue
            left = shortfall.units
            for position in ledger.of_line(shortfall.line):
                units = min(left, position.open_quantity)
                if units > 0 and self._note(position, shortfall, units, as_of):
                    left -= units

    def settle(self, positions: Sequence[Position], as_of: datetime) -> int:
        """Takes the next step of every position of which something is gone; how many are not booked yet."""
        gone = [position for position in positions if position.outside is not None]
        return sum(not self._settle_one(position, as_of) for position in gone)

    def end_protection(self, closed: Iterable[Position], as_of: datetime) -> None:
        """Takes away what still rests for positions that are closed: no other sweep comes to them, and it
        would sell what is somebody else's."""
        for position in closed:
            if position.protection is not None and position.protection.may_sell:
                self._protector.keep(position.account, position.position_id, as_of)

    def _settle_one(self, position: Position, as_of: datetime) -> bool:
        """True once it is booked."""
        self._protector.keep(position.account, position.position_id, as_of)
        self._stop_exit(position, as_of)
        done = change(self._store, lambda: self._decide_booking(position, as_of))
        if done is None:
            return False
        tell(self._notifier, self._metrics, done.notices)
        return True

    def by_owner(
        self, account: str, position_id: str, units: int, price: Decimal, actor: str, as_of: datetime
    ) -> Position | None:
        """The owner's word that so many units were sold for `price` rupees each; None if that many are not
        held."""
        position = load(self._store, Position, position_key(account, position_id))
        if position is None or position.state == "CLOSED" or not 0 < units <= position.open_quantity:
            return None
        sale = OutsideSale(units=units, price=price, time=as_of, cause="HAND_SALE")
        return position if self._write(position, sale, as_of, actor) else None

    def _note(self, position: Position, found: Shortfall, units: int, as_of: datetime) -> bool:
        sale = OutsideSale(
            units=units, price=found.price, time=found.time or as_of, cause=found.cause, product=found.product
        )
        return self._write(position, sale, as_of, DESK)

    def _write(self, seen: Position, sale: OutsideSale, as_of: datetime, actor: str) -> bool:
        now = self._clock.now()

        def decide() -> tuple[bool, Sequence[Write]]:
            current = load(self._store, Position, seen.key())
            # What was seen is what was compared: a fill since then makes it another question.
            if current is None or current.revision != seen.revision or current.outside is not None:
                return False, ()
            told = journal(
                current.account,
                "SOLD_OUTSIDE" if sale.product is None else "CONVERTED_OUTSIDE",
                f"{current.position_id}#{current.revision}",
                as_of,
                now,
                actor,
                position_id=current.position_id,
                symbol=current.symbol,
                quantity=sale.units,
                price=sale.price,
                cause=sale.cause,
                product=sale.product,
            )
            # What sells too much from here on is changed now, whatever was refused of it before.
            resting = current.protection
            kept = resting.unhindered() if resting is not None and resting.may_sell else resting
            return True, (replace(current.evolve(outside=sale, protection=kept)), told)

        return change(self._store, decide)

    def _stop_exit(self, position: Position, as_of: datetime) -> None:
        """An exit on its way that would sell more than is left is cancelled; what is left is sold again."""
        current = load(self._store, Position, position.key())
        selling = None if current is None else self._selling(current)
        if current is None or selling is None or _left(selling, current) <= current.open_quantity:
            return
        if selling.cancels and selling.amended_at and as_of < selling.amended_at + _CANCEL_AGAIN:
            return
        self._amendments.cancel(selling, as_of, "its position was sold outside the desk")

    def _selling(self, position: Position) -> OrderIntent | None:
        """The exit order that still stands, or may."""
        if position.state != "CLOSING" or position.exit_intent_id is None:
            return None
        intent = load(self._store, OrderIntent, intent_key(position.account, position.exit_intent_id))
        sells = intent is not None and intent.kind in ("EXIT", "PROTECT") and not intent.is_final
        return intent if sells else None

    def _decide_booking(self, seen: Position, as_of: datetime) -> tuple[Settlement | None, Sequence[Write]]:
        current = load(self._store, Position, seen.key())
        if current is None or current.outside is None:
            return Settlement(), ()
        if current.state == "CLOSED":
            return None, ()
        selling, resting = self._selling(current), current.protection
        if selling is not None and _left(selling, current) > current.open_quantity:
            return None, ()
        if resting is not None and resting.may_sell and _is_too_much(resting, current):
            return None, ()
        done, now = Settlement(), self._clock.now()
        if current.outside.product is not None:
            done.writes.append(replace(current.evolve(product=current.outside.product, outside=None)))
            return done, done.writes
        self._book(done, current, current.outside, as_of, now)
        return done, done.writes

    def _book(
        self, done: Settlement, current: Position, sale: OutsideSale, as_of: datetime, now: datetime
    ) -> None:
        price = sale.price if sale.price is not None else self._last_price(current)
        fill = Fill(sale.units, price, sale.time)
        changed = after_exit(current.evolve(outside=None), None, fill, price)
        if changed.state == "CLOSED":
            changed = changed.evolve(exit_reason=CLOSED_EXTERNALLY)
            book_result(self._store, done, current, changed, as_of, now)
            changed = changed.evolve(booked_charges=changed.entry_charges + (changed.exit_charges or 0))
        done.writes += [
            replace(changed),
            journal(
                current.account,
                CLOSED_EXTERNALLY if changed.state == "CLOSED" else "REDUCED_EXTERNALLY",
                f"{current.position_id}#{changed.exited_quantity}",
                as_of,
                now,
                position_id=current.position_id,
                symbol=current.symbol,
                quantity=sale.units,
                left=changed.open_quantity,
                price=price,
                price_known=sale.price is not None,
                cause=sale.cause,
            ),
        ]
        known = "" if sale.price is not None else ", the last price seen: what was paid is not known"
        text = (
            f"{sale.units} {current.symbol} were sold outside the desk at {price}{known}; "
            f"{changed.open_quantity} are left to it."
        )
        done.notices.append(Notice("Sold by hand", text, "closed_externally"))

    def _last_price(self, position: Position) -> Decimal:
        mark = load(self._store, Mark, mark_key(position.position_id))
        return position.entry_price if mark is None else mark.last_price


def _left(selling: OrderIntent, position: Position) -> int:
    """Units that an exit may still sell: a stop that has become one was changed since it was written."""
    laid = position.protection
    whole = laid.quantity if laid is not None and laid.intent_id == selling.intent_id else None
    return (selling.terms.quantity if whole is None else whole) - selling.filled_quantity


def _is_too_much(resting: Protection, position: Position) -> bool:
    """Whether it sells more than is left, or may once a change that is on its way has arrived."""
    return resting.amended_by is not None or resting.quantity > position.open_quantity

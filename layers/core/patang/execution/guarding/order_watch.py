"""Orders that stand too long: entries are cancelled, at once where their account is stopped, exits and stops
whose limit was jumped follow the price down until nothing is left."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from patang.execution.amendments import Amendments, remind
from patang.execution.following.consequences import Notice, name_of, tell
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal, told_first
from patang.execution.prices import exit_limit, is_option
from patang.execution.protection.protector import Protector
from patang.keys import LIVE_INTENTS, OPEN_POSITIONS, intent_key, position_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import Position
from patang.ports import Clock, IntentQueue, Metrics, Notifier, StateStore
from patang.records import load, load_index
from patang.settings import Settings

__all__ = ["LastPrice", "OrderWatch"]

# Market time an exit may stand unfilled before it follows the price.
_EXIT_PATIENCE = timedelta(seconds=5)
# Market time after which a cancel that has shown no effect is asked for again.
_CANCEL_PATIENCE = timedelta(seconds=30)
# Market time after which a limit that the broker has refused is asked for again.
_REFUSED_PATIENCE = timedelta(seconds=60)
# Wall time a sent order needs to come back; a fast replay must not outrun it.
_ROUND_TRIP = timedelta(seconds=2)
# Wall time after which an exit that nobody has claimed is told to the lane again.
_UNCLAIMED = timedelta(seconds=10)
# The broker takes 25 modifications of an order; the last few are left to a person.
_MOST_MODIFICATIONS = 20
# Market time after which an exit that follows the price in vain is a case for its owner.
_IN_VAIN = timedelta(seconds=60)


class LastPrice(Protocol):
    """The last price of an instrument, in rupees."""

    @property
    def price(self) -> Decimal: ...

    @property
    def bid(self) -> Decimal | None: ...


class OrderWatch:
    """Looks after live orders in market time; remembers only when, by the wall's clock, it touched each."""

    def __init__(
        self,
        store: StateStore,
        amendments: Amendments,
        protector: Protector,
        queue: IntentQueue,
        settings: Callable[[], Settings],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._amendments = amendments
        self._protector = protector
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics
        self._touched: dict[str, datetime] = {}
        self._following: dict[str, datetime] = {}

    def check(self, as_of: datetime, last_prices: Mapping[str, LastPrice]) -> None:
        """`last_prices` by position_id."""
        mode = self._settings().mode
        live = [i for i in load_index(self._store, OrderIntent, LIVE_INTENTS) if i.terms.mode == mode]
        self._touched = {i.intent_id: t for i in live if (t := self._touched.get(i.intent_id))}
        self._following = {i.intent_id: t for i in live if (t := self._following.get(i.intent_id))}
        for intent in live:
            if intent.state == "NEW" and intent.kind != "ENTRY":
                self._remind(intent)
            elif intent.state == "ACKED" and intent.kind == "ENTRY":
                self._end_entry(intent, as_of)
            elif intent.state == "ACKED" and intent.kind in ("EXIT", "PROTECT"):
                self._follow_price(intent, as_of, last_prices.get(intent.position_id or ""))
        self._protector.sweep(load_index(self._store, Position, OPEN_POSITIONS), as_of)

    def _remind(self, intent: OrderIntent) -> None:
        """The process that wrote it may have died before it told the lane; telling twice is harmless."""
        if self._rested(intent, _UNCLAIMED):
            remind(self._queue, intent, self._clock.now())

    def _end_entry(self, intent: OrderIntent, as_of: datetime) -> None:
        patience = timedelta(seconds=self._settings().entry_order_seconds)
        stopped = self._is_stopped(intent.account, as_of)
        if (as_of < intent.as_of + patience and not stopped) or not self._rested(intent, _ROUND_TRIP):
            return
        if intent.cancels and intent.amended_at and as_of < intent.amended_at + _CANCEL_PATIENCE:
            return
        why = "entries are stopped" if stopped else f"unfilled after {patience.seconds} s"
        if self._amendments.cancel(intent, as_of, why) and not stopped:
            self._metrics.count("entries_timed_out", intent_id=intent.intent_id)
            bought = f"{intent.filled_quantity} of {intent.terms.quantity} were bought"
            text = (
                f"{name_of(intent)} was not filled in {patience.seconds} s and is being cancelled; {bought}."
            )
            self._tell_once(
                intent, "ENTRY_TIMED_OUT", as_of, Notice("Entry timed out", text, "order_timed_out", "order")
            )

    def _is_stopped(self, account: str, as_of: datetime) -> bool:
        risk = load(self._store, RiskState, risk_key(account))
        return risk is not None and risk.is_halted_on(as_of.astimezone(IST).date())

    def _follow_price(self, intent: OrderIntent, as_of: datetime, last: LastPrice | None) -> None:
        position = load(self._store, Position, position_key(intent.account, intent.position_id or ""))
        if last is None or position is None or not _sells_now(intent, position):
            return
        begun = intent.as_of if intent.kind == "EXIT" else as_of
        since = self._following.setdefault(intent.intent_id, begun)
        if as_of < (intent.amended_at or since) + _EXIT_PATIENCE or not self._rested(intent, _ROUND_TRIP):
            return
        self._call_for_help(intent, position, as_of, since)
        if intent.modifications >= _MOST_MODIFICATIONS:
            self._start_over(intent, as_of)
            return
        option = is_option(position.exchange, position.symbol)
        price = exit_limit(last.price, last.bid, position.tick_size, option=option)
        standing = intent.limit_price or intent.terms.price
        if standing is not None and price >= standing:
            return
        if not self._was_refused(intent, price, as_of):
            self._amendments.reprice(intent, price, as_of, "unfilled while the price moved away")
            self._metrics.count("exits_repriced", intent_id=intent.intent_id)

    def _was_refused(self, intent: OrderIntent, price: Decimal, as_of: datetime) -> bool:
        """Whether this very limit was refused a moment ago: below the day's price band it always is, and each
        try counts among the day's orders."""
        asked_at = intent.amended_at
        if not intent.modifications or asked_at is None or as_of >= asked_at + _REFUSED_PATIENCE:
            return False
        name = intent_id(intent.account, "modify", asked_at.date(), intent.intent_id, intent.modifications)
        last = load(self._store, OrderIntent, intent_key(intent.account, name))
        return last is not None and last.state == "REJECTED" and last.terms.price == price

    def _call_for_help(
        self, intent: OrderIntent, position: Position, as_of: datetime, since: datetime
    ) -> None:
        """Once for a stop whose limit was jumped, once for an exit that nobody takes."""
        held = f"{position.open_quantity} {position.symbol} are still held"
        resting = position.protection
        if intent.kind == "PROTECT" and resting is not None and resting.state == "RESTING":
            text = f"{name_of(intent)}: its limit was jumped and {held}. It follows the price down."
            self._tell_once(intent, "STOP_JUMPED", as_of, Notice("Stop jumped", text, "stop_jumped"))
        if as_of >= since + _IN_VAIN:
            seconds = (as_of - since).seconds
            text = f"{name_of(intent)} follows the price for {seconds} s: {held}. Look at the market."
            self._tell_once(intent, "EXIT_IN_VAIN", as_of, Notice("Exit not filled", text, "exit_in_vain"))

    def _tell_once(self, intent: OrderIntent, kind: str, as_of: datetime, notice: Notice) -> None:
        event = journal(
            intent.account, kind, intent.intent_id, as_of, self._clock.now(), intent_id=intent.intent_id
        )
        if told_first(self._store, event):
            tell(self._notifier, self._metrics, [notice])

    def _start_over(self, intent: OrderIntent, as_of: datetime) -> None:
        """Cancelled, the position is open again and the guard sells it with a new order."""
        if intent.cancels and intent.amended_at and as_of < intent.amended_at + _CANCEL_PATIENCE:
            return
        self._amendments.cancel(intent, as_of, "no more modifications left")

    def _rested(self, intent: OrderIntent, pause: timedelta) -> bool:
        now = self._clock.now()
        since = self._touched.get(intent.intent_id, intent.sending_at or intent.written_at)
        if now - since < pause:
            return False
        self._touched[intent.intent_id] = now
        return True


def _sells_now(intent: OrderIntent, position: Position) -> bool:
    """Whether this order is a position's exit and waits for no trigger."""
    if intent.kind == "EXIT":
        return True
    is_exit = position.state == "CLOSING" and position.exit_intent_id == intent.intent_id
    changing = position.protection is not None and position.protection.amended_by is not None
    return is_exit and not changing and intent.broker_status != "TRIGGER PENDING"

"""Good-till-triggered orders: conditions at the broker that place a limit order when a price is reached."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.broker import Broker
from patang_workbench.exchange.errors import InputError, KiteError, MissingError
from patang_workbench.exchange.gtt_terms import Condition, Leg, read_gtt
from patang_workbench.exchange.hours import IST, rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Order, Terms, stamp

__all__ = ["STATES", "Gtt", "Gtts"]

STATES = ("active", "triggered", "disabled", "expired", "cancelled", "rejected", "deleted")
_LIFE = timedelta(days=365)


@dataclass(slots=True)
class Gtt:
    """A trigger with its orders, one a trigger price. Prices in paise.

    `results` holds what came of each order, None while nothing did.
    """

    number: int
    account: Account
    api_key: str | None
    line: Line
    condition: Condition
    legs: tuple[Leg, ...]
    created: datetime
    updated: datetime
    expires: datetime
    status: str = "active"
    results: list[dict[str, Any] | None] = field(default_factory=list)

    def leg_reached(self, last: int) -> int | None:
        """The place of the trigger price that `last` has reached."""
        values, from_price = self.condition.triggers, self.condition.last
        for place, value in enumerate(values):
            if last >= value if value > from_price else last <= value:
                return place
        return None

    def describe(self) -> dict[str, Any]:
        """The trigger as the broker shows it."""
        row = self.line.instrument
        return {
            "id": self.number,
            "user_id": self.account.user_id,
            "parent_trigger": None,
            "type": "single" if len(self.legs) == 1 else "two-leg",
            "created_at": stamp(self.created),
            "updated_at": stamp(self.updated),
            "expires_at": stamp(self.expires),
            "status": self.status,
            "condition": {
                "exchange": row.exchange,
                "last_price": rupees(self.condition.last),
                "tradingsymbol": row.tradingsymbol,
                "trigger_values": [rupees(value) for value in self.condition.triggers],
                "instrument_token": row.token,
            },
            "orders": [
                {**_order_words(self.line, leg), "result": result}
                for leg, result in zip(self.legs, self.results, strict=True)
            ],
            "meta": {},
        }


class Gtts:
    """The triggers of all accounts. What they place goes through `broker`, at market time `now`."""

    def __init__(self, broker: Broker, now: Callable[[], datetime]) -> None:
        self._broker = broker
        self._now = now
        self._numbers = count(100_001)
        self._known: dict[int, Gtt] = {}
        self._active: dict[int, list[Gtt]] = {}

    def place(self, account: Account, api_key: str | None, form: Mapping[str, str]) -> Gtt:
        """Take a new trigger. Its quantity and the funds for it are not looked at before it triggers. Raises
        InputError for what cannot be read or stands too near to the price.
        """
        condition, legs, line = read_gtt(form, self._broker.floor)
        most = self._broker.rules.most_gtts
        active = sum(gtt.account is account for gtts in self._active.values() for gtt in gtts)
        if active >= most:
            raise InputError(f"You have reached the limit of {most} active GTTs. Delete one of them first.")
        now = self._now()
        words = (next(self._numbers), account, api_key, line, condition, legs, now, now, _end(line, now))
        gtt = Gtt(*words, results=[None] * len(legs))
        self._known[gtt.number] = gtt
        self._active.setdefault(line.instrument.token, []).append(gtt)
        return gtt

    def modify(self, account: Account, number: int, form: Mapping[str, str]) -> Gtt:
        """Change an active trigger. Raises MissingError, InputError."""
        gtt = self._changeable(account, number)
        condition, legs, line = read_gtt(form, self._broker.floor)
        if line is not gtt.line or len(legs) != len(gtt.legs):
            raise InputError("The instrument and the type of a GTT cannot be changed.")
        gtt.condition, gtt.legs, gtt.updated = condition, legs, self._now()
        return gtt

    def delete(self, account: Account, number: int) -> Gtt:
        """Take an active trigger away. Raises MissingError, InputError."""
        gtt = self._changeable(account, number)
        self.end(gtt, "deleted")
        return gtt

    def find(self, account: Account, number: int) -> Gtt:
        """A trigger of the account. Raises MissingError."""
        gtt = self._known.get(number)
        if gtt is None or gtt.account is not account:
            raise MissingError(f"GTT {number} not found.")
        return gtt

    def of(self, account: Account) -> list[Gtt]:
        """The account's triggers, oldest first."""
        return [gtt for gtt in self._known.values() if gtt.account is account]

    def end(self, gtt: Gtt, status: str) -> None:
        """Give a trigger another state than active."""
        gtt.status, gtt.updated = status, self._now()
        token = gtt.line.instrument.token
        held = [other for other in self._active.get(token, ()) if other is not gtt]
        if held:
            self._active[token] = held
        else:
            self._active.pop(token, None)

    def ticked(self, lines: Iterable[Line]) -> None:
        """Trigger what the last prices of these instruments have reached."""
        if not self._active:
            return
        for line in lines:
            for gtt in self._active.get(line.instrument.token, ()):
                place = gtt.leg_reached(line.last)
                if place is not None:
                    self._trigger(gtt, place)

    def expire(self) -> None:
        """End the triggers whose time is over: a year, or the contract's life."""
        now = self._now()
        for gtts in list(self._active.values()):
            for gtt in gtts:
                if now >= gtt.expires:
                    self.end(gtt, "expired")

    def _trigger(self, gtt: Gtt, place: int) -> None:
        leg, last = gtt.legs[place], gtt.line.last
        meta = {"app_id": 1, "gtt": gtt.number}
        self.end(gtt, "triggered")
        try:
            order = self._broker.take(gtt.account, gtt.api_key, _terms(gtt.line, leg), meta)
        except KiteError as refused:
            gtt.status = "rejected"
            outcome = {"status": "failed", "order_id": "", "rejection_reason": refused.message}
        else:
            self._broker.progress(order)
            outcome = _outcome(order)
        gtt.results[place] = {
            "account_id": gtt.account.user_id,
            **_order_words(gtt.line, leg),
            "validity": "DAY",
            "meta": json.dumps(meta, separators=(",", ":")),
            "timestamp": stamp(self._now()),
            "triggered_at": rupees(last),
            "order_result": outcome,
        }

    def _changeable(self, account: Account, number: int) -> Gtt:
        gtt = self.find(account, number)
        if gtt.status != "active":
            raise InputError(f"GTT {number} cannot be changed: it is {gtt.status}.")
        return gtt


def _outcome(order: Order) -> dict[str, str]:
    if order.status == "REJECTED":
        return {"status": "failed", "order_id": "", "rejection_reason": str(order.message)}
    return {"status": "success", "order_id": order.order_id, "rejection_reason": ""}


def _terms(line: Line, leg: Leg) -> Terms:
    row = line.instrument
    return Terms(row.exchange, row.tradingsymbol, leg.side, leg.quantity, leg.product, "LIMIT", leg.price)


def _order_words(line: Line, leg: Leg) -> dict[str, Any]:
    row = line.instrument
    return {
        "exchange": row.exchange,
        "tradingsymbol": row.tradingsymbol,
        "product": leg.product,
        "order_type": "LIMIT",
        "transaction_type": leg.side,
        "quantity": leg.quantity,
        "price": rupees(leg.price),
    }


def _end(line: Line, now: datetime) -> datetime:
    expiry = line.instrument.expiry
    year = now + _LIFE
    return year if expiry is None else min(year, datetime.combine(expiry, time(15, 30), IST))

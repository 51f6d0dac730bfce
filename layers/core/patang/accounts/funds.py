"""What the broker says an account has, and the money that its owner has put in or taken out.

Positions that the desk did not open are not its business, but what they tie up is missing from the net funds.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from patang.errors import BadInput
from patang.execution.journal import DESK, journal
from patang.keys import cash_key, funds_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.ports import Clock, Key, Put, StateStore, Write
from patang.records import Record, change, create, load, replace
from patang.settings import Mode

__all__ = ["CashMovements", "DayCash", "Funds", "note_funds"]


# Half as long as what was told counts.
_TOLD_AGAIN = timedelta(minutes=5)


class Funds(Record):
    """The broker's net funds for equity and derivatives in rupees, as told at a wall time."""

    account: str
    mode: Mode
    net: Decimal
    told_at: datetime

    def key(self) -> Key:
        return funds_key(self.account)


class DayCash(Record):
    """Pay-ins less pay-outs of a day that are in the account's standing state, by who told of them."""

    account: str
    day: date
    told: dict[str, Decimal]

    def key(self) -> Key:
        return cash_key(self.account, self.day)


class CashMovements:
    """Books pay-ins and pay-outs, so that they are neither a gain nor a drawdown."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def by_owner(self, account: str, amount: Decimal, mode: Mode, actor: str, as_of: datetime) -> Decimal:
        """Adds a pay-in (above 0) or pay-out (below 0) in rupees; the account's new total of them.

        Raises BadInput for nothing.
        """
        if amount == 0 or not amount.is_finite():
            raise BadInput(f"a pay-in or pay-out of {amount} rupees: give an amount above or below zero")
        return change(self._store, lambda: self._add(account, actor, amount, mode, actor, as_of))

    def by_broker(self, account: str, margins: Mapping[str, Any], mode: Mode, as_of: datetime) -> None:
        """Takes the day's pay-ins and pay-outs, running totals in the reply of margins; again: no change."""
        equity = margins.get("equity", {})
        paid_in = _amount(equity.get("available", {}).get("intraday_payin"))
        paid_out = _amount(equity.get("utilised", {}).get("payout"))
        day = as_of.astimezone(IST).date()

        def decide() -> tuple[None, Sequence[Write]]:
            known = load(self._store, DayCash, cash_key(account, day))
            before = known.told.get("broker", Decimal(0)) if known else Decimal(0)
            if paid_in - paid_out == before:
                return None, ()
            more = paid_in - paid_out - before
            return None, self._add(account, "broker", more, mode, DESK, as_of)[1]

        change(self._store, decide)

    def _add(
        self, account: str, teller: str, amount: Decimal, mode: Mode, actor: str, as_of: datetime
    ) -> tuple[Decimal, Sequence[Write]]:
        day = as_of.astimezone(IST).date()
        known = load(self._store, DayCash, cash_key(account, day))
        cash = known or DayCash(account=account, day=day, told={})
        cash = cash.evolve(told=cash.told | {teller: cash.told.get(teller, Decimal(0)) + amount})
        risk = load(self._store, RiskState, risk_key(account))
        standing = (risk or RiskState(account=account)).in_mode(mode)
        total = standing.net_paid_in + amount
        standing = standing.evolve(net_paid_in=total, results_mode=mode)
        told = journal(
            account,
            "CASH_MOVED",
            f"{day}#{teller}#{cash.revision + 1}",
            as_of,
            self._clock.now(),
            actor,
            amount=amount,
            told_by=teller,
            net_paid_in=total,
        )
        return total, (
            create(cash) if known is None else replace(cash),
            create(standing) if risk is None else replace(standing),
            told,
        )


def note_funds(
    store: StateStore, account: str, margins: Mapping[str, Any], mode: Mode, now: datetime
) -> None:
    """Keeps the broker's net funds, unless the same were told a moment ago. A reply without them leaves what
    was known.
    """
    try:
        net = Decimal(str(margins.get("equity", {}).get("net")))
    except InvalidOperation:
        return
    known = load(store, Funds, funds_key(account))
    if known is not None and (known.mode, known.net) == (mode, net) and now - known.told_at < _TOLD_AGAIN:
        return
    funds = Funds(account=account, mode=mode, net=net, told_at=now)
    store.write(Put(funds.key(), funds.model_dump(mode="json", exclude_none=True)))


def _amount(told: object) -> Decimal:
    try:
        return Decimal(str(told))
    except InvalidOperation:
        return Decimal(0)

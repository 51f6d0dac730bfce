"""What the broker says an account has, and the money that its owner has put in or taken out.

Positions that the desk did not open are not its business, but what they tie up is missing from the net funds.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from pydantic import Field

from patang.errors import BadInput
from patang.execution.journal import DESK, journal
from patang.keys import cash_key, funds_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.ports import Clock, Key, Put, StateStore, Write
from patang.records import Record, change, create, load, replace
from patang.settings import Mode

__all__ = ["Booked", "CashMovements", "DayCash", "Funds", "note_funds"]

# Who tells of a pay-in, where no person does.
_BROKER = "broker"
# Half as long as what was told counts.
_TOLD_AGAIN = timedelta(minutes=5)


class Funds(Record):
    """What an account has at the broker in rupees, as told at a wall time.

    `net` is free for equity and derivatives, `cash` of it paid in, `used` blocked by orders and positions;
    `holdings_value` is what settled shares were worth when they were last looked at. None: not told.
    """

    account: str
    mode: Mode
    net: Decimal
    cash: Decimal | None = None
    used: Decimal | None = None
    holdings_value: Decimal | None = None
    told_at: datetime

    def key(self) -> Key:
        return funds_key(self.account)


class DayCash(Record):
    """Pay-ins and pay-outs of one day in one mode, in rupees by who told of them: a person, or the broker."""

    account: str
    day: date
    mode: Mode
    paid_in: dict[str, Decimal] = Field(default_factory=dict)
    paid_out: dict[str, Decimal] = Field(default_factory=dict)

    def key(self) -> Key:
        return cash_key(self.account, self.day, self.mode)

    @property
    def net(self) -> Decimal:
        """What was paid in less what was paid out. Of either, what people and the broker tell is the same
        money: the larger of the two counts."""
        return _larger(self.paid_in) - _larger(self.paid_out)


class Booked(NamedTuple):
    """What a telling came to, in rupees: `moved` is how much of it was news, `net_paid_in` the account's
    total of its mode."""

    moved: Decimal
    net_paid_in: Decimal


class CashMovements:
    """Books pay-ins and pay-outs, so that they are neither a gain nor a drawdown."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def by_owner(
        self,
        account: str,
        amount: Decimal,
        mode: Mode,
        actor: str,
        as_of: datetime,
        day: date | None = None,
    ) -> Booked:
        """Adds a pay-in (above 0) or pay-out (below 0) in rupees of `day`, or of the day of `as_of`.

        What the broker tells of the same day, before or after, is the same money and is booked once.
        Raises BadInput for nothing, and for a day that is still to come.
        """
        # On a weekend the market's time is Friday's still.
        today = max(as_of, self._clock.now()).astimezone(IST).date()
        moved_on = day or as_of.astimezone(IST).date()
        if amount == 0 or not amount.is_finite():
            raise BadInput(f"a pay-in or pay-out of {amount} rupees: give an amount above or below zero")
        if moved_on > today:
            raise BadInput(
                f"a pay-in or pay-out of {moved_on}, which is after {today}: give the day it was made"
            )

        def decide() -> tuple[Booked, Sequence[Write]]:
            known = self._known(account, moved_on, mode)
            sums = known.paid_in if amount > 0 else known.paid_out
            added = sums | {actor: sums.get(actor, Decimal(0)) + abs(amount)}
            told = known.evolve(**{"paid_in" if amount > 0 else "paid_out": added})
            return self._book(known, told, actor, amount, actor, as_of)

        return change(self._store, decide)

    def by_broker(self, account: str, margins: Mapping[str, Any], mode: Mode, as_of: datetime) -> None:
        """Takes the day's pay-ins and pay-outs, running totals in the reply of margins; again: no change. A
        total that a reply leaves out stays what it was."""
        equity = margins.get("equity", {})
        paid_in = _amount(equity.get("available", {}).get("intraday_payin"))
        paid_out = _amount(equity.get("utilised", {}).get("payout"))
        day = as_of.astimezone(IST).date()

        def decide() -> tuple[None, Sequence[Write]]:
            known = self._known(account, day, mode)
            told = known.evolve(
                paid_in=_with_brokers(known.paid_in, paid_in),
                paid_out=_with_brokers(known.paid_out, paid_out),
            )
            if told == known:
                return None, ()
            amount = _net_of(told, _BROKER) - _net_of(known, _BROKER)
            return None, self._book(known, told, _BROKER, amount, DESK, as_of)[1]

        change(self._store, decide)

    def _known(self, account: str, day: date, mode: Mode) -> DayCash:
        known = load(self._store, DayCash, cash_key(account, day, mode))
        return known or DayCash(account=account, day=day, mode=mode)

    def _book(
        self, known: DayCash, told: DayCash, teller: str, amount: Decimal, actor: str, as_of: datetime
    ) -> tuple[Booked, Sequence[Write]]:
        """Moves the account's total by the difference that the telling makes to the day."""
        risk = load(self._store, RiskState, risk_key(told.account))
        standing = (risk or RiskState(account=told.account)).in_mode(told.mode)
        booked = Booked(told.net - known.net, standing.net_paid_in + told.net - known.net)
        standing = standing.evolve(net_paid_in=booked.net_paid_in, results_mode=told.mode)
        event = journal(
            told.account,
            "CASH_MOVED",
            f"{told.day}#{told.mode}#{teller}#{known.revision + 1}",
            as_of,
            self._clock.now(),
            actor,
            day=told.day.isoformat(),
            mode=told.mode,
            amount=amount,
            told_by=teller,
            moved=booked.moved,
            net_paid_in=booked.net_paid_in,
        )
        return booked, (
            replace(told) if known.revision else create(told),
            create(standing) if risk is None else replace(standing),
            event,
        )


def _larger(told: Mapping[str, Decimal]) -> Decimal:
    """Of what people have told together and what the broker has."""
    people = sum((amount for teller, amount in told.items() if teller != _BROKER), Decimal(0))
    return max(people, told.get(_BROKER, Decimal(0)))


def _net_of(cash: DayCash, teller: str) -> Decimal:
    return cash.paid_in.get(teller, Decimal(0)) - cash.paid_out.get(teller, Decimal(0))


def _with_brokers(told: Mapping[str, Decimal], total: Decimal | None) -> Mapping[str, Decimal]:
    """With the broker's running total, where it tells one that is news."""
    if total is None or total == told.get(_BROKER, Decimal(0)):
        return told
    return {**told, _BROKER: total}


def note_funds(
    store: StateStore,
    account: str,
    margins: Mapping[str, Any],
    mode: Mode,
    now: datetime,
    holdings_value: Decimal | None = None,
) -> None:
    """Keeps the account's funds, unless the same were told a moment ago. A reply of margins without them
    leaves what was known, and who does not know the holdings their worth.
    """
    equity = margins.get("equity", {})
    net = _amount(equity.get("net"))
    if net is None:
        return
    known = load(store, Funds, funds_key(account))
    earlier = None if known is None or known.mode != mode else known
    told = Funds(
        account=account,
        mode=mode,
        net=net,
        cash=_amount(equity.get("available", {}).get("cash")),
        used=_amount(equity.get("utilised", {}).get("debits")),
        holdings_value=earlier.holdings_value if earlier and holdings_value is None else holdings_value,
        told_at=now,
    )
    if earlier and now - earlier.told_at < _TOLD_AGAIN and told == earlier.evolve(told_at=now, revision=0):
        return
    store.write(Put(told.key(), told.model_dump(mode="json", exclude_none=True)))


def _amount(told: object) -> Decimal | None:
    try:
        return Decimal(str(told))
    except InvalidOperation:
        return None

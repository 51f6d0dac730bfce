"""What an account has at the broker as somebody has last seen it: shares and margins.

Whoever shows an account reads these; only the reconciler asks the broker, once for everybody who looks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from patang.keys import holdings_key, margins_key
from patang.ports import BrokerHolding, Key, Put, StateStore
from patang.records import Record, load
from patang.settings import Mode

__all__ = ["HoldingsSeen", "MarginsSeen", "SegmentSeen", "SharesSeen", "note_holdings", "note_margins"]

# Wall time after which the same is written down once more, so that it is known how old it is.
_TOLD_AGAIN: Final = timedelta(minutes=5)
# An item has 400 KB, a row about a fifth of one.
_MOST_ROWS: Final = 1000


class _Seen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SharesSeen(_Seen):
    """A share in the demat account. `quantity` is settled, `t1_quantity` on its way, `used_quantity` sold
    today, `collateral_quantity` pledged; prices are rupees a unit, None where the broker tells none."""

    exchange: str
    symbol: str
    quantity: int
    t1_quantity: int = 0
    used_quantity: int = 0
    collateral_quantity: int = 0
    average_price: Decimal
    last_price: Decimal | None = None
    close_price: Decimal | None = None

    @property
    def held(self) -> int:
        """Units that are worth something now: settled and on their way."""
        return self.quantity + self.t1_quantity

    @property
    def cost(self) -> Decimal:
        return self.held * self.average_price

    @property
    def value(self) -> Decimal | None:
        """Rupees at the last price."""
        return None if self.last_price is None else self.held * self.last_price

    @property
    def day_change(self) -> Decimal | None:
        """Rupees since the close of the session before."""
        if self.last_price is None or not self.close_price:
            return None
        return self.held * (self.last_price - self.close_price)


class HoldingsSeen(Record):
    """An account's shares, the most valuable first. `left_out` is how many more there were than are kept."""

    account: str
    mode: Mode
    told_at: datetime
    rows: tuple[SharesSeen, ...] = ()
    left_out: int = 0

    def key(self) -> Key:
        return holdings_key(self.account)


class SegmentSeen(_Seen):
    """Funds of a segment in rupees, None where the broker tells nothing. `net` is what new orders may use,
    `used` what is blocked of the rest; from `exposure` on it is said for what."""

    enabled: bool = True
    net: Decimal | None = None
    cash: Decimal | None = None
    opening_balance: Decimal | None = None
    collateral: Decimal | None = None
    paid_in: Decimal | None = None
    used: Decimal | None = None
    exposure: Decimal | None = None
    span: Decimal | None = None
    option_premium: Decimal | None = None
    delivery: Decimal | None = None
    holding_sales: Decimal | None = None
    realised: Decimal | None = None
    unrealised: Decimal | None = None
    paid_out: Decimal | None = None


class MarginsSeen(Record):
    """An account's funds by segment: equity, commodity."""

    account: str
    mode: Mode
    told_at: datetime
    segments: dict[str, SegmentSeen]

    def key(self) -> Key:
        return margins_key(self.account)


# Where https://kite.trade/docs/connect/v3/user/#funds-and-margins has what is kept of a segment.
_AVAILABLE: Final = {
    "cash": "cash",
    "opening_balance": "opening_balance",
    "collateral": "collateral",
    "paid_in": "intraday_payin",
}
_UTILISED: Final = {
    "used": "debits",
    "exposure": "exposure",
    "span": "span",
    "option_premium": "option_premium",
    "delivery": "delivery",
    "holding_sales": "holding_sales",
    "realised": "m2m_realised",
    "unrealised": "m2m_unrealised",
    "paid_out": "payout",
}


def note_holdings(
    store: StateStore, account: str, mode: Mode, holdings: Sequence[BrokerHolding], now: datetime
) -> None:
    """Keeps the account's shares as they were told now, unless the same were a moment ago."""
    rows = sorted(
        map(_shares, holdings), key=lambda one: (-(one.value or one.cost), one.exchange, one.symbol)
    )
    seen = HoldingsSeen(
        account=account,
        mode=mode,
        told_at=now,
        rows=tuple(rows[:_MOST_ROWS]),
        left_out=max(len(rows) - _MOST_ROWS, 0),
    )
    _keep(store, seen, load(store, HoldingsSeen, seen.key()))


def note_margins(
    store: StateStore, account: str, mode: Mode, margins: Mapping[str, Any], now: datetime
) -> None:
    """Keeps the account's margins as they were told now, unless the same were a moment ago; a reply that
    names no segment leaves what was known."""
    segments = {
        str(name): _segment(told)
        for name, told in margins.items()
        if isinstance(told, Mapping) and name in ("equity", "commodity")
    }
    if segments:
        seen = MarginsSeen(account=account, mode=mode, told_at=now, segments=segments)
        _keep(store, seen, load(store, MarginsSeen, seen.key()))


def _keep[S: (HoldingsSeen, MarginsSeen)](store: StateStore, seen: S, known: S | None) -> None:
    if known is not None:
        age = seen.told_at - known.told_at
        if timedelta(0) <= age < _TOLD_AGAIN and known.evolve(told_at=seen.told_at) == seen:
            return
    # A view, not a state: the last writer is the newest.
    store.write(Put(seen.key(), seen.model_dump(mode="json", exclude_none=True)))


def _shares(told: BrokerHolding) -> SharesSeen:
    pledged = told.raw.get("collateral_quantity")
    return SharesSeen(
        exchange=told.exchange,
        symbol=told.tradingsymbol,
        quantity=told.quantity,
        t1_quantity=told.t1_quantity,
        used_quantity=told.used_quantity,
        collateral_quantity=pledged if isinstance(pledged, int) else 0,
        average_price=_amount(told.average_price) or Decimal(0),
        last_price=_price(told.raw.get("last_price")),
        close_price=_price(told.raw.get("close_price")),
    )


def _segment(told: Mapping[str, Any]) -> SegmentSeen:
    return SegmentSeen.model_validate(
        {"enabled": bool(told.get("enabled", True)), "net": _amount(told.get("net"))}
        | {name: _amount(_part(told, "available").get(theirs)) for name, theirs in _AVAILABLE.items()}
        | {name: _amount(_part(told, "utilised").get(theirs)) for name, theirs in _UTILISED.items()}
    )


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def _price(told: object) -> Decimal | None:
    """A price of nothing is none: so the broker writes what has not traded."""
    found = _amount(told)
    return found if found is not None and found > 0 else None


def _amount(told: object) -> Decimal | None:
    if told is None or isinstance(told, bool):
        return None
    try:
        found = Decimal(str(told))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None

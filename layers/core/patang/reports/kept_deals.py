"""An account's deals from what the desk keeps: fills of its orders, and what was sold beside them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from patang.keys import account_partition, position_key
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.portfolio.rebasing import Ratio
from patang.ports import StateStore
from patang.records import load_all
from patang.reports.deals import Deal, deal_of_fill
from patang.settings import Mode
from patang.trade_log.fill import OrderFill

__all__ = ["kept_deals", "kept_fills", "kept_positions"]

_FOUR_PLACES = Decimal("0.0001")


def kept_positions(store: StateStore, account: str, mode: Mode) -> list[Position]:
    """All positions of an account, whatever became of them."""
    key = position_key(account, "")
    return [p for p in load_all(store, Position, key.partition, key.sort) if p.mode == mode]


def kept_deals(store: StateStore, account: str, mode: Mode, until: date) -> list[Deal]:
    """All deals up to the day `until`, the earliest first."""
    deals = _deals(kept_fills(store, account, mode), kept_positions(store, account, mode))
    return sorted((d for d in deals if d.day <= until), key=lambda deal: (deal.time, deal.order))


def kept_fills(store: StateStore, account: str, mode: Mode) -> list[OrderFill]:
    """All fills of an account's orders, in the order in which they happened."""
    found = load_all(store, OrderFill, account_partition(account), "FILL#")
    # By their own day and not by their order's: what protects a position may rest for weeks.
    return sorted((fill for fill in found if fill.mode == mode), key=lambda f: (f.as_of, f.intent_id))


def _deals(fills: Sequence[OrderFill], positions: Iterable[Position]) -> list[Deal]:
    sold: dict[str, list[OrderFill]] = defaultdict(list)
    for fill in fills:
        if fill.position_id is not None and fill.transaction_type == "SELL":
            sold[fill.position_id].append(fill)
    beside = (_sold_beside(position, sold[position.position_id]) for position in positions)
    return [*map(deal_of_fill, fills), *(deal for deal in beside if deal is not None)]


def _sold_beside(position: Position, fills: Sequence[OrderFill]) -> Deal | None:
    """What left a position without a fill, at the average that was booked for it and the time of the last."""
    units = position.exited_quantity - sum(_in_shares_of_today(position, fill) for fill in fills)
    if units <= 0 or position.exit_time is None:
        return None
    value = position.exit_value - sum((fill.price * fill.quantity for fill in fills), Decimal(0))
    return Deal(
        account=position.account,
        exchange=position.exchange,
        symbol=position.symbol,
        product=position.product,
        side="SELL",
        quantity=units,
        price=max(value / units, Decimal(0)).quantize(_FOUR_PLACES),
        time=position.exit_time,
        order=f"beside-{position.position_id}",
        source="outside",
    )


def _in_shares_of_today(position: Position, fill: OrderFill) -> int:
    """A fill of before a split was of other shares than the position counts now."""
    broken = position.price_break
    if broken is None or broken.ratio is None or fill.as_of.astimezone(IST).date() >= broken.day:
        return fill.quantity
    return Ratio.parse(broken.ratio).shares(fill.quantity)

"""What stands to be sold at the exchange: live sell orders, active triggers."""

from collections import Counter

from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.orders import Order

__all__ = ["standing_sells"]


def standing_sells(exchange: Exchange) -> Counter[tuple[str, str, str]]:
    """Units that stand to be sold by (user id, instrument like NSE:INFY, product). Of a trigger with two legs
    the larger counts: one cancels the other.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for account in exchange.accounts.values():
        for order in account.live.values():
            if order.terms.side == "SELL":
                found[account.user_id, order.line.instrument.key, order.terms.product] += _to_be_sold(order)
        for gtt in exchange.gtts.of(account):
            if gtt.status == "active":
                most = max((leg.quantity for leg in gtt.legs if leg.side == "SELL"), default=0)
                found[account.user_id, gtt.line.instrument.key, gtt.legs[0].product] += most
    return found


def _to_be_sold(order: Order) -> int:
    """With the legs of an iceberg that follow the one that stands."""
    return order.pending + int(order.meta.get("iceberg", {}).get("remaining_quantity", 0))

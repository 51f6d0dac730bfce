"""The invariant that holds at every moment: what stands to be sold of a product is never more than is held.

Read off the exchange alone: live sell orders and active triggers (of a trigger with two legs the larger: one
cancels the other) against the net position.
"""

from collections import Counter

from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.orders import Order

__all__ = ["Naked", "standing_sells"]


def standing_sells(exchange: Exchange) -> Counter[tuple[str, str, str]]:
    """Units that stand to be sold by (user id, instrument like NSE:INFY, product)."""
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


class Naked:
    """Looks at the exchange again and again; `spared` are (user id, instrument, product) that a person sells
    by hand, where nothing keeps him from selling what stands to be sold already."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.spared: set[tuple[str, str, str]] = set()
        self.found: dict[tuple[str, str, str], str] = {}
        """The first time for each."""

    def look(self) -> list[tuple[str, str, str]]:
        """Where more stands to be sold than is held, for the first time."""
        held = {
            (account.user_id, position.line.instrument.key, position.product): position.net
            for account in self._exchange.accounts.values()
            for position in account.positions.values()
        }
        fresh = []
        for key, units in standing_sells(self._exchange).items():
            net = held.get(key, 0)
            if units > net and key not in self.spared and key not in self.found:
                when = f"{self._exchange.clock.now():%H:%M:%S}"
                self.found[key] = f"{when}: {units} stand to be sold and {net} are held"
                fresh.append(key)
        for key, net in held.items():
            if net < 0 and key not in self.spared and key not in self.found:
                self.found[key] = f"{self._exchange.clock.now():%H:%M:%S}: {-net} were sold beyond nothing"
                fresh.append(key)
        return fresh

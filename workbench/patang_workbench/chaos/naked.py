"""The invariant that holds at every moment: what stands to be sold of a product is never more than is held.

Read off the exchange alone: live sell orders and active triggers against the net position.
"""

from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.standing import standing_sells

__all__ = ["Naked"]


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

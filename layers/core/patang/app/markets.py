"""What is listed, watched and known of the market, for those who look, wired. It is kept: nobody is asked."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from patang.desk_view.instruments import Instruments
    from patang.desk_view.market_state import MarketState
    from patang.desk_view.option_chains import OptionChains
    from patang.market.universe import DayUniverses
from patang.app.brokers import Brokers

__all__ = ["Markets"]


class Markets(Brokers):
    """The market as the desk has kept it."""

    def market_state(self) -> "MarketState":
        """One a process, as are the chains: what they remember is what makes them fast."""
        return self._market_state

    def option_chains(self) -> "OptionChains":
        return self._option_chains

    def instruments(self) -> "Instruments":
        # Here, as below, not at the top: of those who need the desk few look at the market.
        from patang.desk_view.instruments import Instruments

        return Instruments(self.listings, self._day_universes, self.market_state(), self.option_chains())

    @cached_property
    def _market_state(self) -> "MarketState":
        from patang.desk_view.market_state import MarketState

        return MarketState(self.store, self.objects)

    @cached_property
    def _option_chains(self) -> "OptionChains":
        from patang.desk_view.option_chains import OptionChains

        return OptionChains(self.objects, self._day_universes)

    @cached_property
    def _day_universes(self) -> "DayUniverses":
        from patang.market.universe import DayUniverses

        return DayUniverses(self.store, self.objects)

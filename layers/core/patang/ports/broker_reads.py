"""All that can be read of an account at the broker, and of the market, as the broker tells it.

Broker has what the desk's own decisions need; this is for people and assistants who look. Not among the
protocols of patang.ports, whose importers need no model of a reply.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from patang.ports.orders import OrderRequest

if TYPE_CHECKING:
    from patang.kite_replies.alerts import Alert, AlertEvent
    from patang.kite_replies.charges import BasketMargin, ContractNote, OrderMargin
    from patang.kite_replies.gtt import Trigger
    from patang.kite_replies.market import Candle, LastPrice, OhlcQuote, Quote, TriggerRange
    from patang.kite_replies.mutual_funds import Fund, FundHolding, FundOrder, FundSip
    from patang.kite_replies.orders import Order, Trade
    from patang.kite_replies.portfolio import AuctionHolding, Holding, Positions
    from patang.kite_replies.user import Funds, Profile

__all__ = ["BrokerReads"]


class BrokerReads(Protocol):
    """Every call may raise AskOwner (SessionExpired among others), TryAgain or Refused; it is tried three
    times before it raises TryAgain. Ids that no id can be raise BadInput.
    """

    def profile(self) -> "Profile": ...

    def funds(self) -> "Funds": ...

    def holdings(self) -> "tuple[Holding, ...]": ...

    def auctions(self) -> "tuple[AuctionHolding, ...]":
        """Holdings that may be offered in an auction now."""
        ...

    def positions(self) -> "Positions": ...

    def orders(self) -> "tuple[Order, ...]":
        """The day's orders, oldest first."""
        ...

    def order_history(self, order_id: str) -> "tuple[Order, ...]":
        """The order at each of its states, oldest first; on paper as it is now alone."""
        ...

    def trades(self) -> "tuple[Trade, ...]":
        """The day's fills."""
        ...

    def order_trades(self, order_id: str) -> "tuple[Trade, ...]": ...

    def triggers(self) -> "tuple[Trigger, ...]": ...

    def trigger(self, trigger_id: str) -> "Trigger": ...

    def order_margins(self, orders: Sequence[OrderRequest]) -> "tuple[OrderMargin, ...]":
        """What each would block with what stands already, in their order."""
        ...

    def basket_margin(self, orders: Sequence[OrderRequest], *, consider_positions: bool) -> "BasketMargin":
        """What they would block together."""
        ...

    def charges(self, orders: Sequence[OrderRequest]) -> "tuple[ContractNote, ...]":
        """What each would cost if it traded at its `price`, in their order."""
        ...

    def quotes(self, instruments: Sequence[str]) -> "Mapping[str, Quote]":
        """By EXCHANGE:TRADINGSYMBOL, at most 500; what the broker does not know is left out."""
        ...

    def ohlc(self, instruments: Sequence[str]) -> "Mapping[str, OhlcQuote]":
        """The same for at most 1,000."""
        ...

    def last_prices(self, instruments: Sequence[str]) -> "Mapping[str, LastPrice]":
        """The same for at most 1,000."""
        ...

    def trigger_ranges(self, side: str, instruments: Sequence[str]) -> "Mapping[str, TriggerRange]":
        """Between what the stops of cover orders on that side may be."""
        ...

    def candles(
        self, instrument_token: int, start: datetime, end: datetime, interval: str, *, continuous: bool
    ) -> "tuple[Candle, ...]":
        """Oldest first, with open interest. `continuous`: of a future, days of its forerunners too.

        Raises BadInput for an interval that is not kept.
        """
        ...

    def fund_holdings(self) -> "tuple[FundHolding, ...]": ...

    def fund_orders(self) -> "tuple[FundOrder, ...]":
        """Those of the last seven days."""
        ...

    def fund_order(self, order_id: str) -> "FundOrder": ...

    def fund_sips(self) -> "tuple[FundSip, ...]": ...

    def fund_sip(self, sip_id: str) -> "FundSip": ...

    def funds_listed(self) -> "tuple[Fund, ...]":
        """All funds of the broker's platform, some thousands."""
        ...

    def alerts(self) -> "tuple[Alert, ...]":
        """The broker's alerts, whatever their status."""
        ...

    def alert(self, uuid: str) -> "Alert": ...

    def alert_history(self, uuid: str) -> "tuple[AlertEvent, ...]":
        """Each time that it went off."""
        ...

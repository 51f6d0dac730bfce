"""All that can be read of an account at Zerodha, through the official client."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from patang.adapters.kite.calls import KiteCalls
from patang.adapters.kite.market_data import KiteMarketData
from patang.adapters.kite.wording import as_margin_row, checked_id, checked_uuid, imagined
from patang.kite_replies.alerts import Alert, AlertEvent
from patang.kite_replies.base import parse
from patang.kite_replies.charges import BasketMargin, ContractNote, OrderMargin
from patang.kite_replies.gtt import Trigger
from patang.kite_replies.market import Candle, LastPrice, OhlcQuote, Quote, TriggerRange
from patang.kite_replies.mutual_funds import Fund, FundHolding, FundOrder, FundSip
from patang.kite_replies.orders import Order, Trade
from patang.kite_replies.portfolio import AuctionHolding, Holding, Positions
from patang.kite_replies.user import Funds, Profile
from patang.ports import OrderRequest

__all__ = ["KiteReads"]


class KiteReads:
    """BrokerReads: the account's own by `own`, the market by `data`, the account that supplies data."""

    def __init__(self, own: KiteCalls, data: KiteCalls) -> None:
        self._own = own
        self._data = data

    def profile(self) -> Profile:
        return parse(Profile, self._own.read("other", lambda client: client.profile()), "profile")

    def funds(self) -> Funds:
        return parse(Funds, self._own.read("other", lambda client: client.margins()), "margins")

    def holdings(self) -> tuple[Holding, ...]:
        found = self._own.read("other", lambda client: client.holdings())
        return parse(tuple[Holding, ...], found, "holdings")

    def auctions(self) -> tuple[AuctionHolding, ...]:
        found = self._own.read("other", lambda client: client.get_auction_instruments())
        return parse(tuple[AuctionHolding, ...], found, "auctions")

    def positions(self) -> Positions:
        return parse(Positions, self._own.read("other", lambda client: client.positions()), "positions")

    def orders(self) -> tuple[Order, ...]:
        return parse(tuple[Order, ...], self._own.read("other", lambda client: client.orders()), "orders")

    def order_history(self, order_id: str) -> tuple[Order, ...]:
        order_id = checked_id(order_id)
        found = self._own.read("other", lambda client: client.order_history(order_id))
        return parse(tuple[Order, ...], found, "an order's history")

    def trades(self) -> tuple[Trade, ...]:
        return parse(tuple[Trade, ...], self._own.read("other", lambda client: client.trades()), "trades")

    def order_trades(self, order_id: str) -> tuple[Trade, ...]:
        order_id = checked_id(order_id)
        found = self._own.read("other", lambda client: client.order_trades(order_id))
        return parse(tuple[Trade, ...], found, "an order's trades")

    def triggers(self) -> tuple[Trigger, ...]:
        found = self._own.read("other", lambda client: client.get_gtts())
        return parse(tuple[Trigger, ...], found, "triggers")

    def trigger(self, trigger_id: str) -> Trigger:
        trigger_id = checked_id(trigger_id)
        return parse(Trigger, self._own.read("other", lambda client: client.get_gtt(trigger_id)), "a trigger")

    def order_margins(self, orders: Sequence[OrderRequest]) -> tuple[OrderMargin, ...]:
        rows = [as_margin_row(order) for order in orders]
        found = self._own.read("other", lambda client: client.order_margins(rows))
        return parse(tuple[OrderMargin, ...], found, "margins of orders")

    def basket_margin(self, orders: Sequence[OrderRequest], *, consider_positions: bool) -> BasketMargin:
        rows = [as_margin_row(order) for order in orders]
        # The client's own method writes the flag as Python does, with a capital letter.
        query = {"consider_positions": str(consider_positions).lower()}
        found = self._own.read(
            "other",
            lambda client: client._post(
                "order.margins.basket", params=rows, is_json=True, query_params=query
            ),
        )
        return parse(BasketMargin, found, "a basket's margin")

    def charges(self, orders: Sequence[OrderRequest]) -> tuple[ContractNote, ...]:
        rows = [imagined(order, number) for number, order in enumerate(orders, 1)]
        found = self._own.read("other", lambda client: client.get_virtual_contract_note(rows))
        return parse(tuple[ContractNote, ...], found, "charges")

    def quotes(self, instruments: Sequence[str]) -> Mapping[str, Quote]:
        found = self._data.read("quote", lambda client: client.quote(list(instruments)))
        return parse(dict[str, Quote], found, "quotes")

    def ohlc(self, instruments: Sequence[str]) -> Mapping[str, OhlcQuote]:
        found = self._data.read("quote", lambda client: client.ohlc(list(instruments)))
        return parse(dict[str, OhlcQuote], found, "day's prices")

    def last_prices(self, instruments: Sequence[str]) -> Mapping[str, LastPrice]:
        found = self._data.read("quote", lambda client: client.ltp(list(instruments)))
        return parse(dict[str, LastPrice], found, "last prices")

    def trigger_ranges(self, side: str, instruments: Sequence[str]) -> Mapping[str, TriggerRange]:
        found = self._data.read("other", lambda client: client.trigger_range(side, list(instruments)))
        return parse(dict[str, TriggerRange], found, "trigger ranges")

    def candles(
        self, instrument_token: int, start: datetime, end: datetime, interval: str, *, continuous: bool
    ) -> tuple[Candle, ...]:
        market = KiteMarketData(self._data)
        found: Any = market.candles(instrument_token, start, end, interval, continuous=continuous)
        return parse(tuple[Candle, ...], found, "candles")

    def fund_holdings(self) -> tuple[FundHolding, ...]:
        found = self._own.read("other", lambda client: client.mf_holdings())
        return parse(tuple[FundHolding, ...], found, "holdings of funds")

    def fund_orders(self) -> tuple[FundOrder, ...]:
        found = self._own.read("other", lambda client: client.mf_orders())
        return parse(tuple[FundOrder, ...], found, "orders of funds")

    def fund_order(self, order_id: str) -> FundOrder:
        order_id = checked_uuid(order_id)
        found = self._own.read("other", lambda client: client.mf_orders(order_id))
        return parse(FundOrder, found, "an order of a fund")

    def fund_sips(self) -> tuple[FundSip, ...]:
        found = self._own.read("other", lambda client: client.mf_sips())
        return parse(tuple[FundSip, ...], found, "SIPs")

    def fund_sip(self, sip_id: str) -> FundSip:
        sip_id = checked_id(sip_id)
        return parse(FundSip, self._own.read("other", lambda client: client.mf_sips(sip_id)), "a SIP")

    def funds_listed(self) -> tuple[Fund, ...]:
        found = self._data.read("other", lambda client: client.mf_instruments())
        return parse(tuple[Fund, ...], found, "the list of funds")

    def alerts(self) -> tuple[Alert, ...]:
        found = self._own.read("other", lambda client: client._get("alerts"))
        return parse(tuple[Alert, ...], found, "alerts")

    def alert(self, uuid: str) -> Alert:
        where = {"uuid": checked_uuid(uuid)}
        found = self._own.read("other", lambda client: client._get("alerts.one", where))
        return parse(Alert, found, "an alert")

    def alert_history(self, uuid: str) -> tuple[AlertEvent, ...]:
        where = {"uuid": checked_uuid(uuid)}
        found = self._own.read("other", lambda client: client._get("alerts.history", where))
        return parse(tuple[AlertEvent, ...], found, "an alert's history")

"""What can be read of an account on paper: its book is paper's, market and person are the broker's."""

from collections.abc import Sequence
from decimal import Decimal

from patang.errors import Refused
from patang.kite_replies.base import parse
from patang.kite_replies.charges import BasketMargin, OrderMargin
from patang.kite_replies.gtt import Trigger, TriggerCondition, TriggerLeg, TriggerOutcome, TriggerResult
from patang.kite_replies.orders import Order, Trade
from patang.kite_replies.portfolio import AuctionHolding, Holding, Position, Positions
from patang.kite_replies.user import Funds
from patang.ports import Broker, BrokerHolding, BrokerPosition, BrokerTrade, Gtt, OrderRequest
from patang.ports.broker_reads import BrokerReads

__all__ = ["PaperReads"]


class PaperReads:
    """The part of BrokerReads that paper has of its own; the rest is asked of `kite`.

    Paper keeps no history of an order's states and holds no auctions.
    """

    def __init__(self, paper: Broker, kite: BrokerReads) -> None:
        self._paper = paper
        self.profile = kite.profile
        self.quotes, self.ohlc, self.last_prices = kite.quotes, kite.ohlc, kite.last_prices
        self.trigger_ranges, self.candles = kite.trigger_ranges, kite.candles
        self.charges = kite.charges
        self.fund_holdings, self.funds_listed = kite.fund_holdings, kite.funds_listed
        self.fund_orders, self.fund_order = kite.fund_orders, kite.fund_order
        self.fund_sips, self.fund_sip = kite.fund_sips, kite.fund_sip
        self.alerts, self.alert, self.alert_history = kite.alerts, kite.alert, kite.alert_history

    def funds(self) -> Funds:
        return parse(Funds, self._paper.margins(), "margins")

    def holdings(self) -> tuple[Holding, ...]:
        return tuple(_holding(found) for found in self._paper.holdings())

    def auctions(self) -> tuple[AuctionHolding, ...]:
        return ()

    def positions(self) -> Positions:
        rows = self._paper.positions()
        return Positions(
            net=tuple(_position(row) for row in rows),
            day=tuple(_position(row) for row in rows if _traded_today(row)),
        )

    def orders(self) -> tuple[Order, ...]:
        return parse(tuple[Order, ...], [dict(order.raw) for order in self._paper.orders()], "orders")

    def order_history(self, order_id: str) -> tuple[Order, ...]:
        found = tuple(order for order in self.orders() if order.order_id == order_id)
        if not found:
            raise Refused(f"the paper account has no order {order_id!r} in its book")
        return found

    def trades(self) -> tuple[Trade, ...]:
        return tuple(_trade(trade) for trade in self._paper.trades())

    def order_trades(self, order_id: str) -> tuple[Trade, ...]:
        self.order_history(order_id)
        return tuple(trade for trade in self.trades() if trade.order_id == order_id)

    def triggers(self) -> tuple[Trigger, ...]:
        return tuple(_trigger(gtt) for gtt in self._paper.gtts())

    def trigger(self, trigger_id: str) -> Trigger:
        found = next((trigger for trigger in self.triggers() if trigger.id == trigger_id), None)
        if found is None:
            raise Refused(f"the paper account has no trigger {trigger_id!r}")
        return found

    def order_margins(self, orders: Sequence[OrderRequest]) -> tuple[OrderMargin, ...]:
        return parse(tuple[OrderMargin, ...], self._paper.order_margins(orders), "margins of orders")

    def basket_margin(self, orders: Sequence[OrderRequest], *, consider_positions: bool) -> BasketMargin:
        """With or without positions the same: paper knows no offsets."""
        del consider_positions
        return parse(BasketMargin, self._paper.basket_margins(orders), "a basket's margin")


def _holding(found: BrokerHolding) -> Holding:
    return Holding(
        tradingsymbol=found.tradingsymbol,
        exchange=found.exchange,
        isin=found.isin,
        product="CNC",
        quantity=found.quantity,
        t1_quantity=found.t1_quantity,
        used_quantity=found.used_quantity,
        average_price=Decimal(found.average_price),
    )


def _traded_today(row: BrokerPosition) -> bool:
    return bool(row.raw["day_buy_quantity"] or row.raw["day_sell_quantity"])


def _position(row: BrokerPosition) -> Position:
    average, last = Decimal(row.average_price), Decimal(row.last_price)
    bought, sold = (Decimal(str(row.raw[name])) for name in ("day_buy_value", "day_sell_value"))
    # What came over night was paid on another day: only without it do today's trades tell the whole result.
    result = sold - bought + last * row.quantity if row.overnight_quantity == 0 else None
    return Position(
        tradingsymbol=row.tradingsymbol,
        exchange=row.exchange,
        product=row.product,
        quantity=row.quantity,
        overnight_quantity=row.overnight_quantity,
        multiplier=Decimal(row.multiplier),
        average_price=average,
        last_price=last,
        pnl=result,
        unrealised=(last - average) * row.quantity,
        day_buy_quantity=row.raw["day_buy_quantity"],
        day_buy_value=bought,
        day_sell_quantity=row.raw["day_sell_quantity"],
        day_sell_value=sold,
    )


def _trade(trade: BrokerTrade) -> Trade:
    return Trade(
        trade_id=trade.trade_id,
        order_id=trade.order_id,
        exchange=trade.exchange,
        tradingsymbol=trade.tradingsymbol,
        product=trade.product,
        average_price=Decimal(trade.price),
        quantity=trade.quantity,
        transaction_type=trade.transaction_type,
        fill_timestamp=trade.traded_at,
        exchange_timestamp=trade.traded_at,
    )


def _trigger(gtt: Gtt) -> Trigger:
    asked = gtt.request
    return Trigger(
        id=gtt.gtt_id,
        type=asked.kind,
        status=gtt.status,
        created_at=gtt.created_at,
        updated_at=gtt.updated_at,
        condition=TriggerCondition(
            exchange=asked.exchange,
            tradingsymbol=asked.tradingsymbol,
            last_price=Decimal(asked.last_price),
            trigger_values=tuple(Decimal(value) for value in asked.trigger_values),
        ),
        orders=tuple(
            TriggerLeg(
                exchange=asked.exchange,
                tradingsymbol=asked.tradingsymbol,
                transaction_type=leg.transaction_type,
                quantity=leg.quantity,
                order_type=leg.order_type,
                product=leg.product,
                price=Decimal(leg.price),
                result=TriggerResult(order_result=TriggerOutcome(status="success", order_id=order_id))
                if order_id
                else None,
            )
            for leg, order_id in zip(asked.legs, gtt.order_ids, strict=True)
        ),
    )

"""A paper account as the port's rows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.order import PaperOrder
from patang.ports import BrokerHolding, BrokerPosition, BrokerTrade

__all__ = ["describe_funds", "describe_holdings", "describe_positions", "describe_trades"]


def describe_trades(book: Sequence[PaperOrder]) -> list[BrokerTrade]:
    """Every fill of the orders, oldest first."""
    trades = [
        BrokerTrade(
            trade_id=f"{order.order_id}F{number}",
            order_id=order.order_id,
            exchange=order.exchange,
            tradingsymbol=order.tradingsymbol,
            transaction_type=order.transaction_type,
            product=order.product,
            quantity=fill.quantity,
            price=str(fill.price),
            traded_at=fill.at,
            raw={"tag": order.tag},
        )
        for order in book
        for number, fill in enumerate(order.fills, 1)
    ]
    return sorted(trades, key=lambda trade: trade.traded_at)


def describe_positions(funds: PaperFunds) -> list[BrokerPosition]:
    found = []
    for name, position in funds.positions.items():
        exchange, tradingsymbol, product = name.split(":")
        found.append(
            BrokerPosition(
                exchange=exchange,
                tradingsymbol=tradingsymbol,
                product=product,
                quantity=position.net,
                overnight_quantity=position.overnight,
                average_price=str(position.average_price),
                last_price=str(position.last_price),
                multiplier=1,
                raw={
                    "day_buy_quantity": position.bought,
                    "day_buy_value": float(position.bought_value),
                    "day_sell_quantity": position.sold,
                    "day_sell_value": float(position.sold_value),
                },
            )
        )
    return found


def describe_holdings(funds: PaperFunds) -> list[BrokerHolding]:
    """What was sold today leaves the settled shares first."""
    found = []
    for share, holding in funds.holdings.items():
        exchange, tradingsymbol = share.split(":")
        sold = max(-funds.position(f"{share}:CNC").net, 0)
        found.append(
            BrokerHolding(
                exchange=exchange,
                tradingsymbol=tradingsymbol,
                isin="",
                quantity=max(holding.quantity - sold, 0),
                t1_quantity=holding.t1_quantity - max(sold - holding.quantity, 0),
                used_quantity=sold,
                average_price=str(holding.average_price),
            )
        )
    return found


def describe_funds(funds: PaperFunds) -> Mapping[str, Any]:
    """Segments as /user/margins has them; a paper account has equity alone."""
    reserved = sum(funds.reserved.values(), Decimal(0))
    equity = {
        "enabled": True,
        "net": float(funds.available),
        "available": {
            "cash": float(funds.cash),
            "live_balance": float(funds.available),
            "intraday_payin": 0,
        },
        "utilised": {"debits": float(reserved), "payout": 0},
    }
    return {"equity": equity, "commodity": {"enabled": False, "net": 0}}

"""Margins and charges of orders that need not exist: https://kite.trade/docs/connect/v3/margins/

Rupees throughout. The `charges` of a basket's `final` are not to be relied on.
"""

from patang.kite_replies.base import Amount, Figure, Reply, Text

__all__ = ["BasketMargin", "Charges", "ContractNote", "Gst", "OrderMargin", "ProfitAndLoss"]


class Gst(Reply):
    """Goods and services tax, by who receives it."""

    igst: Amount = None
    cgst: Amount = None
    sgst: Amount = None
    total: Amount = None


class Charges(Reply):
    """What an order costs beside its value. `transaction_tax_type`: stt or ctt."""

    transaction_tax: Amount = None
    transaction_tax_type: Text = ""
    exchange_turnover_charge: Amount = None
    sebi_turnover_charge: Amount = None
    brokerage: Amount = None
    stamp_duty: Amount = None
    gst: Gst = Gst()
    total: Amount = None


class ProfitAndLoss(Reply):
    """Of the positions that the order belongs to."""

    realised: Amount = None
    unrealised: Amount = None


class OrderMargin(Reply):
    """What an order would block, and of what; `total` alone in the compact mode."""

    type: Text = ""
    tradingsymbol: Text = ""
    exchange: Text = ""
    span: Amount = None
    exposure: Amount = None
    option_premium: Amount = None
    additional: Amount = None
    bo: Amount = None
    cash: Amount = None
    var: Amount = None
    pnl: ProfitAndLoss | None = None
    leverage: Amount = None
    charges: Charges | None = None
    total: Figure


class BasketMargin(Reply):
    """What orders would block together: `initial` to enter them, `final` after what offsets each other."""

    initial: OrderMargin
    final: OrderMargin
    orders: tuple[OrderMargin, ...] = ()
    charges: Charges | None = None


class ContractNote(Reply):
    """An order's terms and what it costs."""

    transaction_type: str
    tradingsymbol: str
    exchange: str
    variety: Text = ""
    product: Text = ""
    order_type: Text = ""
    quantity: int
    price: Amount = None
    charges: Charges

"""Mutual funds: https://kite.trade/docs/connect/v3/mutual-funds/

`tradingsymbol` is the fund's ISIN, units have three places, prices (NAV) four.
"""

from collections.abc import Mapping

from patang.kite_replies.base import Amount, Day, Figure, Moment, Reply, Text

__all__ = ["Fund", "FundHolding", "FundOrder", "FundOrderId", "FundSip", "FundSipId"]


class FundHolding(Reply):
    """Units of a fund in a folio."""

    tradingsymbol: str
    fund: Text = ""
    folio: str | None = None
    quantity: Figure
    pledged_quantity: Amount = None
    average_price: Amount = None
    last_price: Amount = None
    last_price_date: Day = None
    pnl: Amount = None


class FundOrder(Reply):
    """A purchase (by `amount`) or redemption (by `quantity`) of the last seven days."""

    order_id: str
    exchange_order_id: str | None = None
    tradingsymbol: str
    fund: Text = ""
    folio: str | None = None
    status: str
    status_message: Text = ""
    transaction_type: str
    purchase_type: Text = ""
    variety: Text = ""
    amount: Amount = None
    quantity: Amount = None
    average_price: Amount = None
    last_price: Amount = None
    last_price_date: Day = None
    order_timestamp: Moment = None
    exchange_timestamp: Day = None
    settlement_id: str | None = None
    placed_by: Text = ""
    tag: str | None = None


class FundSip(Reply):
    """A plan that buys at intervals. -1 `instalments`: until it is ended. `step_up`: by how many percent it
    grows on which day of the year (DD-MM)."""

    sip_id: str
    tradingsymbol: str
    fund: Text = ""
    status: str
    transaction_type: Text = ""
    dividend_type: Text = ""
    sip_type: Text = ""
    sip_reg_num: str | None = None
    fund_source: Text = ""
    frequency: Text = ""
    instalment_amount: Amount = None
    instalment_day: int = 0
    instalments: int = 0
    completed_instalments: int = 0
    pending_instalments: int = 0
    created: Moment = None
    last_instalment: Moment = None
    next_instalment: Day = None
    trigger_price: Amount = None
    step_up: Mapping[str, Figure] | None = None
    tag: str | None = None


class Fund(Reply):
    """A line of the list of funds."""

    tradingsymbol: str
    amc: Text = ""
    name: Text = ""
    purchase_allowed: bool
    redemption_allowed: bool
    minimum_purchase_amount: Amount = None
    purchase_amount_multiplier: Amount = None
    minimum_additional_purchase_amount: Amount = None
    minimum_redemption_quantity: Amount = None
    redemption_quantity_multiplier: Amount = None
    dividend_type: Text = ""
    scheme_type: Text = ""
    plan: Text = ""
    settlement_type: Text = ""
    last_price: Amount = None
    last_price_date: Day = None


class FundOrderId(Reply):
    """The order that was placed or cancelled."""

    order_id: str


class FundSipId(Reply):
    """The plan that was made, changed or ended."""

    sip_id: str

"""What every method of the official client returns, as it is read here.

Names are those of kiteconnect 5.2.2, before it takes a single field out of a reply; alerts, which that client
does not know, are called as its sisters in other languages call them.
"""

from collections.abc import Mapping
from typing import Any

from patang.kite_replies.alerts import Alert, AlertEvent
from patang.kite_replies.charges import BasketMargin, ContractNote, OrderMargin
from patang.kite_replies.gtt import Trigger, TriggerId
from patang.kite_replies.market import (
    Candle,
    LastPrice,
    ListedInstrument,
    OhlcQuote,
    Quote,
    TriggerRange,
)
from patang.kite_replies.mutual_funds import (
    Fund,
    FundHolding,
    FundOrder,
    FundOrderId,
    FundSip,
    FundSipId,
)
from patang.kite_replies.orders import Order, OrderId, SlicedOrder, Trade
from patang.kite_replies.portfolio import AuctionHolding, Holding, Positions
from patang.kite_replies.user import Funds, Profile, SegmentFunds, SessionReply

__all__ = ["REPLIES"]

REPLIES: Mapping[str, Any] = {
    "generate_session": SessionReply,
    "renew_access_token": SessionReply,
    "invalidate_access_token": bool,
    "invalidate_refresh_token": bool,
    "profile": Profile,
    "margins": Funds | SegmentFunds,
    "place_order": OrderId,
    "place_autoslice_order": SlicedOrder,
    "modify_order": OrderId,
    "cancel_order": OrderId,
    "exit_order": OrderId,
    "orders": tuple[Order, ...],
    "order_history": tuple[Order, ...],
    "trades": tuple[Trade, ...],
    "order_trades": tuple[Trade, ...],
    "positions": Positions,
    "holdings": tuple[Holding, ...],
    "get_auction_instruments": tuple[AuctionHolding, ...],
    "convert_position": bool,
    "mf_orders": tuple[FundOrder, ...] | FundOrder,
    "place_mf_order": FundOrderId,
    "cancel_mf_order": FundOrderId,
    "mf_sips": tuple[FundSip, ...] | FundSip,
    "place_mf_sip": FundSipId,
    "modify_mf_sip": FundSipId,
    "cancel_mf_sip": FundSipId,
    "mf_holdings": tuple[FundHolding, ...],
    "mf_instruments": tuple[Fund, ...],
    "instruments": tuple[ListedInstrument, ...],
    "quote": Mapping[str, Quote],
    "ohlc": Mapping[str, OhlcQuote],
    "ltp": Mapping[str, LastPrice],
    "historical_data": tuple[Candle, ...],
    "trigger_range": Mapping[str, TriggerRange],
    "get_gtts": tuple[Trigger, ...],
    "get_gtt": Trigger,
    "place_gtt": TriggerId,
    "modify_gtt": TriggerId,
    "delete_gtt": TriggerId,
    "order_margins": tuple[OrderMargin, ...],
    "basket_order_margins": BasketMargin,
    "get_virtual_contract_note": tuple[ContractNote, ...],
    "create_alert": Alert,
    "get_alerts": tuple[Alert, ...],
    "get_alert": Alert,
    "modify_alert": Alert,
    "delete_alerts": type(None),
    "get_alert_history": tuple[AlertEvent, ...],
}

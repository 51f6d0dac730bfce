"""Instruments, markets and orders that the tests of orders begin with."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from patang.execution.orders.market_facts import MarketFacts, MarketQuote, facts_of
from patang.execution.orders.requests import PlaceOrder
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.settings import Settings

__all__ = ["FUTURE", "MORNING", "OPTION", "SHARE", "facts", "option_order", "share_order"]

MORNING = datetime(2026, 8, 18, 10, 0, tzinfo=IST)

OPTION = Instrument(
    instrument_token=12_345_602,
    exchange="NFO",
    tradingsymbol="NIFTY26AUG24500CE",
    name="NIFTY",
    instrument_type="CE",
    segment="NFO-OPT",
    tick_size=Decimal("0.05"),
    lot_size=65,
    expiry=date(2026, 8, 25),
    strike=Decimal(24500),
)
FUTURE = Instrument(
    instrument_token=12_345_858,
    exchange="NFO",
    tradingsymbol="NIFTY26AUGFUT",
    name="NIFTY",
    instrument_type="FUT",
    segment="NFO-FUT",
    tick_size=Decimal("0.10"),
    lot_size=65,
    expiry=date(2026, 8, 25),
)
SHARE = Instrument(
    instrument_token=408_065,
    exchange="NSE",
    tradingsymbol="INFY",
    name="INFOSYS",
    instrument_type="EQ",
    segment="NSE",
    tick_size=Decimal("0.05"),
    lot_size=1,
    has_derivatives=True,
)

_QUOTES = {
    "CE": MarketQuote(Decimal(100), Decimal("99.95"), Decimal("100.05"), Decimal("0.05"), Decimal(400)),
    "FUT": MarketQuote(Decimal(24400), Decimal(24399), Decimal(24401), Decimal(21960), Decimal(26840)),
    "EQ": MarketQuote(Decimal(800), Decimal("799.95"), Decimal("800.05"), Decimal(720), Decimal(880)),
}


def facts(
    instrument: Instrument, at: datetime = MORNING, quote: MarketQuote | None = None, **settings: Any
) -> MarketFacts:
    """The market of an instrument: 100 rupees for the option, 24400 for the future, 800 for the share."""
    seen = quote or _QUOTES[instrument.instrument_type]
    return facts_of(instrument, seen, at, Settings.model_validate(settings))


def option_order(**fields: Any) -> PlaceOrder:
    """A LIMIT order to buy one lot of the option at its price, unless said otherwise."""
    return _order(OPTION, {"product": "NRML", "quantity": 65, "price": "100"}, fields)


def share_order(**fields: Any) -> PlaceOrder:
    """A LIMIT order to buy ten of the shares at their price, unless said otherwise."""
    return _order(SHARE, {"product": "CNC", "quantity": 10, "price": "800"}, fields)


def _order(instrument: Instrument, usual: dict[str, Any], fields: dict[str, Any]) -> PlaceOrder:
    said = {
        "exchange": instrument.exchange,
        "tradingsymbol": instrument.tradingsymbol,
        "transaction_type": "BUY",
        "order_type": "LIMIT",
        **usual,
        **fields,
    }
    return PlaceOrder.model_validate({name: value for name, value in said.items() if value is not None})

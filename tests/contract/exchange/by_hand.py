"""The official client on an exchange in this process."""

from typing import Any

from kiteconnect import KiteConnect

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.in_process import InProcessExchange
from patang_workbench.exchange.login import App
from patang_workbench.exchange.rules import Limits, Rules

__all__ = ["Trader", "trader"]

UNLIMITED = Rules(limits=Limits(None, None, None))
POSTBACK = "https://desk.example/postback"


class Trader:
    """An exchange moved by hand and the client of its first account."""

    def __init__(self, settings: Settings) -> None:
        self.exchange = InProcessExchange(settings)
        self.client = self.sign_in()

    def sign_in(self, key: str = "contractkey", address: str = "127.0.0.1") -> KiteConnect:
        client = KiteConnect(key, self.exchange.sign_in(key), root=self.exchange.root)
        client.reqsession = self.exchange.session(address)
        return client

    @property
    def option(self) -> str:
        """A NIFTY call of next week that costs 100 to 300 rupees."""
        return next(
            line.instrument.tradingsymbol
            for line in self.exchange.exchange.floor.lines.values()
            if line.instrument.kind == "CE" and line.instrument.name == "NIFTY"
            if str(line.instrument.expiry) == "2026-08-25" and 10_000 < line.last < 30_000
        )

    def last(self, key: str) -> float:
        return float(self.client.ltp(key)[key]["last_price"])

    def place(self, symbol: str = "INFY", side: str = "BUY", units: int = 1, **words: Any) -> str:
        """Place an order for shares or contracts, at market where no price is given; returns its id."""
        return str(self.client.place_order(**self.terms(symbol, side, units, **words)))

    def terms(self, symbol: str, side: str, units: int, **words: Any) -> dict[str, Any]:
        contract = any(letter.isdigit() for letter in symbol)
        terms = {
            "variety": "regular",
            "exchange": "NFO" if contract else "NSE",
            "tradingsymbol": symbol,
            "transaction_type": side,
            "quantity": units,
            "product": "NRML" if contract else "MIS",
            "order_type": "LIMIT" if "price" in words else "MARKET",
            **words,
        }
        return terms if "price" in words else {"market_protection": -1, **terms}

    def order(self, order_id: str) -> dict[str, Any]:
        return next(row for row in self.client.orders() if row["order_id"] == order_id)

    def frames(self) -> list[tuple[str, str]]:
        """Channel and status of the updates since last time."""
        return [(update.channel, update.data["status"]) for update in self.exchange.take_updates()]


def trader(market: MarketData, **words: Any) -> Trader:
    """A trader at 09:20 with half a hundred shares of ITC, two apps, and no limit of requests unless told."""
    app = App("contractkey", "contractsecret", "AB1234", postback_url=POSTBACK)
    other = App("otherkey", "othersecret", "CD5678")
    settings = {
        "market": market,
        "apps": (app, other),
        "start": "09:20:00",
        "holdings": {"ITC": 50},
        "rules": UNLIMITED,
        **words,
    }
    return Trader(Settings(**settings))

"""A desk whose broker answers with the replies written for the tests, and remembers what it was asked."""

from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from patang.adapters.kite.reads import KiteReads
from patang.identity.principal import ALL_SCOPES, Principal
from patang.market.instrument_table import InstrumentTable
from patang.market.listing import Listing
from patang.market.sessions import IST
from patang.tools.caller import Caller
from patang.watchlists.service import WatchlistService
from tests.fakes import FixedClock, MemoryStore
from tests.unit.kite_replies.written import ALERT, ALERT_EVENT, FUND_ORDER, SIP, WRITTEN

__all__ = ["WrittenDesk", "caller"]

_CANDLES = [
    {
        "date": datetime(2026, 8, 18, 9, 15 + n, tzinfo=IST),
        "open": 100,
        "high": 101,
        "low": 99.5,
        "close": 100,
    }
    | {"volume": 10 + n, "oi": 7}
    for n in range(5)
]
_ALERTS = {"alerts": [ALERT], "alerts.one": ALERT, "alerts.history": [ALERT_EVENT]}


def _share(symbol: str, name: str, **words: Any) -> Listing:
    row = {
        "instrument_token": 1,
        "exchange_token": 1,
        "tradingsymbol": symbol,
        "name": name,
        "last_price": Decimal(0),
        "expiry": None,
        "strike": None,
        "tick_size": Decimal("0.05"),
        "lot_size": 1,
        "instrument_type": "EQ",
        "segment": "NSE",
        "exchange": "NSE",
    }
    return Listing(**(row | words))


class WrittenDesk:
    """ToolServices as far as the broker's tools go. `asked`: kind of the call, method, arguments."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, tuple[Any, ...]]] = []
        self.store, self.clock = MemoryStore(), FixedClock()
        contract = {"exchange": "NFO", "segment": "NFO-OPT", "expiry": date(2026, 8, 25), "lot_size": 65}
        self._table = InstrumentTable(
            [
                _share("INFY", "INFOSYS", isin="INE009A01021"),
                _share("INFIBEAM", "INFIBEAM AVENUES"),
                _share("NIFTY26AUG24500CE", "NIFTY", instrument_type="CE", strike=Decimal(24500), **contract),
                _share("NIFTY26AUG24500PE", "NIFTY", instrument_type="PE", strike=Decimal(24500), **contract),
            ]
        )

    def broker_reads(self, account: str) -> KiteReads:
        assert account == "main"
        return KiteReads(self, self)  # type: ignore[arg-type] - it answers `read` as KiteCalls does

    def listings(self) -> InstrumentTable:
        return self._table

    def watchlists(self) -> WatchlistService:
        return WatchlistService(self.store, self.listings)

    def read(self, kind: str, call: Any) -> Any:
        return call(_Client(kind, self.asked))


class _Client:
    def __init__(self, kind: str, asked: list[tuple[str, str, tuple[Any, ...]]]) -> None:
        self._kind, self._asked = kind, asked

    def __getattr__(self, method: str) -> Any:
        def answer(*arguments: Any, **_: Any) -> Any:
            self._asked.append((self._kind, method, arguments))
            if method == "_get":
                return _ALERTS[arguments[0]]
            if method == "_post":
                return WRITTEN["basket_order_margins"][1]
            if method == "historical_data":
                return _CANDLES
            if arguments and method in ("mf_orders", "mf_sips"):
                return FUND_ORDER if method == "mf_orders" else SIP
            if method == "mf_instruments":
                return [
                    {
                        "tradingsymbol": isin,
                        "name": name,
                        "purchase_allowed": True,
                        "redemption_allowed": True,
                    }
                    for isin, name in (("INF1", "Index fund"), ("INF2", "Liquid fund"))
                ]
            return WRITTEN[method][1]

        return answer


def caller(desk: Any, accounts: tuple[str, ...] = ("main",), name: str = "asha") -> Caller:
    return Caller(
        Principal(name, f"person:{name}", accounts, ALL_SCOPES), SimpleNamespace() if desk is None else desk
    )

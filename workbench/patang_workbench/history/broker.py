"""The broker's historical data for a person at a desk: a day's token from the environment."""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from patang.accounts.session import Credentials
from patang.adapters.kite.calls import KiteCalls
from patang.adapters.kite.market_data import KiteMarketData
from patang.adapters.system import SystemClock
from patang.errors import AskOwner
from patang.market.sessions import IST
from patang.ports import MarketData
from patang.settings import KiteSettings, Settings

__all__ = ["market_data", "market_time", "whole_dump"]

_KEY, _TOKEN = "KITE_API_KEY", "KITE_ACCESS_TOKEN"
_CLOCK_OF = "NSE:NIFTY 50"


class _Unmeasured:
    """Metrics of a command that nobody collects."""

    def count(self, name: str, value: float = 1, **details: str) -> None: ...

    def duration_ms(self, name: str, value: float, **details: str) -> None: ...

    def alarm(self, name: str, **details: str) -> None: ...


def market_data(root: str | None, environment: Mapping[str, str] = os.environ) -> KiteMarketData:
    """The official client within the broker's limits. Raises AskOwner where the credentials are not set."""
    missing = [name for name in (_KEY, _TOKEN) if not environment.get(name)]
    if missing:
        raise AskOwner(
            f"{' and '.join(missing)} not set: the broker's history needs your app's key and today's access "
            "token in the environment (a login gives the token; it lives until six in the morning)"
        )
    return KiteMarketData(_calls(root, environment))


def whole_dump(root: str | None, environment: Mapping[str, str] = os.environ) -> list[Mapping[str, Any]]:
    """All that the broker lists, in one call. The broker tells it to everybody, a simulator after a login.

    Raises SessionExpired, TryAgain, Refused or AskOwner.
    """
    found: list[Mapping[str, Any]] = _calls(root, environment).read(
        "other", lambda client: client.instruments()
    )
    return found


def _calls(root: str | None, environment: Mapping[str, str]) -> KiteCalls:
    credentials = Credentials(environment.get(_KEY, ""), environment.get(_TOKEN, ""), version=1)
    settings = KiteSettings(timeout_seconds=15) if root is None else KiteSettings(root=root)
    return KiteCalls(lambda: credentials, lambda _: None, lambda: settings, _Unmeasured())


def market_time(market: MarketData, root: str | None) -> datetime:
    """The time that says which sessions are over: wall time, or that of a simulator's market."""
    if root is None or not Settings(kite=KiteSettings(root=root)).simulated_market:
        return SystemClock().now()
    quote: Mapping[str, Any] = market.quotes([_CLOCK_OF]).get(_CLOCK_OF, {})
    stamp: datetime | None = quote.get("timestamp")
    return SystemClock().now() if stamp is None else stamp.replace(tzinfo=IST)

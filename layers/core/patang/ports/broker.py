"""The broker and the market: accounts, orders, quotes, logins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from patang.ports.store import Attributes

if TYPE_CHECKING:
    # Most functions carry no numpy.
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Broker",
    "BrokerLogin",
    "BrokerOrder",
    "ContractNotes",
    "LoginExchange",
    "MarketData",
    "OrderRequest",
    "PaperMatcher",
]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What the broker is asked to place; prices are rupees as text, so that nothing is rounded twice."""

    variety: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    order_type: str
    product: str
    validity: str
    tag: str
    price: str | None = None
    trigger_price: str | None = None
    market_protection: str | None = None


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """One row of the broker's order book, or one order frame or postback."""

    order_id: str
    tag: str
    status: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    filled_quantity: int
    average_price: str
    status_message: str = ""
    updated_at: datetime | None = None
    raw: Attributes = field(default_factory=dict)


class Broker(Protocol):
    """An account at the broker.

    Every call may raise SessionExpired or TryAgain; from a send both say that nothing has taken effect. Reads
    also raise Refused or AskOwner. Sends (place, modify, cancel) raise BrokerRefused on a clean refusal and
    OutcomeUnknown where the request may have taken effect.
    """

    def place(self, request: OrderRequest) -> str:
        """Returns the broker's order id."""
        ...

    def modify(self, variety: str, order_id: str, changes: Mapping[str, str]) -> None: ...

    def cancel(self, variety: str, order_id: str) -> None: ...

    def orders(self) -> list[BrokerOrder]:
        """The day's order book, tags included."""
        ...

    def positions(self) -> list[Mapping[str, Any]]: ...

    def margins(self) -> Mapping[str, Any]: ...

    def profile(self) -> Mapping[str, Any]: ...


class ContractNotes(Protocol):
    """The broker's own word on what orders cost."""

    def virtual_contract_note(self, orders: Sequence[BrokerOrder]) -> list[Mapping[str, Any]]:
        """A row an order, in their order: its terms and, under `charges`, what its fills cost in rupees.

        Raises as the reads of Broker do.
        """
        ...


class MarketData(Protocol):
    """Instruments, quotes and history of the account that supplies data."""

    def instruments(self, exchange: str) -> list[Mapping[str, Any]]: ...

    def quotes(self, instruments: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """By EXCHANGE:TRADINGSYMBOL, at most 500 a call."""
        ...

    def candles(
        self, instrument_token: int, start: datetime, end: datetime, interval: str
    ) -> list[Mapping[str, Any]]:
        """Oldest first; `date` is the bar's start with offset."""
        ...


class PaperMatcher(Protocol):
    """The exchange that paper orders meet, driven by the real ticks."""

    def match(self, ticks: "NDArray[np.void]", as_of: datetime) -> list[dict[str, Any]]:
        """Fills, triggers and cancels what these ticks (dtype TICK, in order) make due.

        Returns the changed orders in the shape of the broker's order frames.
        """
        ...


@dataclass(frozen=True, slots=True)
class BrokerLogin:
    """What a login is worth: who signed in, and the day's access token.

    `demat_consent`: whether shares may leave the owner's demat account on a sale, without asking him again.
    """

    user_id: str
    access_token: str = field(repr=False)
    demat_consent: bool = False


class LoginExchange(Protocol):
    """The broker's end of a login."""

    def exchange(self, api_key: str, api_secret: str, request_token: str) -> BrokerLogin:
        """Raises SessionExpired if the broker refuses the request token, TryAgain if it cannot be reached."""
        ...

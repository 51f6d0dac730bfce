"""The broker and the market: accounts, orders, quotes, logins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from patang.ports.broker_alerts import BrokerAlerts
from patang.ports.orders import (
    BrokerHolding,
    BrokerOrder,
    BrokerPosition,
    BrokerTrade,
    ConversionRequest,
    Gtt,
    GttRequest,
    OrderRequest,
    SliceResult,
)

if TYPE_CHECKING:
    # Most functions carry no numpy.
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Broker",
    "BrokerLogin",
    "BrokerSession",
    "ContractNotes",
    "LoginExchange",
    "MarketData",
    "PaperMatcher",
    "SessionProbe",
]


class Broker(BrokerAlerts, Protocol):
    """An account at the broker.

    Every call may raise AskOwner (SessionExpired among others: the message says what the owner has to do) or
    TryAgain. From a send both say that nothing has taken effect. Reads are tried three times and also raise
    Refused. Sends (everything that places, changes, cancels or converts) are tried once, and raise
    BrokerRefused on a clean refusal and OutcomeUnknown where the request may have taken effect; only the
    order lane calls them.
    """

    def place(self, request: OrderRequest) -> str:
        """Returns the broker's order id."""
        ...

    def place_sliced(self, request: OrderRequest) -> tuple[SliceResult, ...]:
        """Places more than the freeze quantity allows, cut by the broker into at most 10 orders of one tag.

        Slices may fail alone: each says so in its message. An order that needs no cut is refused.
        """
        ...

    def modify(
        self,
        variety: str,
        order_id: str,
        changes: Mapping[str, str],
        parent_order_id: str | None = None,
    ) -> None:
        """`changes` by the API's names: quantity, price, order_type, trigger_price, validity,
        disclosed_quantity, market_protection. `parent_order_id` is the first leg of a cover order."""
        ...

    def cancel(self, variety: str, order_id: str, parent_order_id: str | None = None) -> None: ...

    def place_gtt(self, request: GttRequest) -> str:
        """Returns the trigger's id. A trigger carries no tag."""
        ...

    def modify_gtt(self, gtt_id: str, request: GttRequest) -> None:
        """The trigger then stands as `request` has it."""
        ...

    def delete_gtt(self, gtt_id: str) -> None: ...

    def convert_position(self, request: ConversionRequest) -> None: ...

    def orders(self) -> list[BrokerOrder]:
        """The day's order book, tags included."""
        ...

    def trades(self) -> list[BrokerTrade]:
        """The day's fills."""
        ...

    def positions(self) -> list[BrokerPosition]:
        """The net positions, overnight ones included; those closed today stand with quantity 0."""
        ...

    def holdings(self) -> list[BrokerHolding]: ...

    def gtts(self) -> list[Gtt]:
        """Every trigger of the last days, whatever its status."""
        ...

    def margins(self) -> Mapping[str, Any]:
        """By segment (equity, commodity): enabled, net, available, utilised; rupees."""
        ...

    def order_margins(self, requests: Sequence[OrderRequest]) -> list[Mapping[str, Any]]:
        """A row an order, in their order; `total` is what it would block, rupees, with what stands already
        counted in."""
        ...

    def basket_margins(self, requests: Sequence[OrderRequest]) -> Mapping[str, Any]:
        """What the orders would block together, rupees: initial.total, and final.total after their offsets.

        The basket's own `charges` are not to be relied on.
        """
        ...

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
class BrokerSession:
    """What the broker tells of a session that lives: whose it is, and its own clock when it answered, to the
    second; None if it did not say."""

    profile: Mapping[str, Any]
    broker_time: datetime | None


class SessionProbe(Protocol):
    """The broker's end of a session, whatever mode the desk is in."""

    def session(self) -> BrokerSession:
        """Raises as the reads of Broker do; SessionExpired where the session is over."""
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

    def end(self, api_key: str, access_token: str) -> None:
        """Gives an access token up. Raises SessionExpired if it was dead, TryAgain as `exchange` does."""
        ...

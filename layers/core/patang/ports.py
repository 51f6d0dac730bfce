"""The protocols of everything outside: what the domain needs of the world, and nothing more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from patang.errors import TryAgain

if TYPE_CHECKING:
    # Most functions carry no numpy.
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "Absent",
    "Attributes",
    "Broker",
    "BrokerLogin",
    "BrokerOrder",
    "Clock",
    "ContractNotes",
    "DeadLetters",
    "Delete",
    "Expectation",
    "IntentQueue",
    "Key",
    "LoginExchange",
    "MarketData",
    "Matches",
    "Metrics",
    "Notifier",
    "ObjectStore",
    "OrderRequest",
    "PaperMatcher",
    "Put",
    "SecretStore",
    "StateStore",
    "StreamReader",
    "TableWriter",
    "TickStream",
    "UpdateQueue",
    "Workflows",
    "Write",
    "WriteConflict",
]

type Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """Primary key of an item, or its place in the sparse index."""

    partition: str
    sort: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The item must not exist yet."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The item must exist and these attributes must equal these values."""

    values: Attributes


type Expectation = Absent | Matches | None


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item if the expectation holds. `expires_at`: epoch seconds of the table's TTL."""

    key: Key
    attributes: Attributes
    index: Key | None = None
    expect: Expectation = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item if the expectation holds."""

    key: Key
    expect: Expectation = None


type Write = Put | Delete


class WriteConflict(TryAgain):
    """Nothing was written: an expectation did not hold, or another transaction was in the way.

    `failed` lists the keys whose expectation failed; it is empty when only contention was to blame.
    """

    def __init__(self, failed: Sequence[Key]) -> None:
        super().__init__(
            f"the state changed meanwhile: {', '.join(f'{k.partition}/{k.sort}' for k in failed)}"
        )
        self.failed = tuple(failed)


class StateStore(Protocol):
    """Items by key, one sparse index, and all-or-nothing writes."""

    def get(self, key: Key) -> Attributes | None:
        """Strongly consistent read."""
        ...

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Attributes]:
        """Items of a partition in sort-key order, those behind `after` only; strongly consistent."""
        ...

    def query_index(self, partition: str, *, prefix: str = "") -> list[Attributes]:
        """Items that stand in the sparse index under `partition`; eventually consistent."""
        ...

    def write(self, *writes: Write) -> None:
        """All of them or none. Raises WriteConflict."""
        ...


class ObjectStore(Protocol):
    """Blobs by path."""

    def put(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None: ...

    def get(self, path: str) -> bytes | None: ...

    def list(self, prefix: str) -> list[str]: ...


class SecretStore(Protocol):
    """Named secrets, each a flat mapping of strings."""

    def get(self, name: str) -> Mapping[str, str] | None: ...

    def put(self, name: str, values: Mapping[str, str]) -> None: ...


class Clock(Protocol):
    """Wall time: approvals, tokens, leases, rate limits. Never a trading decision."""

    def now(self) -> datetime:
        """Timezone-aware, IST."""
        ...


class Notifier(Protocol):
    """A message to the owner's mail or phone."""

    def send(self, subject: str, text: str) -> None: ...


class Metrics(Protocol):
    """Counts and values; names in snake_case, few dimensions, details as metadata."""

    def count(self, name: str, value: float = 1, **details: str) -> None: ...

    def duration_ms(self, name: str, value: float, **details: str) -> None: ...


class TickStream(Protocol):
    """The stream that carries ticks to the desk."""

    def lane(self, key: str) -> str:
        """The part of the stream that a partition key leads to: keys of one lane may share a record.

        May change after `put` has raised. Raises TryAgain.
        """
        ...

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        """(partition key, packed record) pairs; retries the part that failed, raises TryAgain at the end.

        Also raises it when the lanes have changed: put together anew, everything has to be put again.
        """
        ...

    def mark(self, data: bytes) -> None:
        """One copy of `data` on every shard, behind everything put before."""
        ...


class StreamReader(Protocol):
    """Reading the tick stream again, to rebuild what an instance has forgotten."""

    def shards(self) -> list[str]:
        """The ids of the stream's open shards."""
        ...

    def read(self, shard: str, after: str | None, until: str) -> Iterator[tuple[str, bytes]]:
        """(sequence number, data) behind `after` (None: from the oldest kept) and before `until`.

        Raises BadInput if `after` is no sequence number of this stream.
        """
        ...


class TableWriter(Protocol):
    """Rows (models dumped to mappings) as the bytes of a table file."""

    def candles(self, rows: Sequence[Attributes]) -> bytes: ...

    def trades(self, rows: Sequence[Attributes]) -> bytes: ...

    def chain(self, rows: Sequence[Attributes]) -> bytes:
        """A row a contract and moment: a ChainRow with its snapshot's values."""
        ...

    def instruments(self, rows: Sequence[Attributes]) -> bytes:
        """Rows as InstrumentTable gives them."""
        ...

    def ticks(self, columns: "Mapping[str, NDArray[Any]]") -> bytes:
        """Columns of equal length; masked values are not known."""
        ...


class DeadLetters(Protocol):
    """Where a message that does not parse is kept with its bytes."""

    def send(self, source: str, data: bytes, reason: str) -> None: ...


class Workflows(Protocol):
    """Starting workflows and answering their waiting tasks."""

    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> bool:
        """`workflow` is trading_cycle. False if one of that name was started before."""
        ...

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> bool:
        """False if the task no longer waits."""
        ...


class IntentQueue(Protocol):
    """The lane's FIFO queue: ids only, in order within a group."""

    def enqueue(self, group: str, intent_id: str, body: Mapping[str, Any]) -> None: ...


class UpdateQueue(Protocol):
    """Order frames, postbacks and polled orders on their way to (order_updates)."""

    def send(self, updates: Sequence[Mapping[str, Any]]) -> None: ...


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

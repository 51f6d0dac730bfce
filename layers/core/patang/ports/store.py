"""State, blobs, secrets and tables: where the desk keeps what it knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from patang.errors import TryAgain

if TYPE_CHECKING:
    # Most functions carry no numpy.
    from numpy.typing import NDArray

__all__ = [
    "Absent",
    "Attributes",
    "Delete",
    "Expectation",
    "ItemReader",
    "Key",
    "Matches",
    "ObjectStore",
    "Put",
    "SecretStore",
    "StateStore",
    "TableWriter",
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


class ItemReader(Protocol):
    """Items by key."""

    def get(self, key: Key) -> Attributes | None:
        """Strongly consistent read."""
        ...


class StateStore(ItemReader, Protocol):
    """Items by key, one sparse index, and all-or-nothing writes."""

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        """The items of these keys in their order, in one trip for each hundred.

        Each read is strongly consistent; together they are no snapshot: a transaction may be seen in one item
        and not in another, in either direction. Raises TryAgain if the table keeps leaving some out.
        """
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

    def delete(self, name: str) -> None:
        """For good; nothing happens if there is none."""
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

    def records[Kind: BaseModel](self, kind: type[Kind], rows: Sequence[Kind]) -> bytes:
        """A column a field of the flat model, in its order: amounts as numbers, mappings as JSON."""
        ...

    def ticks(self, columns: "Mapping[str, NDArray[Any]]") -> bytes:
        """Columns of equal length; masked values are not known."""
        ...

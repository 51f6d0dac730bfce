"""The tables that an owner tells for his taxes: checked, put into the store, and kept in the audit log."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from patang.errors import BadInput
from patang.execution.journal import journal
from patang.ports import Clock, ObjectStore, StateStore
from patang.reports.taxes.files import (
    ACTIONS_PATH,
    as_text,
    read_actions,
    read_notes,
    read_purchases,
    read_tradebook,
)
from patang.settings.changes import DESK_CHAIN

__all__ = ["LONGEST_TABLE", "MOST_TABLES", "KeptTable", "TableKind", "TaxTables"]

type TableKind = Literal["purchases", "tradebook", "notes", "actions"]

# Characters; a request that carries more is not read.
LONGEST_TABLE: Final = 200_000
# Of an account: a year reads them all. Ten years by months are as many.
MOST_TABLES: Final = 120
_MOST_BYTES: Final = 4_000_000
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?", re.ASCII)
# Of which there may be several, a file a period.
_BY_NAME: Final = frozenset({"tradebook", "notes"})

_READERS: Final[Mapping[TableKind, Callable[[str, str], Sized]]] = {
    "purchases": read_purchases,
    "tradebook": read_tradebook,
    "notes": lambda _, text: read_notes(text),
    "actions": lambda _, text: read_actions(text),
}


class KeptTable(BaseModel):
    """A table as it is kept: how many `rows` it tells, and the digest of its text. Without `account` it is
    the whole desk's, `name` tells those apart of which there may be several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: TableKind
    account: str | None
    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Place:
    table: TableKind
    account: str | None
    name: str

    @property
    def path(self) -> str:
        if self.account is None:
            return ACTIONS_PATH
        return f"taxes/{self.account}/{self.table}{f'-{self.name}' if self.name else ''}.csv"


class TaxTables:
    """Every method is told whose account it is. Who may tell what the whole desk shares is decided before."""

    def __init__(self, store: StateStore, objects: ObjectStore, clock: Clock) -> None:
        self._store = store
        self._objects = objects
        self._clock = clock

    def tell(
        self, table: TableKind, account: str | None, name: str, text: str, actor: str, as_of: datetime
    ) -> KeptTable:
        """Puts the table in the place of the one of its name. One with its first line alone takes it back.

        Raises BadInput for a wrong line, with its number, for a table that is too long or one too many, and
        a name that is none.
        """
        place = _placed(table, account, name)
        if len(text) > LONGEST_TABLE:
            raise BadInput(
                f"the table has {len(text)} characters: tell {LONGEST_TABLE} at most, a month a file"
            )
        content = text.encode()
        told = _kept(place, content)
        if self._objects.get(place.path) == content:
            return told
        if account is not None:
            self._room(account, place, content)
        now = self._clock.now()
        # Before the file: a table that counts and that nobody is known to have told is the worse of the two.
        self._store.write(
            journal(
                account or DESK_CHAIN,
                "TAX_TABLE_TOLD",
                f"{place.path}#{now.isoformat()}",
                as_of,
                now,
                actor,
                path=place.path,
                rows=told.rows,
                sha256=told.sha256,
            )
        )
        self._objects.put(place.path, content, content_type="text/csv; charset=utf-8")
        return told

    def _room(self, account: str, place: _Place, content: bytes) -> None:
        """Raises BadInput where the account's other tables leave none for this one."""
        before = self._objects.get(place.path)
        others = [path for path in self._objects.list(f"taxes/{account}/") if path != place.path]
        if before is None and len(others) >= MOST_TABLES:
            raise BadInput(
                f"{account} has {len(others)} tables, and {MOST_TABLES} are the most: put several periods "
                "into one file, under a name that is there already"
            )
        if before is None or len(content) > len(before):
            held = sum(len(self._objects.get(path) or b"") for path in others)
            if held + len(content) > _MOST_BYTES:
                raise BadInput(
                    f"{account} has tables of {held} bytes, and {_MOST_BYTES} are the most with this one: "
                    "save fewer years, or take back what is there twice (its first line alone)"
                )

    def kept(self, accounts: Sequence[str]) -> tuple[KeptTable, ...]:
        """What is told of these accounts and of the whole desk. Raises BadInput where a table that was put
        there by other means is wrong."""
        places = [_Place("actions", None, "")]
        for account in accounts:
            found = (_place_of(account, path) for path in self._objects.list(f"taxes/{account}/"))
            places += [place for place in found if place is not None]
        read = ((place, self._objects.get(place.path)) for place in places)
        return tuple(_kept(place, content) for place, content in read if content is not None)

    def text(self, table: TableKind, account: str | None, name: str) -> str | None:
        """The table as it was told, None if it was not. Raises BadInput for a name that is none."""
        content = self._objects.get(_placed(table, account, name).path)
        return None if content is None else as_text(content)


def _placed(table: TableKind, account: str | None, name: str) -> _Place:
    if (account is None) != (table == "actions"):
        whose = "the whole desk's: name no account" if table == "actions" else "an account's: name it"
        raise BadInput(f"the table {table} is {whose}")
    if name and (table not in _BY_NAME or not _NAME.fullmatch(name)):
        raise BadInput(
            f"{name!r} names no table of {table}: letters a to z, digits and - name a period of a trade book "
            "or of contract notes, such as 2026-08; the others have no name"
        )
    return _Place(table, account, name)


def _place_of(account: str, path: str) -> _Place | None:
    """What a path that lies below the account's is, None for what is read by nobody."""
    found = re.fullmatch(r"(purchases|tradebook|notes)(?:-([a-z0-9-]+))?\.csv", path.rpartition("/")[2])
    if found is None:
        return None
    kinds: dict[str, TableKind] = {"purchases": "purchases", "tradebook": "tradebook", "notes": "notes"}
    place = _Place(kinds[found[1]], account, found[2] or "")
    return place if place.path == path else None


def _kept(place: _Place, content: bytes) -> KeptTable:
    return KeptTable(
        table=place.table,
        account=place.account,
        name=place.name,
        rows=len(_READERS[place.table](place.account or "", as_text(content))),
        sha256=hashlib.sha256(content).hexdigest(),
    )

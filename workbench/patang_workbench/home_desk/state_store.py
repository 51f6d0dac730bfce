"""StateStore on the home desk's file, with the promises of the DynamoDB table."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from patang.errors import BadInput
from patang.ports import Absent, Attributes, Delete, Key, Matches, Put, Write, WriteConflict
from patang_workbench.home_desk.database import Database

__all__ = ["HomeStore"]

# DynamoDB's bounds: what passes here passes there.
_WRITES_IN_A_TRANSACTION = 100
_BYTES_OF_AN_ITEM = 400_000
_NO_LIMIT = -1
# Behind whatever a sort key may begin with.
_LAST = "\U0010ffff"
_BY_KEY = "SELECT attributes FROM items WHERE tablename = ? AND partition = ? AND sort = ?"


class HomeStore:
    """One table of the file. Of what is written to partitions that begin with `followed` a copy is kept, in
    order, until a reader has dealt with it: the table's stream.
    """

    def __init__(self, database: Database, table: str, followed: str | None = None) -> None:
        self._database = database
        self._table = table
        self._followed = followed

    def get(self, key: Key) -> Attributes | None:
        found = self._database.rows(_BY_KEY, self._table, key.partition, key.sort)
        return json.loads(str(found[0][0])) if found else None

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        return [self.get(key) for key in keys]

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Attributes]:
        question = "SELECT attributes FROM items WHERE tablename = ? AND partition = ?"
        values: list[object] = [self._table, partition]
        if prefix:
            question += " AND sort >= ? AND sort < ?"
            values += [prefix, prefix + _LAST]
        if after is not None:
            question += f" AND sort {'<' if newest_first else '>'} ?"
            values.append(after)
        question += f" ORDER BY sort {'DESC' if newest_first else 'ASC'} LIMIT ?"
        values.append(_NO_LIMIT if limit is None else limit)
        return [json.loads(str(text)) for (text,) in self._database.rows(question, *values)]

    def query_index(self, partition: str, *, prefix: str = "") -> list[Attributes]:
        found = self._database.rows(
            "SELECT attributes FROM items WHERE tablename = ? AND index_partition = ? "
            "AND index_sort >= ? AND index_sort < ? ORDER BY index_sort, partition, sort",
            self._table,
            partition,
            prefix,
            prefix + _LAST,
        )
        return [json.loads(str(text)) for (text,) in found]

    def write(self, *writes: Write) -> None:
        """Raises WriteConflict, and BadInput for a transaction that the deployed table would refuse."""
        _check(writes)
        with self._database.transaction() as connection:
            failed = [write.key for write in writes if not self._holds(connection, write)]
            if failed:
                raise WriteConflict(failed)
            for write in writes:
                self._apply(connection, write)

    def written(self, most: int) -> list[tuple[int, Attributes]]:
        """The oldest copies of what was written to the followed partitions, with their numbers."""
        found = self._database.rows(
            "SELECT number, attributes FROM written WHERE tablename = ? ORDER BY number LIMIT ?",
            self._table,
            most,
        )
        return [(int(str(number)), json.loads(str(text))) for number, text in found]

    def forget_written(self, until: int) -> None:
        """The reader has dealt with everything up to this number."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM written WHERE tablename = ? AND number <= ?", (self._table, until)
            )

    def expire(self, now: datetime) -> int:
        """Lets go of what is over at this wall time, as the table's time to live does; how much it was."""
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM items WHERE tablename = ? AND expires_at < ?",
                (self._table, int(now.timestamp())),
            ).rowcount

    def _holds(self, connection: sqlite3.Connection, write: Write) -> bool:
        match write.expect:
            case None:
                return True
            case Absent():
                return _read(connection, self._table, write.key) is None
            case Matches(values):
                item = _read(connection, self._table, write.key)
                return item is not None and all(
                    name in item and item[name] == value for name, value in values.items()
                )

    def _apply(self, connection: sqlite3.Connection, write: Write) -> None:
        place = (self._table, write.key.partition, write.key.sort)
        match write:
            case Delete():
                connection.execute(
                    "DELETE FROM items WHERE tablename = ? AND partition = ? AND sort = ?", place
                )
            case Put(key, attributes, index, _, expires_at):
                text = json.dumps(dict(attributes))
                where = (None, None) if index is None else (index.partition, index.sort)
                connection.execute(
                    "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*place, text, *where, expires_at),
                )
                if self._followed is not None and key.partition.startswith(self._followed):
                    connection.execute(
                        "INSERT INTO written (tablename, attributes) VALUES (?, ?)", (self._table, text)
                    )


def _read(connection: sqlite3.Connection, table: str, key: Key) -> Attributes | None:
    found = connection.execute(_BY_KEY, (table, key.partition, key.sort)).fetchone()
    return None if found is None else json.loads(found[0])


def _check(writes: Sequence[Write]) -> None:
    if len(writes) > _WRITES_IN_A_TRANSACTION:
        raise BadInput(f"{len(writes)} writes in one transaction; DynamoDB takes {_WRITES_IN_A_TRANSACTION}")
    keys = [write.key for write in writes]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise BadInput(f"one transaction writes {twice.partition}/{twice.sort} twice: write it once")
    for write in writes:
        if isinstance(write, Put):
            size = len(json.dumps(dict(write.attributes)))
            if size > _BYTES_OF_AN_ITEM:
                key = write.key
                raise BadInput(f"{key.partition}/{key.sort} has {size} bytes; DynamoDB takes 400 KB an item")

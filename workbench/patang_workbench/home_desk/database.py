"""One SQLite file that all processes of a home desk share: what is written is there after a crash."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patang.errors import TryAgain

__all__ = ["Database"]

# How long a transaction waits for another one, of any process, to end.
_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    tablename TEXT NOT NULL, partition TEXT NOT NULL, sort TEXT NOT NULL, attributes TEXT NOT NULL,
    index_partition TEXT, index_sort TEXT, expires_at INTEGER,
    PRIMARY KEY (tablename, partition, sort)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_index ON items (tablename, index_partition, index_sort, partition, sort)
    WHERE index_partition IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_expiry ON items (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS written (
    number INTEGER PRIMARY KEY AUTOINCREMENT, tablename TEXT NOT NULL, attributes TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, groupname TEXT NOT NULL,
    body TEXT NOT NULL, since REAL NOT NULL, receives INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (queue, groupname, number);
"""


class Database:
    """A connection a thread. Readers see whole transactions only, and wait for nobody."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._of_thread = threading.local()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Before SQLite opens it: its journal beside it, which holds the same, takes the mode that it finds.
        path.touch(0o600)
        path.chmod(0o600)
        with self._told():
            # Outside of any transaction: the mode of the journal is changed by none.
            self.connection().executescript(_SCHEMA)

    def connection(self) -> sqlite3.Connection:
        """This thread's own."""
        known: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if known is None:
            known = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, autocommit=True)
            known.execute("PRAGMA journal_mode = WAL")
            # An order that was told to leave must be known after the power has failed.
            known.execute("PRAGMA synchronous = FULL")
            self._of_thread.connection = known
        return known

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written within, or nothing; one at a time among all processes. Raises TryAgain where
        another holds it for longer than ten seconds."""
        with self._told():
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def rows(self, question: str, *values: object) -> list[tuple[object, ...]]:
        """What a SELECT finds."""
        with self._told():
            return self.connection().execute(question, values).fetchall()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise TryAgain(f"the desk's file {self._path} cannot be used: {error}") from error

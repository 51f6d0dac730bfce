"""What people write on trades, kept for good: who, when, and in the audit log too."""

import hashlib
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from patang.errors import BadInput
from patang.execution.journal import journal
from patang.keys import note_key, position_key
from patang.portfolio.position import Position
from patang.ports import Clock, Key, StateStore, Write
from patang.records import Record, change, create, load, load_all

__all__ = ["MOST_NOTES", "TradeNote", "TradeNotes"]

MOST_NOTES = 100
_LONGEST = 1000
_ID_LENGTH = 16


class TradeNote(Record):
    """A person's words on a position. It is never changed: who thinks otherwise writes another. `as_of` is
    market time, `written_at` wall time."""

    account: str
    position_id: str
    note_id: str
    text: str
    actor: str
    as_of: datetime
    written_at: datetime

    def key(self) -> Key:
        return note_key(self.account, self.position_id, self.note_id)


class TradeNotes:
    """Writes and reads notes. Every method is told whose account it is."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def write(self, account: str, position_id: str, text: str, actor: str, as_of: datetime) -> TradeNote:
        """The note and its audit event, in one transaction; the same words of the same person are one note.

        Raises BadInput for no such position, no words, too many of them, and one note too many.
        """
        words = _usable(text)
        if load(self._store, Position, position_key(account, position_id)) is None:
            raise BadInput(f"account {account!r} has no position {position_id!r}: nothing to write a note on")
        note = TradeNote(
            account=account,
            position_id=position_id,
            note_id=_id_of(position_id, actor, words),
            text=words,
            actor=actor,
            as_of=as_of,
            written_at=self._clock.now(),
        )
        return change(self._store, lambda: self._decide(note))

    def of(self, account: str, position_id: str) -> tuple[TradeNote, ...]:
        """Notes of one position, the first written first."""
        key = note_key(account, position_id, "")
        found = load_all(self._store, TradeNote, key.partition, key.sort)
        return tuple(sorted(found, key=lambda note: (note.written_at, note.note_id)))

    def _decide(self, note: TradeNote) -> tuple[TradeNote, Sequence[Write]]:
        there = self.of(note.account, note.position_id)
        same = next((other for other in there if other.note_id == note.note_id), None)
        if same is not None:
            return same, ()
        if len(there) >= MOST_NOTES:
            raise BadInput(f"{note.position_id} has {MOST_NOTES} notes already, and they stay")
        told = journal(
            note.account,
            "TRADE_NOTED",
            f"{note.position_id}#{note.note_id}",
            note.as_of,
            note.written_at,
            note.actor,
            position_id=note.position_id,
            note_id=note.note_id,
            text=note.text,
        )
        return note, (create(note), told)


def _usable(text: str) -> str:
    """Lines may end; nothing else that is not seen may be in it."""
    words = text.replace("\r\n", "\n").strip()
    unseen = [one for one in words if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co") and one != "\n"]
    if unseen:
        raise BadInput(f"the note holds {unseen[0]!r}, which nobody sees: leave it out")
    if not words:
        raise BadInput("the note is empty: write what is to be remembered of the trade")
    if len(words) > _LONGEST:
        raise BadInput(f"the note has {len(words)} characters: write {_LONGEST} at most")
    return words


def _id_of(*of: str) -> str:
    return hashlib.sha256("\x1f".join(of).encode()).hexdigest()[:_ID_LENGTH]

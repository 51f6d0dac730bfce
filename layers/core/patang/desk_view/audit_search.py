"""Looking for what happened: entries of a chain by kind, by who did it, by the words that stand in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from patang.audit.entry import AuditEntry
from patang.audit.event import AuditEvent
from patang.audit.log import AuditLog
from patang.desk_view.audit_files import fitting
from patang.desk_view.paging import Page, cursor_at, scanned
from patang.desk_view.shapes import event_view
from patang.desk_view.views import EventView
from patang.errors import BadInput

__all__ = ["AuditQuestion", "audit_page"]

_SEQUENCE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class AuditQuestion:
    """Which entries of an account's market day: those of a `kind`, of an `actor`, and in which every word of
    `text` stands somewhere, be it part of a longer one; capitals do not matter. None asks for all."""

    account: str
    day: date
    kind: str | None = None
    actor: str | None = None
    text: str | None = None
    newest_first: bool = False


def audit_page(log: AuditLog, question: AuditQuestion, cursor: str | None, limit: int) -> Page[EventView]:
    """A page of what was asked for. Raises BadInput for a cursor of another list."""
    words = (question.text or "").casefold().split()

    def read(behind: str | None, most: int) -> list[AuditEntry]:
        place = _sequence(behind)
        if question.newest_first:
            return log.newest(question.account, question.day, most, before=place)
        return log.page(question.account, question.day, after=place or 0, limit=most)

    def fits(entry: AuditEntry) -> bool:
        event = entry.event()
        if question.kind not in (None, event.kind) or question.actor not in (None, event.actor):
            return False
        return not words or _holds(event, words)

    found, following = scanned(read, lambda entry: str(entry.sequence), fits, cursor, limit)
    # Long entries make a short page: an answer holds so many bytes.
    shown = fitting(found)
    if len(shown) < len(found):
        following = cursor_at(str(shown[-1].sequence))
    return Page(items=tuple(map(event_view, shown)), next=following)


def _holds(event: AuditEvent, words: Sequence[str]) -> bool:
    parts = (event.kind, event.actor, event.event_id, *_texts(event.details))
    # A constant is found by its name and by the words that people read it as.
    told = " ".join(text for part in parts for text in (part, part.replace("_", " "))).casefold()
    return all(word in told for word in words)


def _texts(value: object) -> Iterator[str]:
    """Every name and every value, at any depth."""
    match value:
        case Mapping():
            for name, inner in value.items():
                yield str(name)
                yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
        case None:
            pass
        case _:
            yield str(value)


def _sequence(place: str | None) -> int | None:
    if place is None:
        return None
    if not (place.isascii() and place.isdecimal() and len(place) <= _SEQUENCE_DIGITS):
        raise BadInput(f"the cursor names entry {place!r}: begin without one")
    return int(place)

"""Lists by pages: a page is at most so long, and its cursor says where the next one begins.

A cursor names a place in an order, such as a sort key; it carries no right. Whose list it is follows from the
credential of each request anew.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from patang.errors import BadInput

__all__ = ["Page", "cursor_at", "page_of", "place_of", "scanned"]

# How many stored entries one request may look through for those that fit its filters.
_MOST_SCANNED = 2000
_LONGEST_CURSOR = 400


class Page[Entry](BaseModel):
    """`next` goes into the next request's `cursor`; it is null on the last page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: tuple[Entry, ...]
    next: str | None = None


def cursor_at(*place: str) -> str:
    """The cursor of the page behind this place."""
    text = json.dumps(place, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str | None, parts: int) -> tuple[str, ...] | None:
    """The place that a cursor of `parts` parts names; None for none. Raises BadInput if it is no cursor."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    right = isinstance(found, list) and len(found) == parts and all(map(_is_text, found))
    if not right or len(cursor) > _LONGEST_CURSOR:
        raise BadInput(f"the cursor {cursor[:40]!r} is not one that this list has given: begin without one")
    return tuple(found)


def _is_text(part: object) -> bool:
    return isinstance(part, str) and part != "" and part.isprintable()


def page_of[Kind, Entry](
    found: Iterable[Kind],
    place: Callable[[Kind], tuple[str, str]],
    show: Callable[[Kind], Entry],
    cursor: str | None,
    limit: int,
) -> Page[Entry]:
    """A page of what is all there, the greatest `place` (when, and whose it is) in front."""
    behind = place_of(cursor, 2)
    ordered = sorted(((place(one), one) for one in found), key=lambda pair: pair[0], reverse=True)
    ordered = [pair for pair in ordered if behind is None or pair[0] < behind]
    shown = ordered[:limit]
    more = len(ordered) > limit
    return Page(items=tuple(show(one) for _, one in shown), next=cursor_at(*shown[-1][0]) if more else None)


def scanned[Kind](
    read: Callable[[str | None, int], Sequence[Kind]],
    place: Callable[[Kind], str],
    fits: Callable[[Kind], bool],
    cursor: str | None,
    limit: int,
) -> tuple[tuple[Kind, ...], str | None]:
    """What fits of a stored list, and the next cursor. `read(behind, most)` reads on from a place.

    A page may be short, even empty, and still have a next one: a request looks through so many only.
    """
    start = place_of(cursor, 1)
    behind = None if start is None else start[0]
    found: list[Kind] = []
    seen = 0
    while seen < _MOST_SCANNED:
        # One more than is wanted, to know whether there is a next page.
        most = min(limit + 1, _MOST_SCANNED - seen)
        entries = read(behind, most)
        for entry in entries:
            if fits(entry):
                if len(found) == limit:
                    return tuple(found), None if behind is None else cursor_at(behind)
                found.append(entry)
            behind = place(entry)
        seen += len(entries)
        if len(entries) < most:
            return tuple(found), None
    return tuple(found), None if behind is None else cursor_at(behind)

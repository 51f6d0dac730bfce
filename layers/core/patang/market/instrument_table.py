"""All that the broker lists on a day: looked up by exchange and tradingsymbol, searched by what is known."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from patang.errors import BadInput
from patang.market.instrument_search import Found, Wanted, search
from patang.market.isins import isin_of
from patang.market.listing import COLUMNS, DERIVATIVE_TYPES, Listing, parse_listing, texts_of

__all__ = ["InstrumentTable"]

_NEEDED = COLUMNS[:-1]
# Where futures and options on Indian shares are listed.
_DERIVATIVE_EXCHANGES = frozenset({"NFO", "BFO"})


class InstrumentTable:
    """The listings of a dump, in its order. `problems`: lines that were left out, and why."""

    def __init__(self, listings: Iterable[Listing], problems: Iterable[str] = ()) -> None:
        found, self.problems = list(listings), list(problems)
        self._by_name: dict[tuple[str, str], Listing] = {}
        names = {
            listing.name
            for listing in found
            if listing.instrument_type in DERIVATIVE_TYPES and listing.exchange in _DERIVATIVE_EXCHANGES
        }
        for listing in found:
            name = listing.exchange, listing.tradingsymbol
            if name in self._by_name:
                self.problems.append(f"{listing.identifier} is listed twice: the first is taken")
                continue
            written_on = listing.kind == "EQ" and listing.tradingsymbol in names
            if listing.has_derivatives != written_on:
                listing = listing._replace(has_derivatives=written_on)
            self._by_name[name] = listing

    @classmethod
    def from_csv(cls, text: str) -> "InstrumentTable":
        """From the text of a dump. Raises BadInput if it lacks a column, or no line of it parses."""
        lines = csv.reader(io.StringIO(text, newline=""))
        header = [name.strip() for name in next(lines, [])]
        missing = [column for column in _NEEDED if column not in header]
        if missing:
            raise BadInput(f"this is no instruments dump: its first line lacks {', '.join(missing)}")
        problems: list[str] = []
        return cls._parsed(_whole_lines(lines, header, problems), problems)

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "InstrumentTable":
        """From rows as the official client or a table gives them. Raises BadInput if none parses."""
        return cls._parsed(((f"row {n}", texts_of(row)) for n, row in enumerate(rows, 1)), [])

    @classmethod
    def _parsed(cls, lines: Iterable[tuple[str, Sequence[str]]], problems: list[str]) -> "InstrumentTable":
        """What parses of the lines; `problems` takes up why the others do not."""
        listings: list[Listing] = []
        for where, texts in lines:
            try:
                listings.append(parse_listing(texts))
            except ValueError as error:
                problems.append(f"{where}: {error}")
        if not listings:
            raise BadInput(
                f"no line of the instruments dump parses: {'; '.join(problems[:3]) or 'it is empty'}"
            )
        return cls(listings, problems)

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Listing]:
        return iter(self._by_name.values())

    def get(self, exchange: str, tradingsymbol: str) -> Listing | None:
        """The listing of that name, or None."""
        return self._by_name.get((exchange, tradingsymbol))

    def by_token(self) -> dict[int, Listing]:
        """By the token, which means this only on the dump's day: the broker gives tokens out again."""
        return {listing.instrument_token: listing for listing in self}

    def search(self, wanted: Wanted, limit: int | None = None) -> Found:
        """What fits, the likeliest first, at most `limit`, and how many there are in all."""
        return search(self, wanted, limit)

    def with_isins(self, isins: Mapping[str, str]) -> "InstrumentTable":
        """The same with the number of each share that `isins`, by NSE's symbol, knows."""
        joined = []
        for listing in self:
            isin = isin_of(listing, isins, on_nse=self.get("NSE", listing.tradingsymbol))
            joined.append(listing._replace(isin=isin) if isin else listing)
        return InstrumentTable(joined, self.problems)

    def rows(self) -> list[dict[str, Any]]:
        """For a table: one dict a listing with the names of COLUMNS, amounts as floats, None for none."""
        found = []
        for listing in self:
            row = {column: getattr(listing, column) for column in COLUMNS}
            for column in ("last_price", "strike", "tick_size"):
                row[column] = None if row[column] is None else float(row[column])
            found.append(row)
        return found


def _whole_lines(
    lines: Iterator[list[str]], header: Sequence[str], problems: list[str]
) -> Iterator[tuple[str, list[str]]]:
    """The texts of COLUMNS of each line, and where it stands; `problems` takes up lines of another length."""
    places = [header.index(column) if column in header else -1 for column in COLUMNS]
    for number, line in enumerate(lines, 2):
        if len(line) == len(header):
            yield f"line {number}", [line[place] if place >= 0 else "" for place in places]
        elif line:
            problems.append(f"line {number}: {len(line)} fields instead of {len(header)}")

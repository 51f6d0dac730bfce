"""Searching listings by text, number, underlying, expiry, strike, type and exchange."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patang.market.listing import Listing

__all__ = ["Found", "Wanted", "search"]

# A call and a put of one strike stand together.
_KINDS = {"INDEX": 0, "EQ": 1, "FUT": 2, "CE": 3, "PE": 3}
_EXCHANGES = {"NSE": 0, "NFO": 1, "BSE": 2, "BFO": 3}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; None, or no text, asks for nothing in particular. Upper and lower case are the same.

    `text`: words that all stand in the tradingsymbol, the name, the share's number or, with a colon, in
    EXCHANGE:TRADINGSYMBOL. `nearest_from`: of each underlying and exchange only the contracts of the first
    expiry that is not before that day.
    """

    text: str = ""
    exchange: str | None = None
    kind: str | None = None
    underlying: str | None = None
    expiry: date | None = None
    nearest_from: date | None = None
    strike: Decimal | None = None
    isin: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The likeliest `listings`, and the `total` of all that fit."""

    listings: tuple[Listing, ...]
    total: int


def search(listings: Iterable[Listing], wanted: Wanted, limit: int | None = None) -> Found:
    """What fits: the exact symbol first, then what begins so; indices, shares, futures, options by expiry."""
    fitting = list(listings)
    for fits in _questions(wanted):
        fitting = [listing for listing in fitting if fits(listing)]
    if wanted.nearest_from is not None:
        fitting = _nearest(fitting, wanted.nearest_from)
    text = wanted.text.upper().strip()
    fitting.sort(key=lambda listing: (_distance(listing, text), *_place(listing)))
    return Found(tuple(fitting[:limit]), len(fitting))


def _questions(wanted: Wanted) -> Iterator[Callable[[Listing], bool]]:
    """What a listing that fits answers with yes: only what is asked, the cheapest first."""
    if wanted.expiry is not None:
        yield lambda listing: listing.expiry == wanted.expiry
    if wanted.strike is not None:
        yield lambda listing: listing.strike == wanted.strike
    for name in ("exchange", "isin", "kind", "underlying"):
        if getattr(wanted, name) is not None:
            yield _same(name, getattr(wanted, name).upper())
    words = wanted.text.upper().split()
    if words:
        yield lambda listing: all(_says(listing, word) for word in words)


def _same(name: str, value: str) -> Callable[[Listing], bool]:
    return lambda listing: (getattr(listing, name) or "").upper() == value


def _says(listing: Listing, word: str) -> bool:
    if word in f"{listing.tradingsymbol} {listing.name} {listing.isin or ''}".upper():
        return True
    return ":" in word and word in listing.identifier.upper()


def _nearest(listings: list[Listing], day: date) -> list[Listing]:
    first: dict[tuple[str, str], date] = {}
    for listing in listings:
        if listing.expiry is not None and listing.expiry >= day:
            group = listing.exchange, listing.underlying
            first[group] = min(listing.expiry, first.get(group, listing.expiry))
    return [
        listing
        for listing in listings
        if listing.expiry is not None and listing.expiry == first.get((listing.exchange, listing.underlying))
    ]


def _distance(listing: Listing, text: str) -> int:
    """How far the listing is from what was typed."""
    symbol, name = listing.tradingsymbol.upper(), listing.name.upper()
    if text in (symbol, listing.isin, listing.identifier.upper()) or (
        listing.kind == "INDEX" and text == listing.underlying.upper()
    ):
        return 0
    if text == listing.underlying.upper():
        return 1
    if symbol.startswith(text):
        return 2
    return 3 if name.startswith(text) else 4


def _place(listing: Listing) -> tuple[int, int, str, date, Decimal, str]:
    """The order of listings that are equally far."""
    return (
        _KINDS.get(listing.kind, len(_KINDS)),
        _EXCHANGES.get(listing.exchange, len(_EXCHANGES)),
        listing.underlying,
        listing.expiry or date.min,
        listing.strike or Decimal(0),
        listing.tradingsymbol,
    )

"""International numbers of shares (ISIN), which the broker's dump lacks: from NSE's list of securities.

The list is `EQUITY_L.csv` of https://www.nseindia.com/market-data/securities-available-for-trading; kept in
the store as `instruments/isins.csv`, it is joined to each dump.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from patang.errors import BadInput
from patang.market.listing import Listing
from patang.ports import ObjectStore

__all__ = ["ISINS_PATH", "IsinList", "isin_of", "load_isins", "read_isins"]

ISINS_PATH = "instruments/isins.csv"

_NUMBER = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d")
# Series of one and the same share; the broker adds the series to the symbol, but not EQ. A bond's series is
# another security.
_SHARE_SERIES = frozenset({"BE", "BL", "BZ", "IL", "SM", "ST", "SZ"})


@dataclass(frozen=True, slots=True)
class IsinList:
    """Numbers by NSE's symbol, and the lines that were left out with their reason."""

    by_symbol: dict[str, str]
    problems: tuple[str, ...]


def read_isins(text: str) -> IsinList:
    """From NSE's list of securities: columns SYMBOL and ISIN NUMBER, among others. Raises BadInput."""
    lines = csv.DictReader(io.StringIO(text, newline=""))
    names = {name.strip().upper(): name for name in lines.fieldnames or ()}
    missing = [name for name in ("SYMBOL", "ISIN NUMBER") if name not in names]
    if missing:
        raise BadInput(f"this is not NSE's list of securities: its first line lacks {', '.join(missing)}")
    found: dict[str, str] = {}
    problems = []
    for number, line in enumerate(lines, 2):
        symbol, isin = ((line[names[name]] or "").strip() for name in ("SYMBOL", "ISIN NUMBER"))
        if not symbol or not _is_number(isin):
            problems.append(f"line {number}: {isin!r} of {symbol!r} is not an ISIN")
        elif found.setdefault(symbol, isin) != isin:
            problems.append(f"line {number}: {symbol} has two numbers: {found[symbol]} is taken, not {isin}")
    if not found:
        raise BadInput(
            f"NSE's list of securities has no line with an ISIN: {'; '.join(problems[:3]) or 'it is empty'}"
        )
    return IsinList(found, tuple(problems))


def load_isins(objects: ObjectStore) -> Mapping[str, str]:
    """The kept list by NSE's symbol, empty where none was stored. Raises BadInput if it is broken."""
    content = objects.get(ISINS_PATH)
    return {} if content is None else read_isins(content.decode("utf-8-sig", "replace")).by_symbol


def isin_of(listing: Listing, isins: Mapping[str, str], on_nse: Listing | None) -> str | None:
    """The number of a share, None for what is none and where it is not known.

    BSE uses its own symbols: one that NSE uses too (`on_nse`) is the same share only if the names agree.
    """
    if listing.kind != "EQ" or listing.exchange not in ("NSE", "BSE"):
        return None
    if listing.exchange == "BSE" and (on_nse is None or _plain(on_nse.name) != _plain(listing.name)):
        return None
    symbol, _, series = listing.tradingsymbol.rpartition("-")
    own = isins.get(listing.tradingsymbol)
    return own or (isins.get(symbol) if series in _SHARE_SERIES else None)


def _plain(name: str) -> str:
    return " ".join(name.upper().rstrip(".").split())


def _is_number(isin: str) -> bool:
    """Whether form and check digit are right (ISO 6166: Luhn, letters being numbers of two digits)."""
    if not _NUMBER.fullmatch(isin):
        return False
    digits = "".join(str(int(character, 36)) for character in isin)
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[-1::-2]))) % 10 == 0

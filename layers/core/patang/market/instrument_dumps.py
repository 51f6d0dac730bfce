"""The day's instruments dump in the store, as compressed CSV: it is read where there is no Parquet."""

import csv
import gzip
import io
import re
import zlib
from datetime import date

from patang.errors import BadInput
from patang.market.instrument_table import InstrumentTable
from patang.market.listing import COLUMNS, Listing
from patang.ports import ObjectStore

__all__ = ["dump_days", "dump_path", "find_listing", "load_dump", "read_dump", "save_dump"]

_FOLDER = "instruments/"
_DAY = re.compile(r"instruments/date=(\d{4}-\d{2}-\d{2})/instruments_\1\.csv\.gz")
_GZIP = b"\x1f\x8b"


def dump_path(day: date) -> str:
    """Where a day's dump is kept."""
    return f"{_FOLDER}date={day}/instruments_{day}.csv.gz"


def save_dump(objects: ObjectStore, day: date, table: InstrumentTable) -> None:
    """Keep a day's listings in the place of any before; the same listings are the same bytes."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    # A listing is a row in the order of COLUMNS, but for its last field, which follows from the others.
    lines.writerows(listing[: len(COLUMNS)] for listing in table)
    objects.put(
        dump_path(day),
        gzip.compress(out.getvalue().encode(), compresslevel=6, mtime=0),
        content_type="application/gzip",
    )


def load_dump(objects: ObjectStore, day: date) -> InstrumentTable | None:
    """A day's listings, None where none are kept. Raises BadInput if they are broken."""
    content = objects.get(dump_path(day))
    return None if content is None else read_dump(content, dump_path(day))


def find_listing(objects: ObjectStore, day: date, exchange: str, tradingsymbol: str) -> Listing | None:
    """One listing of the newest dump that is not later than `day`; None where it, or any dump, is missing.

    The hundred thousand others are not parsed: an order has no time for them. Raises BadInput if the dump is
    broken.
    """
    newest = max((kept for kept in dump_days(objects) if kept <= day), default=None)
    content = None if newest is None else objects.get(dump_path(newest))
    if content is None:
        return None
    try:
        header, *lines = gzip.decompress(content).decode().splitlines()
        asked = f",{tradingsymbol},"
        named = [line for line in lines if asked in line]
        table = InstrumentTable.from_csv("\n".join([header, *named])) if named else None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, ValueError, BadInput) as error:
        raise BadInput(f"{dump_path(newest or day)} does not tell of {tradingsymbol}: {error}") from error
    return None if table is None else table.get(exchange, tradingsymbol)


def read_dump(content: bytes, name: str) -> InstrumentTable:
    """From the bytes of a dump, compressed or not; `name` is for the message. Raises BadInput."""
    try:
        return InstrumentTable.from_csv(
            (gzip.decompress(content) if content[:2] == _GZIP else content).decode()
        )
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, BadInput) as error:
        raise BadInput(f"{name} does not parse: {error}") from error


def dump_days(objects: ObjectStore) -> list[date]:
    """The days whose dumps are kept, oldest first."""
    found = (_DAY.fullmatch(path) for path in objects.list(_FOLDER))
    return sorted(date.fromisoformat(match[1]) for match in found if match)

"""`patang instruments`: what the broker lists, searched and kept."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from patang.adapters.system import SystemClock
from patang.errors import PatangError
from patang.market.instrument_dumps import dump_path, save_dump
from patang.market.instrument_search import Found, Wanted
from patang.market.instrument_table import InstrumentTable
from patang.market.isins import ISINS_PATH, load_isins
from patang.market.listing import Listing
from patang.ports import ObjectStore
from patang_workbench.cli.days import as_day
from patang_workbench.cli.instrument_sources import Dump, dump_of_file, dump_of_store, isins_of_file
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.store_argument import add_store_arguments
from patang_workbench.history.broker import market_data, market_time, whole_dump
from patang_workbench.history.store import store_at

__all__ = ["add_arguments", "run"]

_SHOWN = 20
_SEARCH = """The words of TEXT all stand in the symbol, the name or the ISIN. Exit code: 0 something was
found, 1 nothing fits (or the search did not work), 2 not understood."""
_PULL = """The broker tells its instruments to everybody; a simulator wants KITE_API_KEY and
KITE_ACCESS_TOKEN. NSE's list of securities, from which ISINs come, is EQUITY_L.csv of nseindia.com.
Exit code: 0 kept, 1 not kept, 2 not understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs `search` and `pull`, and their options."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    search = verbs.add_parser("search", help="find instruments by what is known of them", epilog=_SEARCH)
    search.add_argument("text", nargs="*", metavar="TEXT", help="symbol, name or ISIN, or parts of them")
    search.add_argument("--exchange", type=str.upper, help="NSE, NFO, BSE, BFO, ...")
    search.add_argument("--type", dest="kind", type=str.upper, help="INDEX, EQ, FUT, CE, PE, ...")
    search.add_argument("--underlying", type=str.upper, help="NIFTY, RELIANCE, ...: it and what is on it")
    search.add_argument("--expiry", type=_expiry, metavar="DAY", help="YYYY-MM-DD, or nearest")
    search.add_argument("--strike", type=_strike, help="in rupees")
    search.add_argument("--isin", type=str.upper)
    search.add_argument("--limit", type=_limit, default=_SHOWN, help=f"how many to show ({_SHOWN})")
    search.add_argument("--dump", type=Path, metavar="FILE", help="CSV, CSV.gz or Parquet, not in a store")
    search.add_argument("--isins", type=Path, metavar="FILE", help="with --dump: NSE's list of securities")
    search.add_argument("--date", type=as_day, metavar="DAY", help="the dump's day (the newest)")
    add_store_arguments(search)
    search.set_defaults(job=_search)
    pull = verbs.add_parser("pull", help="keep the broker's instruments of today in a store", epilog=_PULL)
    pull.add_argument("--root", metavar="URL", help="base address of a simulator or the sandbox")
    pull.add_argument("--isins", type=Path, metavar="FILE", help="keep NSE's list of securities too")
    pull.add_argument("--date", type=as_day, metavar="DAY", help="whose day it is (today, or a simulator's)")
    add_store_arguments(pull)
    pull.set_defaults(job=_pull)


def run(options: argparse.Namespace) -> int:
    """Carry out a verb; its exit code."""
    job: Callable[[argparse.Namespace], int] = options.job
    try:
        return job(options)
    except PatangError as error:
        raise CommandError(str(error)) from error


def _expiry(text: str) -> date | Literal["nearest"]:
    return "nearest" if text.lower() == "nearest" else as_day(text)


def _strike(text: str) -> Decimal:
    try:
        strike = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no price") from error
    if not strike.is_finite() or strike <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no price above zero")
    return strike


def _limit(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above zero")
    return int(text)


def _search(options: argparse.Namespace) -> int:
    dump = _dump(options)
    found = dump.table.search(_wanted(options, dump), options.limit)
    if options.json:
        print(json.dumps(_search_json(dump, found)))
    elif found.total:
        _print_table(found)
    else:
        sys.stderr.write(f"nothing fits among the {len(dump.table)} instruments of {dump.source}\n")
    if dump.table.problems and not options.json:
        problems = dump.table.problems
        sys.stderr.write(f"{len(problems)} lines were left out, the first: {problems[0]}\n")
    return 0 if found.total else 1


def _dump(options: argparse.Namespace) -> Dump:
    if options.dump is None:
        if options.isins is not None:
            raise CommandError("--isins goes with --dump: a store keeps its own (patang instruments pull)")
        return dump_of_store(_objects(options), options.store, options.date)
    dump = dump_of_file(options.dump)
    day = options.date or dump.day
    if options.isins is None:
        return Dump(dump.table, dump.source, day)
    return Dump(dump.table.with_isins(isins_of_file(options.isins).by_symbol), dump.source, day)


def _objects(options: argparse.Namespace) -> ObjectStore:
    if not options.store:
        raise CommandError("which instruments? give --dump FILE, or --store DIR or PATANG_STORE")
    return store_at(options.store).objects


def _wanted(options: argparse.Namespace, dump: Dump) -> Wanted:
    nearest = options.expiry == "nearest"
    if nearest and dump.day is None:
        raise CommandError(f"nearest to which day? the name of {dump.source} does not say it: give --date")
    wanted = Wanted(
        text=" ".join(options.text),
        exchange=options.exchange,
        kind=options.kind,
        underlying=options.underlying,
        expiry=None if nearest else options.expiry,
        nearest_from=dump.day if nearest else None,
        strike=options.strike,
        isin=options.isin,
    )
    if wanted == Wanted():
        raise CommandError("search for what? give TEXT or an option such as --underlying")
    return wanted


def _search_json(dump: Dump, found: Found) -> dict[str, Any]:
    return {
        "source": dump.source,
        "date": None if dump.day is None else dump.day.isoformat(),
        "total": found.total,
        "instruments": [_listing_json(listing) for listing in found.listings],
        "problems": dump.table.problems,
    }


def _listing_json(listing: Listing) -> dict[str, Any]:
    return {
        "identifier": listing.identifier,
        "exchange": listing.exchange,
        "tradingsymbol": listing.tradingsymbol,
        "name": listing.name,
        "type": listing.kind,
        "segment": listing.segment,
        "underlying": listing.underlying,
        "expiry": None if listing.expiry is None else listing.expiry.isoformat(),
        "strike": None if listing.strike is None else float(listing.strike),
        "lot_size": listing.lot_size,
        "tick_size": float(listing.tick_size),
        "isin": listing.isin,
        "has_derivatives": listing.has_derivatives,
        "instrument_token": listing.instrument_token,
        "exchange_token": listing.exchange_token,
    }


def _print_table(found: Found) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("instrument", "name", "type", "expiry"):
        table.add_column(name, no_wrap=True)
    for name in ("strike", "lot", "tick"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("ISIN", no_wrap=True)
    for listing in found.listings:
        table.add_row(
            listing.identifier,
            listing.name,
            listing.kind,
            "" if listing.expiry is None else listing.expiry.isoformat(),
            "" if listing.strike is None else f"{listing.strike.normalize():f}",
            str(listing.lot_size),
            f"{listing.tick_size.normalize():f}",
            listing.isin or "",
        )
    # Where nobody looks, a line is a line however long it is.
    Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False).print(table)
    if found.total > len(found.listings):
        sys.stderr.write(f"{len(found.listings)} of {found.total}: --limit shows more\n")


def _pull(options: argparse.Namespace) -> int:
    if not options.store:
        raise CommandError("keep them where? give --store DIR or set PATANG_STORE")
    objects = store_at(options.store).objects
    isins = None if options.isins is None else isins_of_file(options.isins)
    table = InstrumentTable.from_rows(whole_dump(options.root))
    day = options.date or _today(options.root)
    if isins is not None:
        objects.put(ISINS_PATH, options.isins.read_bytes(), content_type="text/csv")
    table = table.with_isins(load_isins(objects))
    save_dump(objects, day, table)
    numbered = sum(listing.isin is not None for listing in table)
    problems = [*table.problems, *(isins.problems if isins else ())]
    if options.json:
        told = {"path": dump_path(day), "instruments": len(table), "with_isin": numbered}
        print(json.dumps({"date": day.isoformat(), **told, "problems": problems}))
        return 0
    print(f"{len(table)} instruments of {day}, {numbered} with an ISIN: {options.store}/{dump_path(day)}")
    for problem in problems:
        sys.stderr.write(f"left out: {problem}\n")
    return 0


def _today(root: str | None) -> date:
    return (SystemClock().now() if root is None else market_time(market_data(root), root)).date()

"""`patang data pull`: candles from the broker into a store; it goes on where it was left."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from patang.errors import BadInput, PatangError, Refused
from patang.market.findings import INTERVAL_MINUTES
from patang.market.instrument_dumps import load_dump, save_dump
from patang.market.instrument_search import Wanted
from patang.market.instrument_table import InstrumentTable
from patang.market.instruments import Instrument
from patang_workbench.cli.days import as_day
from patang_workbench.cli.progress import progress_bar
from patang_workbench.cli.running import CommandError
from patang_workbench.history.broker import market_data, market_time, whole_dump
from patang_workbench.history.loader import Loader, Plan, Result
from patang_workbench.history.store import store_at
from patang_workbench.history.symbols import find, find_all

__all__ = ["EPILOG", "add_arguments", "run"]

_INTERRUPTED = 130
EPILOG = """The app's key and the day's access token come from KITE_API_KEY and KITE_ACCESS_TOKEN. Sessions
that are complete in the store are not asked for again: the same command goes on where one was interrupted.
Exit code: 0 everything is there, 1 something could not be fetched, 2 not understood, 130 interrupted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "symbols", nargs="*", metavar="SYMBOL", help="NIFTY, RELIANCE, BSE:TCS, NFO:NIFTY26NOVFUT"
    )
    parser.add_argument("--universe", type=Path, metavar="FILE", help="file with a symbol a line")
    dump = parser.add_argument_group("instruments of the broker's dump, in the place of symbols")
    dump.add_argument("--from-dump", action="store_true", help="everything that fits the following")
    dump.add_argument("--underlying", help="NIFTY, RELIANCE, ...: it and what is on it")
    dump.add_argument("--exchange", help="NSE, NFO, BSE, BFO")
    dump.add_argument("--type", dest="kind", help="INDEX, EQ, FUT, CE or PE")
    dump.add_argument("--expiry", type=_expiry, metavar="DAY", help="yyyy-mm-dd, or nearest")
    parser.add_argument("--from", dest="first", type=as_day, required=True, metavar="DAY", help="first day")
    parser.add_argument(
        "--to", dest="last", type=as_day, default=None, metavar="DAY", help="last day (today)"
    )
    parser.add_argument("--interval", default="minute", choices=list(INTERVAL_MINUTES))
    parser.add_argument("--again", action="store_true", help="ask for everything and replace what is there")
    parser.add_argument("--root", metavar="URL", help="base address of a simulator or the sandbox")


def run(options: argparse.Namespace) -> int:
    """Pull; the exit code."""
    if not options.store:
        raise CommandError("which store? give --store DIR or set PATANG_STORE")
    names = [*options.symbols, *_universe(options.universe)]
    filters = any((options.underlying, options.exchange, options.kind, options.expiry))
    if filters != options.from_dump:
        raise CommandError(
            "--from-dump goes with --underlying, --exchange, --type or --expiry, and they with it"
        )
    if not names and not options.from_dump:
        raise CommandError("which symbols? name them, or give a file by --universe, or choose by --from-dump")
    with _stop_on_interrupt() as stop:
        job = _Job(options, stop)
        job.plan(list(dict.fromkeys(names)))
        job.carry_out()
    print(json.dumps(job.json()) if options.json else "\n".join(job.lines()))
    if job.interrupted:
        return _INTERRUPTED
    return 1 if job.failures else 0


def _expiry(text: str) -> date | Literal["nearest"]:
    return "nearest" if text.lower() == "nearest" else as_day(text)


def _universe(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


@dataclass
class _Job:
    """One run of the command."""

    options: argparse.Namespace
    stop: threading.Event
    plans: list[Plan] = field(default_factory=list)
    results: list[tuple[Plan, Result]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        root = self.options.root
        self.market = market_data(root)
        self.as_of = market_time(self.market, root)
        self.store = store_at(self.options.store)
        self.loader = Loader(self.market, self.store, self.as_of, self.stop.wait, self.stop.is_set)

    @property
    def interrupted(self) -> bool:
        left = len(self.results) < len(self.plans) or not all(r.finished for _, r in self.results)
        return self.stop.is_set() and left

    def plan(self, names: list[str]) -> None:
        """Which requests are needed. A symbol that nobody lists is noted, and the others go on."""
        options = self.options
        last = options.last or self.as_of.date()
        if last < options.first:
            raise CommandError(f"--from {options.first} is after --to {last}")
        table, today = self._table(), self.as_of.date()
        chosen = find_all(table, self._wanted(), today) if options.from_dump else []
        for name in names:
            try:
                chosen.append(find(table, name, today))
            except BadInput as error:
                self.failures[name] = str(error)
        for instrument in dict.fromkeys(chosen):
            self._plan_one(instrument, last)

    def _plan_one(self, instrument: Instrument, last: date) -> None:
        first, interval, again = self.options.first, self.options.interval, self.options.again
        try:
            self.plans.append(self.loader.plan(instrument, first, last, interval, again=again))
        except BadInput as error:
            self.failures[instrument.identifier] = str(error)

    def _table(self) -> InstrumentTable:
        """Today's instruments: as the store keeps them, else from the broker, and kept."""
        today = self.as_of.date()
        table = load_dump(self.store.objects, today)
        if table is None:
            table = InstrumentTable.from_rows(whole_dump(self.options.root))
            save_dump(self.store.objects, today, table)
        return table

    def _wanted(self) -> Wanted:
        options, nearest = self.options, self.options.expiry == "nearest"
        return Wanted(
            exchange=options.exchange,
            kind=options.kind,
            underlying=options.underlying,
            expiry=None if nearest else options.expiry,
            nearest_from=self.as_of.date() if nearest else None,
        )

    def carry_out(self) -> None:
        """Ask, until all is there, somebody interrupts, or the broker is lost."""
        total = sum(len(plan.pages) for plan in self.plans)
        with progress_bar(total) as asked:
            for plan in self.plans:
                symbol = plan.instrument.symbol
                try:
                    self.results.append((plan, self.loader.carry_out(plan, asked)))
                except Refused as error:
                    self.failures[symbol] = str(error)
                except PatangError as error:
                    if not self.interrupted:
                        self.failures[symbol] = f"{error}; the same command goes on from here"
                    return
                if self.interrupted:
                    return

    def json(self) -> dict[str, Any]:
        symbols = [{**asdict(result), "spared": len(plan.spared)} for plan, result in self.results]
        return {
            "store": str(self.options.store),
            "interval": self.options.interval,
            "requests": sum(result.requests for _, result in self.results),
            "bars": sum(result.bars for _, result in self.results),
            "finished": not self.failures and not self.interrupted,
            "symbols": symbols,
            "failures": self.failures,
        }

    def lines(self) -> Iterator[str]:
        for _, result in self.results:
            state = "" if result.finished else ", not finished"
            empty = f", {result.empty} of them empty" if result.empty else ""
            yield (
                f"{result.symbol:20} {result.bars:8} bars of {result.days} days{empty}, "
                f"{result.requests} requests{state}"
            )
        for name, why in self.failures.items():
            yield f"{name:20} failed: {why}"
        if self.interrupted:
            yield "interrupted: what was fetched is kept, the same command goes on from here"


@contextmanager
def _stop_on_interrupt() -> Iterator[threading.Event]:
    """The first Ctrl-C lets the request under way end and be kept; the second breaks off."""
    stop = threading.Event()

    def interrupted(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        sys.stderr.write("stopping after the request under way; once more breaks off\n")

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)

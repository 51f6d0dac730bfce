"""`patang data`: historical candles pulled, checked, shown, and set aside."""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from patang.errors import PatangError
from patang.market.findings import INTERVAL_MINUTES, Finding
from patang.market.named_hours import symbol_of
from patang_workbench.cli import data_pull
from patang_workbench.cli.days import as_day
from patang_workbench.cli.progress import progress_bar
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.store_argument import add_store_arguments
from patang_workbench.history.checking import Checked, check_files, check_store, set_aside
from patang_workbench.history.quarantine import Entry, Quarantine
from patang_workbench.history.showing import Day, candle_rows, day_summaries
from patang_workbench.history.store import CandleStore, store_at

__all__ = ["add_arguments", "run"]

_SHOWN_A_KIND = 5
_CHECK = """Exit code: 0 clean, 1 something was found (or the check did not work), 2 not understood.
Jumps overnight and hours that the exchange calendar does not know are shown and do not count as findings."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their options."""
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    pull = verbs.add_parser("pull", help="fetch candles from the broker", epilog=data_pull.EPILOG)
    data_pull.add_arguments(pull)
    add_store_arguments(pull)
    pull.set_defaults(job=data_pull.run)
    _add_check(verbs.add_parser("check", help="look for gaps and impossible bars", epilog=_CHECK))
    _add_show(verbs.add_parser("show", help="print candles that the store keeps"))
    _add_quarantine(verbs.add_parser("quarantine", help="list bars that were set aside, or restore them"))


def run(options: argparse.Namespace) -> int:
    """Carry out a verb; its exit code."""
    job: Callable[[argparse.Namespace], int] = options.job
    try:
        return job(options)
    except PatangError as error:
        raise CommandError(str(error)) from error


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="Parquet or CSV, or a folder of them"
    )
    add_store_arguments(parser)
    parser.add_argument("--symbol", action="append", default=[], help="only this symbol of the store")
    parser.add_argument("--interval", action="append", default=[], choices=list(INTERVAL_MINUTES))
    parser.add_argument("--quarantine", action="store_true", help="set the bars aside that cannot be trusted")
    parser.add_argument(
        "--dry-run", action="store_true", help="with --quarantine: only say what it would take"
    )
    parser.set_defaults(job=_check)


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYMBOL")
    add_store_arguments(parser)
    parser.add_argument("--date", type=as_day, metavar="DAY", help="the candles of this day")
    parser.add_argument("--from", dest="first", type=as_day, metavar="DAY")
    parser.add_argument("--to", dest="last", type=as_day, metavar="DAY")
    parser.add_argument("--interval", default="minute", choices=list(INTERVAL_MINUTES))
    parser.add_argument("--csv", action="store_true", help="print CSV")
    parser.set_defaults(job=_show)


def _add_quarantine(parser: argparse.ArgumentParser) -> None:
    add_store_arguments(parser)
    parser.add_argument("--restore", metavar="FILE", help="put this file back as it was, or `all`")
    parser.set_defaults(job=_quarantine)


def _store(options: argparse.Namespace) -> CandleStore:
    if not options.store:
        raise CommandError("which store? give --store DIR or set PATANG_STORE")
    return store_at(options.store)


def _check(options: argparse.Namespace) -> int:
    if options.files and options.quarantine:
        raise CommandError("--quarantine works on a store: files elsewhere are only checked")
    store = None if options.files else _store(options)
    symbols = [symbol_of(name) for name in options.symbol]
    found = check_files(options.files) if store is None else check_store(store, symbols, options.interval)
    checked: list[Checked] = []
    moved: list[Entry] = []
    with progress_bar(None) as told:
        for one in found:
            if store is not None and options.quarantine and not options.dry_run:
                moved += set_aside(store, one)
            checked.append(one.without_files())
            told(f"checked {one.symbol}")
    if not checked:
        raise CommandError(f"no candles to check in {options.store if store else options.files[0]}")
    clean = all(one.is_clean for one in checked)
    if options.json:
        print(json.dumps(_check_json(checked, moved, clean)))
    else:
        print("\n".join(_check_lines(checked, moved, clean)))
    return 0 if clean else 1


def _check_json(checked: list[Checked], moved: list[Entry], clean: bool) -> dict[str, Any]:
    findings = [
        {"source": one.source, "interval": one.interval, "accepted": accepted, **_finding_json(finding)}
        for one in checked
        for accepted, some in ((False, one.findings), (True, one.accepted))
        for finding in some
    ]
    return {
        "clean": clean,
        "series": len(checked),
        "bars": sum(one.bars for one in checked),
        "counts": dict(Counter(finding.kind for one in checked for finding in one.findings)),
        "condemned_bars": sum(len({r for f in one.findings for r in f.rows}) for one in checked),
        "set_aside_before": sum(one.aside for one in checked),
        "quarantined_bars": sum(entry.rows for entry in moved),
        "unread": [text for one in checked for text in one.unread],
        "findings": findings,
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "symbol": finding.symbol,
        "day": finding.day.isoformat(),
        "timestamp": finding.timestamp.isoformat(),
        "value": finding.value,
        "bars": len(finding.rows),
        "note": finding.is_note,
        "meaning": finding.meaning,
    }


def _check_lines(checked: list[Checked], moved: list[Entry], clean: bool) -> Iterator[str]:
    findings = [finding for one in checked for finding in one.findings]
    for kind, count in Counter(finding.kind for finding in findings).mostadd_store_arguments():
        some = [finding for finding in findings if finding.kind == kind]
        yield f"{kind:16} {count}"
        for finding in some[:_SHOWN_A_KIND]:
            yield f"    {finding.timestamp:%Y-%m-%d %H:%M} {finding.symbol}: {finding.meaning}"
        if count > _SHOWN_A_KIND:
            yield f"    and {count - _SHOWN_A_KIND} more: --json lists all"
    yield from (f"unreadable       {text}" for one in checked for text in one.unread)
    bars = sum(one.bars for one in checked)
    yield f"{bars} bars of {len(checked)} series: {'clean' if clean else 'something was found'}"
    aside = sum(one.aside for one in checked)
    if aside:
        yield f"{aside} bars of them are set aside already: patang data quarantine"
    accepted = sum(len(one.accepted) for one in checked)
    if accepted:
        yield f"{accepted} findings are in files that you restored from the quarantine, and are not counted"
    if moved:
        bars = sum(entry.rows for entry in moved)
        yield f"{bars} bars of {len(moved)} files were set aside: patang data quarantine"


def _show(options: argparse.Namespace) -> int:
    store, symbol, interval = _store(options), symbol_of(options.symbol), options.interval
    ranged = options.first or options.last
    if options.date and ranged:
        raise CommandError("give --date, or --from and --to")
    about = {"symbol": symbol, "interval": interval}
    if options.date or ranged or options.csv:
        first = options.date or options.first or date.min
        last = options.date or options.last or date.max
        _print_candles(options, about, candle_rows(store, symbol, interval, first, last))
        return 0
    days = day_summaries(store, symbol, interval)
    if options.json:
        print(json.dumps({**about, "days": [day.json() for day in days]}))
    else:
        print("\n".join(_day_lines(days)))
    return 0


def _day_lines(days: list[Day]) -> Iterator[str]:
    for empty, some in groupby(days, key=lambda day: not day.bars):
        those = list(some)
        if empty:
            yield f"{those[0].date} to {those[-1].date}: {len(those)} sessions of which the broker has none"
            continue
        for day in those:
            missing = "hours not known" if day.missing is None else f"{day.missing} missing"
            yield f"{day.date} {day.bars:5} bars  {day.first} to {day.last}  {missing}"


def _print_candles(options: argparse.Namespace, about: dict[str, str], candles: list[dict[str, Any]]) -> None:
    if options.json:
        print(json.dumps({**about, "candles": candles}))
        return
    if options.csv:
        writer = csv.DictWriter(sys.stdout, list(candles[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(candles)
        return
    for row in candles:
        prices = " ".join(f"{row[name]:>10.2f}" for name in ("open", "high", "low", "close"))
        oi = "" if row["oi"] is None else f" {row['oi']:>12}"
        print(f"{row['timestamp'][:16].replace('T', ' ')} {prices} {row['volume']:>12}{oi}")


def _quarantine(options: argparse.Namespace) -> int:
    quarantine = Quarantine(_store(options).objects)
    entries = quarantine.entries()
    if options.restore:
        wanted = [
            entry
            for entry in entries
            if options.restore in ("all", entry.path) and entry.state == "quarantined"
        ]
        if not wanted:
            raise CommandError(
                f"nothing of {options.restore} is set aside: patang data quarantine lists what is"
            )
        for entry in wanted:
            quarantine.restore(entry)
        entries = quarantine.entries()
    if options.json:
        print(json.dumps({"entries": [entry.model_dump(mode="json") for entry in entries]}))
        return 0
    for entry in entries:
        print(f"{entry.state:11} {entry.rows:5} bars of {entry.path}")
        for reason in entry.reasons:
            print(f"    {reason.timestamp:%Y-%m-%d %H:%M} {reason.kind}: {reason.meaning}")
    if not entries:
        print("nothing is set aside")
    return 0

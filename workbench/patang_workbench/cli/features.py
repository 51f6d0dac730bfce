"""`patang features`: the features of candles in Parquet files, as a Parquet file."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from patang.errors import PatangError
from patang.features.vector import FEATURE_NAMES
from patang.market.findings import INTERVAL_MINUTES
from patang_workbench.cli.running import CommandError
from patang_workbench.feature_files.batch import Summary, write_features
from patang_workbench.feature_files.sources import Survey, survey

__all__ = ["add_arguments", "run"]

_EPILOG = """The result has a row for every candle, in the order of symbol and timestamp (the bar's start,
IST), and a column for every feature; NaN where it has no value. Features that come from ticks, books and
option chains (iv_from_options ... oi_trend) are always NaN: candles do not tell them.
docs/concepts/features.md says what each is. Exit codes: 0 done, 1 the candles cannot be read or trusted,
2 not understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "--candles",
        required=True,
        type=Path,
        metavar="FILE_OR_DIR",
        help="Parquet; a folder with all below it",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the Parquet file to write")
    parser.add_argument(
        "--features", type=_names, default=FEATURE_NAMES, metavar="A,B", help="only these (all 23)"
    )
    parser.add_argument(
        "--interval", choices=list(INTERVAL_MINUTES), help="length of the bars (found from their times)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Write the features; 0 if that is done."""
    out: Path = options.out
    if out.resolve() == options.candles.resolve():
        raise CommandError(f"{out} holds the candles: write the features to another file")
    if not out.parent.is_dir():
        raise CommandError(f"there is no folder {out.parent} to write {out.name} to")
    began = perf_counter()
    try:
        found = survey(options.candles, out)
        _warn(found)
        with _progress(sum(found.rows.values())) as written:
            summary = write_features(found, out, options.features, options.interval, written)
    except (PatangError, OSError) as error:
        raise CommandError(str(error)) from error
    _print(summary, options, perf_counter() - began)
    return 0


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in FEATURE_NAMES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"{', '.join(unknown) or 'nothing'}: choose from {', '.join(FEATURE_NAMES)}"
        )
    return tuple(dict.fromkeys(names))


def _warn(found: Survey) -> None:
    if found.no_zone:
        more = f" and {len(found.no_zone) - 1} more files" if len(found.no_zone) > 1 else ""
        print(
            f"patang: the times of {found.no_zone[0]}{more} have no zone: they are taken as IST",
            file=sys.stderr,
        )


def _print(summary: Summary, options: argparse.Namespace, seconds: float) -> None:
    if summary.without_price:
        print(
            f"patang: {summary.without_price} rows have prices that are not numbers above zero: they are "
            "kept, have no features, and change none",
            file=sys.stderr,
        )
    undefined = {reason: count for reason, count in summary.undefined.items() if count}
    if options.json:
        facts = {
            "out": str(options.out),
            "rows": summary.rows,
            "symbols": summary.symbols,
            "interval": summary.interval,
            "features": list(summary.features),
            "rows_without_price": summary.without_price,
            "undefined": undefined,
            "seconds": round(seconds, 3),
        }
        print(json.dumps(facts))
        return
    print(f"{options.out}: {summary.rows} rows of {summary.symbols} symbols, bars of {summary.interval}")
    for reason, count in undefined.items():
        print(f"{count:>12} values missing: {reason}")


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere; what it yields is told how many rows were written."""
    console = Console(stderr=True)
    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("rows", total=rows)
        yield lambda count: progress.advance(task, count)

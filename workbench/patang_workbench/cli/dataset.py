"""`patang dataset`: labelled entries from candles, to train on."""

import argparse
import json
from pathlib import Path
from typing import get_args

from patang.errors import PatangError
from patang.model.inputs import StrategyName
from patang.settings import Settings
from patang.training.card import DataCard
from patang.training.dataset import Dataset
from patang_workbench.cli.days import as_day
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.settings_file import read_settings
from patang_workbench.research.dataset_files import is_dataset, keep_dataset, read_dataset
from patang_workbench.research.run_files import RESEARCH

__all__ = ["add_arguments", "add_dataset_arguments", "dataset_of", "run"]

_STRATEGIES = get_args(StrategyName.__value__)
_NOTES = """A row is an entry that the live rules would have made, with what the live exits made of it, net of
charges of the day, spread and slippage. docs/concepts/research.md says how. Exit code: 0 made, 1 the candles
cannot be read or hold no entry, 2 not understood."""


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what entries are made of: candles, days, rules. For every command that may need a data set."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="PLACE",
        help="a store (folder or s3://BUCKET), recorded:FOLDER, synthetic:SEED or synthetic:SEED:STRENGTH",
    )
    parser.add_argument("--strategy", required=True, choices=_STRATEGIES)
    parser.add_argument("--from", dest="first", type=as_day, metavar="DAY", help="first day, YYYY-MM-DD")
    parser.add_argument("--to", dest="last", type=as_day, metavar="DAY", help="last day")
    parser.add_argument(
        "--symbols", type=_names, default=(), metavar="A,B", help="trade these (what the settings name)"
    )
    parser.add_argument("--settings", type=Path, metavar="FILE", help="settings in YAML (the safe defaults)")
    parser.add_argument(
        "--every", type=_minutes, metavar="MINUTES", help="decide entries this often (the settings' cycle)"
    )
    parser.add_argument(
        "--latency-bars", type=_bars, default=1, metavar="N", help="minutes from decision to order (1)"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it is made of, and where it goes."""
    parser.epilog = _NOTES
    add_dataset_arguments(parser)
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="the data set (.patang/research/dataset-STRATEGY)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Make the data set, keep it, say what it is."""
    out: Path = options.out or RESEARCH / f"dataset-{options.strategy}"
    if is_dataset(options.data):
        raise CommandError(f"{options.data} is a data set already: name candles to make another of")
    _, card = dataset_of(options, kept_in=out)
    if options.json:
        print(json.dumps({"out": str(out), **card.model_dump(mode="json")}))
    else:
        _print(card, out)
    return 0


def dataset_of(options: argparse.Namespace, *, kept_in: Path) -> tuple[Dataset, DataCard]:
    """The data set that `--data` names, or that is made of the candles it names and kept in a folder.

    Raises CommandError that says why there is none.
    """
    try:
        if is_dataset(options.data):
            return _read(options)
        data, card = _made(options)
    except PatangError as error:
        raise CommandError(str(error)) from error
    if not len(data):
        reasons = ", ".join(f"{count} {name}" for name, count in card.left_out.items())
        raise CommandError(
            f"the rules of {options.strategy} found no entry with an end in {card.source} "
            f"({reasons or 'none at all'}): choose more days, other symbols or other settings"
        )
    keep_dataset(kept_in, data, card)
    return data, card


def _read(options: argparse.Namespace) -> tuple[Dataset, DataCard]:
    data, card = read_dataset(Path(options.data))
    if data.strategy != options.strategy:
        raise CommandError(f"{options.data} is a data set of {data.strategy}, not of {options.strategy}")
    return data, card


def _made(options: argparse.Namespace) -> tuple[Dataset, DataCard]:
    # The live code brings XGBoost, which takes seconds to import: not for every command's --help.
    from patang_workbench.research.datasets import Wish, make_dataset

    if options.first is None or options.last is None:
        raise CommandError(f"{options.data} is no data set: to make one of its candles give --from and --to")
    settings = Settings() if options.settings is None else read_settings(options.settings)
    if options.every is not None:
        settings = settings.model_copy(update={"cycle_interval_seconds": 60 * options.every})
    wish = Wish(
        options.strategy, settings, options.first, options.last, options.symbols, options.latency_bars
    )
    return make_dataset(options.data, wish)


def _print(card: DataCard, out: Path) -> None:
    print(
        f"{out}: {card.rows} entries of {card.strategy}, worth {card.effective_rows:.0f} that stand alone, "
        f"{card.first} to {card.last}"
    )
    print(f"winners after costs: {100 * card.base_rate:.1f} %")
    print(f"mean return: {card.mean_gross_pct:.4f} % before costs, {card.mean_net_pct:.4f} % after them")
    print(f"prices made by a model: {100 * card.modelled_share:.0f} % of the entries")
    for reason, count in card.left_out.items():
        print(f"without a row: {count} {reason}")
    for day, reason in card.skipped.items():
        print(f"left out: {day}, {reason}")
    print(f"SHA-256 of the rows: {card.sha256}")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().upper() for name in text.split(",") if name.strip()))
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names no symbol")
    return names


def _minutes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 15:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 1 to 15")
    return int(text)


def _bars(text: str) -> int:
    if not text.isdecimal() or int(text) > 60:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 0 to 60")
    return int(text)

"""`patang dataset`: labelled entries from candles, to train on."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from patang.errors import PatangError
from patang.model.inputs import StrategyName
from patang.settings import Settings
from patang.training.card import DataCard
from patang_workbench.cli.past import add_past_arguments
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.seeds import as_seed
from patang_workbench.cli.settings_file import read_settings
from patang_workbench.research.dataset_files import is_dataset
from patang_workbench.research.datasets import Wish
from patang_workbench.research.run_files import RESEARCH

if TYPE_CHECKING:
    from patang.training.pipeline import Material

__all__ = ["add_arguments", "add_dataset_arguments", "material_for", "run", "settings_for"]

_STRATEGIES = get_args(StrategyName.__value__)
_NOTES = """A row is an entry that the live rules would have made, with what the live exits made of it, net of
charges of the day, spread and slippage. docs/concepts/research.md says how. Exit code: 0 made, 1 the candles
cannot be read or hold no entry, 2 not understood."""


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what entries are made of: candles, days, rules. For every command that may need a data set."""
    add_past_arguments(parser, days_required=False)
    parser.add_argument("--strategy", required=True, choices=_STRATEGIES)
    parser.add_argument(
        "--every", type=_minutes, metavar="MINUTES", help="decide entries this often (the settings' cycle)"
    )
    parser.add_argument(
        "--latency-bars", type=_bars, default=1, metavar="N", help="minutes from decision to order (1)"
    )
    parser.add_argument(
        "--seed",
        type=as_seed,
        default=7,
        metavar="N",
        help="of all that is drawn: entries at random, trials (7)",
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
    card = material_for(options, kept_in=out).card
    if options.json:
        print(json.dumps({"out": str(out), **card.model_dump(mode="json")}))
    else:
        _print(card, out)
    return 0


def material_for(options: argparse.Namespace, *, kept_in: Path) -> "Material":
    """The data set that `--data` names, or that is made of the candles it names and kept in a folder, and the
    entries at random beside it.

    Raises CommandError that says why there is none.
    """
    # The live code brings XGBoost, which takes seconds to import: not for every command's --help.
    from patang_workbench.research.materials import make_material, read_material

    try:
        if is_dataset(options.data):
            return read_material(Path(options.data), options.strategy)
        return make_material(options.data, _wish(options), options.seed, kept_in)
    except PatangError as error:
        raise CommandError(str(error)) from error


def settings_for(options: argparse.Namespace) -> Settings:
    """Those that `--settings` names, with what other options say."""
    settings = Settings() if options.settings is None else read_settings(options.settings)
    if options.every is None:
        return settings
    return settings.model_copy(update={"cycle_interval_seconds": 60 * options.every})


def _wish(options: argparse.Namespace) -> Wish:
    if options.first is None or options.last is None:
        raise CommandError(f"{options.data} is no data set: to make one of its candles give --from and --to")
    return Wish(
        options.strategy,
        settings_for(options),
        options.first,
        options.last,
        options.symbols,
        options.latency_bars,
    )


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


def _minutes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 15:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 1 to 15")
    return int(text)


def _bars(text: str) -> int:
    if not text.isdecimal() or int(text) > 60:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes from 0 to 60")
    return int(text)

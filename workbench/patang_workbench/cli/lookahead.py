"""`patang lookahead`: whether anything that was known, decided, labelled or filled depends on later bars."""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from patang.errors import PatangError
from patang.settings import Settings
from patang_workbench.cli.past import MODELS, add_past_arguments
from patang_workbench.cli.progress import progress_bar
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.settings_file import read_settings

if TYPE_CHECKING:
    from patang.backtest.look_ahead import Leak, Settled

__all__ = ["add_arguments", "run"]

_NOTES = """Features, decisions of the rules, labels and the fills of a backtest are worked out with all bars,
and again for each cut with those alone that had closed by it; what stood fast by then must be the same. A
table of the future that a strategy brings with it cannot be found so. Exit code: 0 nothing depends on later
bars, 1 something does, or the bars cannot be read, 2 not understood."""

# What fifteen-minute indicators need before the first cut tells anything.
_WARM_UP = timedelta(days=21)
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bars, the rules, and how often they are cut off."""
    parser.epilog = _NOTES
    add_past_arguments(parser)
    parser.add_argument("--models", type=Path, default=MODELS, metavar="DIR", help="folder of the models")
    parser.add_argument("--cuts", type=int, default=5, metavar="N", help="moments at which it is cut off (5)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Work it out with and without the future; 1 if anything differs."""
    try:
        found, bars, settled = _leaks(options)
    except PatangError as error:
        raise CommandError(str(error)) from error
    if options.json:
        leaks = [
            {
                "kind": leak.kind,
                "at": leak.at.isoformat(),
                "name": leak.name,
                "cut": leak.cut.isoformat(),
                "with_future": leak.with_future,
                "without": leak.without,
            }
            for leak in found
        ]
        told = {"bars": bars, "cuts": options.cuts, "settled": settled, "leaks": len(leaks)}
        print(json.dumps({**told, "found": leaks[:_SHOWN]}))
    else:
        kinds = ", ".join(f"{number} {kind}s" for kind, number in settled.items())
        print(
            f"{bars} bars, cut off {options.cuts} times, with {kinds}: {len(found)} that depend on later bars"
        )
        for leak in islice(found, _SHOWN):
            print(f"{leak.kind} {leak.name}, {leak.at:%Y-%m-%d %H:%M}, cut off at {leak.cut:%Y-%m-%d %H:%M}")
            print(f"    with the later bars     {leak.with_future or 'not there'}")
            print(f"    without them            {leak.without or 'not there'}")
    return 1 if found else 0


def _leaks(options: argparse.Namespace) -> "tuple[list[Leak], int, dict[str, int]]":
    """What depends on later bars, of how many bars, and of how much that was settled, by its kind."""
    # The live code brings XGBoost, which takes seconds to import: not for every command's --help.
    from patang.backtest.featured import featured, unfeatured
    from patang.backtest.informed import trading
    from patang.backtest.look_ahead import cuts_of, leaks
    from patang.model.signal_model import load_models
    from patang.strategies.registry import strategies
    from patang_workbench.research.settling import Settling
    from patang_workbench.research.sources import load_history

    if options.cuts < 1:
        raise CommandError(f"--cuts {options.cuts}: cut it off once at least")
    settings = Settings() if options.settings is None else read_settings(options.settings)
    history = load_history(options.data, options.first - _WARM_UP, options.last, options.symbols)
    traded = trading(settings, history) if options.symbols else settings
    asked = history.between(options.first, options.last)
    within = [unfeatured(bars) for bars in asked.symbols]
    settle = Settling(strategies(), load_models(options.models), traded, featured)
    bars = [unfeatured(bars) for bars in history.symbols]
    counted = Counter(dict.fromkeys(("decision", "label", "fill"), 0))

    def cuts(settled: "Sequence[Settled]") -> list[datetime]:
        counted.update(one.kind for one in settled)
        return cuts_of(within, options.cuts, settled)

    found: list[Leak] = []
    with progress_bar(options.cuts) as reached:
        for cut, some in leaks(bars, settle, cuts):
            found += some
            reached(f"cut off at {cut:%Y-%m-%d %H:%M}")
    return found, sum(map(len, bars)), dict(counted)

"""`patang backtest`: what a desk with these settings would have done on the past."""

import argparse
import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from patang.errors import PatangError
from patang.settings import Settings
from patang_workbench.cli.past import MODELS, add_past_arguments
from patang_workbench.cli.progress import progress_bar
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.settings_file import read_settings

if TYPE_CHECKING:
    from patang.backtest.figures import Group, Metrics
    from patang.backtest.trade import BacktestResult

__all__ = ["add_arguments", "run"]

_NOTES = """The live rules, models, gates, sizes, charges and exits decide; how orders are taken to fill is in
docs/concepts/backtest.md. The run is kept with its trades and its report, which `patang report` draws again.
Exit code: 0 done, also where nothing was bought, 1 there are no bars or no model, 2 not understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the past, the settings, what is assumed, and where the run is kept."""
    parser.epilog = _NOTES
    add_past_arguments(parser)
    parser.add_argument(
        "--capital", type=_rupees, metavar="RUPEES", help="begin with so much (the settings')"
    )
    parser.add_argument("--models", type=Path, default=MODELS, metavar="DIR", help="folder of the models")
    parser.add_argument(
        "--entries",
        choices=("limit", "market"),
        default="limit",
        help="orders to buy with: the desk's limits, or the broker's protected market orders (limit)",
    )
    parser.add_argument(
        "--latency-bars", type=_bars, default=1, metavar="N", help="minutes from a decision to its order (1)"
    )
    parser.add_argument(
        "--volume-share",
        type=_percent,
        default=10.0,
        metavar="PCT",
        help="of a minute's volume, at most (10)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="written into the run; nothing is drawn from it (0)"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep the run there")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Run it, keep it, say what it came to."""
    # Models and Parquet take their time to load: not for who asks for help.
    from patang.backtest.metrics import metrics_of
    from patang_workbench.research.backtests import Wish, kept_backtest

    settings = Settings() if options.settings is None else read_settings(options.settings)
    if options.capital is not None:
        capital = settings.capital.model_copy(update={"starting_capital_inr": options.capital})
        settings = settings.model_copy(update={"capital": capital})
    wish = Wish(
        place=options.data,
        first=options.first,
        last=options.last,
        symbols=options.symbols,
        settings=settings,
        models=options.models,
        entries=options.entries,
        latency_bars=options.latency_bars,
        volume_share=options.volume_share / 100,
        seed=options.seed,
    )
    try:
        with progress_bar(None) as advance:
            result, folder = kept_backtest(wish, options.out, lambda day: advance(f"{day}"))
    except PatangError as error:
        raise CommandError(str(error)) from error
    metrics = metrics_of(result)
    if options.json:
        print(json.dumps(_flat(result, metrics, folder)))
    else:
        _print(result, metrics, folder)
    return 0


def _flat(result: "BacktestResult", metrics: "Metrics", folder: Path) -> dict[str, object]:
    return {
        "out": str(folder),
        "report": str(folder / "report.html"),
        "source": result.source,
        "first": result.first.isoformat(),
        "last": result.last.isoformat(),
        "capital": float(result.capital),
        "bars": result.bars,
        "cycles": result.cycles,
        "modelled_share": result.modelled_share,
        **metrics.model_dump(mode="json"),
        "refusals": dict(result.refusals),
        "skipped": {day.isoformat(): reason for day, reason in sorted(result.skipped.items())},
        "models": dict(result.models),
        "learned_until": {name: day.isoformat() for name, day in result.learned_until.items()},
        "foreknown_sessions": result.foreknown_sessions,
        "seed": result.seed,
    }


def _print(result: "BacktestResult", metrics: "Metrics", folder: Path) -> None:
    console = Console()
    console.print(
        f"{result.source}: {result.first} to {result.last}, {len(result.days)} sessions, {result.bars:,} bars"
    )
    table = Table("", "trades", "won %", "gross", "charges", "net", "net a trade")
    rows = {"all": metrics.all, **metrics.by_strategy, **metrics.by_symbol}
    for name, group in rows.items():
        table.add_row(name, *_cells(group))
    console.print(table)
    console.print(
        f"return {metrics.net_return_pct:.2f} % of {result.capital:,.0f}, Sharpe {_told(metrics.sharpe)}, "
        f"Sortino {_told(metrics.sortino)}, deepest drawdown {abs(metrics.max_drawdown_pct):.2f} % "
        f"({metrics.drawdown_sessions} sessions)"
    )
    most = sorted(result.refusals.items(), key=lambda item: -item[1])[:6]
    if most:
        console.print("refused most: " + ", ".join(f"{gate} {times:,}" for gate, times in most))
    if result.foreknown_sessions:
        console.print(
            f"not a test: the models were trained on what came in {result.foreknown_sessions} of these "
            f"{len(result.days)} sessions; choose days after {max(result.learned_until.values())}",
            style="yellow",
        )
    if result.modelled_share:
        console.print(f"prices made by a model: {result.modelled_share:.0%} of the trades")
    for day, reason in sorted(result.skipped.items()):
        console.print(f"left out: {day}: {reason}", style="yellow")
    console.print(f"kept in {folder}, report {folder / 'report.html'}")


def _cells(group: "Group") -> tuple[str, ...]:
    amounts = (group.gross_pnl, group.charges, group.net_pnl)
    return (
        str(group.trades),
        _told(group.hit_rate_pct),
        *(f"{amount:,.0f}" for amount in amounts),
        _told(group.expectancy),
    )


def _told(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _rupees(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of rupees above zero")
    return amount


def _bars(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes: 0 or more")
    return int(text)


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage above 0, at most 100")
    return value

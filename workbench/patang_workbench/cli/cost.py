"""`patang cost`: what a stage costs a month, from its templates, measured volumes and dated prices."""

import argparse
import json
import tempfile
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from patang.adapters.system import SystemClock
from patang.errors import SettingsError
from patang.settings import Settings
from patang_workbench.cli.days import as_day
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.settings_file import read_settings
from patang_workbench.cost.burden import DATA_SUBSCRIPTION_INR, RUPEES_A_DOLLAR, Burden
from patang_workbench.cost.deployed import CostError, Deployed
from patang_workbench.cost.estimate import TARGETS, Estimate, Line, estimate
from patang_workbench.cost.prices import REGION, unit_prices
from patang_workbench.cost.savings import savings
from patang_workbench.cost.volumes import volumes
from patang_workbench.deployment.programs import ROOT, ProgramError, Programs
from patang_workbench.deployment.stage import read_stage

__all__ = ["add_arguments", "run"]

_NOTES = """Before tax, one account at the broker, 500 symbols, no SMS. `due` is less AWS's always-free
allowances, which all stages of an account share; `list` is without them. * marks a price that nobody has
verified for ap-south-1. Exit code: 0 at or below the target, 1 above it or not to be said."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stage, and what may be told otherwise."""
    parser.epilog = _NOTES
    parser.add_argument("--stage", choices=tuple(TARGETS), default="paper")
    parser.add_argument(
        "-c", "--context", action="append", default=[], metavar="NAME=VALUE", help="as for cdk"
    )
    parser.add_argument(
        "--assembly", type=Path, metavar="DIR", help="read these templates instead of writing the stage's"
    )
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="of the desk, for its capital (defaults)"
    )
    parser.add_argument("--capital", type=_amount, metavar="RUPEES", help="in place of the settings'")
    parser.add_argument("--usd-inr", type=_amount, metavar="RUPEES", help="a dollar", default=RUPEES_A_DOLLAR)
    parser.add_argument("--date", type=as_day, metavar="DAY", help="YYYY-MM-DD: sessions of the year before")
    parser.add_argument("--volumes", action="store_true", help="what is counted with, and how it was found")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the estimate; 1 if it is above the stage's target."""
    settings = read_settings(options.settings) if options.settings else Settings()
    day = options.date or SystemClock().now().date()
    try:
        found = _estimated(options, day)
    except CostError as error:
        raise CommandError(str(error)) from error
    capital = options.capital or settings.capital.starting_capital_inr
    burden = Burden(found.due, capital, options.usd_inr)
    if options.json:
        print(json.dumps(_as_json(options.stage, day, found, burden)))
    else:
        _print(options.stage, found, burden)
        if options.volumes:
            _print_volumes()
    return 0 if found.due <= TARGETS[options.stage] else 1


def _estimated(options: argparse.Namespace, day: date) -> Estimate:
    if options.assembly is not None:
        return estimate(Deployed.read(options.assembly), day)
    with tempfile.TemporaryDirectory() as folder:
        _write_templates(options.stage, options.context, Path(folder))
        return estimate(Deployed.read(Path(folder)), day)


def _write_templates(name: str, context: list[str], folder: Path) -> None:
    said = dict(_pair(text) for text in context) | {"stage": name}
    try:
        stage = read_stage(ROOT / "cdk.json", said)
        Programs().synthesise(stage, said, folder, assets=False)
    except (SettingsError, ProgramError) as error:
        raise CommandError(str(error)) from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"-c {text}: give NAME=VALUE")
    return name, value


def _as_json(stage: str, day: date, found: Estimate, burden: Burden) -> dict[str, Any]:
    target = TARGETS[stage]
    return {
        "stage": stage,
        "region": REGION,
        "date": day.isoformat(),
        "prices_from": min(price.day for price in unit_prices().values()).isoformat(),
        "prices_until": max(price.day for price in unit_prices().values()).isoformat(),
        "sessions_a_month": _rounded(found.month.sessions),
        "items": [_line_json(line) for line in found.lines],
        "services": {service: _rounded(usd) for service, usd in found.services()},
        "list_usd": _rounded(found.listed),
        "total_usd": _rounded(found.due),
        "unverified_usd": _rounded(found.unverified),
        "total_usd_if_unverified_is_a_fifth_dearer": _rounded(found.if_dearer),
        "target_usd": float(target),
        "within_target": found.due <= target,
        "could_be_less": [{"usd": _rounded(one.usd), "how": one.how} for one in savings(found)],
        "usd_inr": float(burden.rupees_a_dollar),
        "aws_inr": _rounded(burden.aws_inr),
        "data_subscription_inr": float(DATA_SUBSCRIPTION_INR),
        "total_inr": _rounded(burden.total_inr),
        "capital_inr": float(burden.capital_inr),
        "aws_pct_of_capital": _rounded(burden.percent(burden.aws_inr)),
        "data_subscription_pct_of_capital": _rounded(burden.percent(DATA_SUBSCRIPTION_INR)),
        "total_pct_of_capital": _rounded(burden.percent(burden.total_inr)),
    }


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "item": line.price.name,
        "service": line.price.service,
        "quantity": round(float(line.quantity), 4),
        "unit": line.price.unit,
        "unit_price_usd": float(line.price.usd),
        "free_a_month": float(line.price.free),
        "list_usd": _rounded(line.listed),
        "usd": _rounded(line.due),
        "price_date": line.price.day.isoformat(),
        "price_verified": line.price.verified,
        "price_source": line.price.source,
        "uses": {use.what: round(float(use.quantity), 4) for use in line.uses},
    }


def _print(stage: str, found: Estimate, burden: Burden) -> None:
    console = Console(width=110, markup=False, highlight=False)
    console.print(
        f"Stage {stage} in {REGION}, an average month of {found.month.sessions:.1f} sessions, "
        "US dollars before tax"
    )
    console.print(_items(found))
    target = TARGETS[stage]
    verdict = "within" if found.due <= target else f"{found.due - target:.2f} ABOVE"
    console.print(f"\n{found.due:.2f} USD a month are {verdict} the target of {target} for stage {stage}.")
    console.print(
        f"{found.unverified:.2f} of them by prices that nobody has verified (*); "
        f"{found.if_dearer:.2f} if those were a fifth higher."
    )
    leading = ", ".join(f"{name} {usd / found.due:.0%}" for name, usd in found.services()[:4])
    console.print(f"What dominates: {leading}.\n\nWhere it can be less:")
    for one in savings(found):
        console.print(f"  {one.usd:6.2f}  {one.how}")
    console.print(
        f"\nAWS {burden.aws_inr:,.0f} rupees (at {burden.rupees_a_dollar} a dollar) + the broker's data "
        f"{DATA_SUBSCRIPTION_INR:,.0f} = {burden.total_inr:,.0f} a month"
    )
    console.print(
        f"Of a capital of {burden.capital_inr:,.0f}: {burden.percent(burden.aws_inr):.2f} % + "
        f"{burden.percent(DATA_SUBSCRIPTION_INR):.2f} % = {burden.percent(burden.total_inr):.2f} % a month, "
        f"{12 * burden.percent(burden.total_inr):.1f} % a year, before the first trade"
    )


def _items(found: Estimate) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("service", no_wrap=True)
    table.add_column("what is charged", no_wrap=True)
    for heading in ("units", "free", "a unit", "list", "due"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in found.lines:
        price = line.price
        table.add_row(
            price.service,
            f"{price.name.replace('_', ' ')}{'' if price.verified else ' *'}",
            f"{line.quantity:,.2f}",
            f"{price.free.normalize():f}" if price.free else "",
            f"{price.usd.normalize():f}",
            f"{line.listed:.2f}",
            f"{line.due:.2f}",
        )
    table.add_section()
    table.add_row("all", "", "", "", "", f"{found.listed:.2f}", f"{found.due:.2f}")
    return table


def _print_volumes() -> None:
    table = Table(box=None, pad_edge=False, title="What is counted with", title_justify="left")
    for heading in ("volume", "value", "unit", "found", "how"):
        table.add_column(heading)
    for volume in volumes().values():
        how = f"{volume.note}{f' ({volume.command})' if volume.command else ''}"
        table.add_row(
            volume.name, f"{volume.value.normalize():f}", volume.unit, f"{volume.how} {volume.day}", how
        )
    Console(width=160, markup=False, highlight=False).print(table)


def _rounded(amount: Decimal) -> float:
    return round(float(amount), 2)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of rupees") from error
    if not amount.is_finite() or amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount above zero")
    return amount

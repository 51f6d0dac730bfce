"""`patang doctor`: whether a desk can trade at all, and what is wrong with it."""

import argparse
import json
import os
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from patang.adapters.system import SystemClock
from patang.errors import PatangError
from patang.market.sessions import IST
from patang.risk.affordability import Affordable, Purchase, affordable
from patang.settings import Settings
from patang_workbench.cli.deployed import deployed_desk
from patang_workbench.cli.running import CommandError
from patang_workbench.cli.settings_file import read_settings
from patang_workbench.deployment.account import AccountError, StageAccount
from patang_workbench.deployment.checks import deployment_findings
from patang_workbench.deployment.programs import ROOT, Programs
from patang_workbench.deployment.stage import Stage, read_stage
from patang_workbench.deployment.standing_checks import standing_findings
from patang_workbench.doctor.desk_findings import desk_findings, stored_settings, universe_of
from patang_workbench.doctor.findings import Finding, capital_findings, settings_findings
from patang_workbench.doctor.purchases import Assumed, assumed_purchases, quoted_purchases

__all__ = ["add_arguments", "run"]

_MODELS = Path(__file__).resolve().parents[3] / "model_artifacts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "0: nothing failed, warnings aside. 1: something did, or could not be looked at. 2: not understood. "
        "Without --stage and --deployment nothing of a desk is asked."
    )
    parser.add_argument("--stage", choices=("paper", "live"), help="examine the desk deployed as this stage")
    parser.add_argument(
        "--deployment",
        action="store_true",
        help="examine what deploying a stage needs: tools, the AWS account and its quotas, cdk.json; and of "
        "what is deployed whether it is heard, registered, paid for and safe",
    )
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="examine a file instead of the defaults"
    )
    parser.add_argument("--date", type=date.fromisoformat, metavar="DAY", help="as of this day (today)")
    parser.add_argument("--models", type=Path, default=_MODELS, metavar="DIR", help="folder of the models")
    parser.add_argument("--premium", type=_rupees, default=Decimal(100), help="of an option, without a quote")
    parser.add_argument("--share-price", type=_rupees, default=Decimal(1_500), help="of a share, the same")
    parser.add_argument("--lot", type=_units, help="in place of the exchange's, without a quote")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print what was found; 1 if something failed."""
    if options.stage and options.settings:
        raise CommandError("give --stage or --settings: a desk is examined with the settings it has")
    if options.deployment and options.settings:
        raise CommandError(
            "give --deployment or --settings: a desk's settings are stored once it is deployed"
        )
    try:
        settings, found, bought = _before_deploying(options) if options.deployment else _examined(options)
    except PatangError as error:
        raise CommandError(str(error)) from error
    failed = any(finding.status == "fail" for finding in found)
    if options.json:
        print(json.dumps(_as_json(settings, found, bought, ok=not failed)))
    else:
        _print(settings, found, bought)
    return 1 if failed else 0


def _examined(options: argparse.Namespace) -> tuple[Settings, list[Finding], list[Affordable]]:
    clock = SystemClock().now()
    now = clock if options.date is None else datetime.combine(options.date, clock.astimezone(IST).timetz())
    found: list[Finding] = []
    offered: list[Purchase] = []
    settings = read_settings(options.settings) if options.settings else Settings()
    if options.stage:
        desk = deployed_desk(options.stage)
        stored, finding = stored_settings(desk.settings_changes())
        found.append(finding)
        if stored is None:
            return settings, found, []
        settings = stored
        found += desk_findings(desk.store, desk.objects, settings, now)
        universe = universe_of(desk.store, desk.objects, now)
        offered = quoted_purchases(settings, desk.objects, universe, now.astimezone(IST).date())
    found += settings_findings(settings, now, options.models)
    if any(finding.name == "charges" and finding.status == "fail" for finding in found):
        return settings, found, []
    assumed = Assumed(premium=options.premium, share_price=options.share_price, lot=options.lot)
    offered = offered or assumed_purchases(settings, now.astimezone(IST).date(), assumed)
    bought = [affordable(purchase, settings, now) for purchase in offered]
    return settings, found + capital_findings(settings, bought), bought


def _before_deploying(options: argparse.Namespace) -> tuple[Settings, list[Finding], list[Affordable]]:
    """Findings of the stage (paper where none is said) alone, and of what stands of it."""
    stage = read_stage(ROOT / "cdk.json", {"stage": options.stage or "paper"})
    account = StageAccount(stage)
    found = deployment_findings(stage, account, Programs())
    if any(finding.name == "stacks" and finding.status != "warn" for finding in found):
        found += _of_the_deployed(stage, account)
    return Settings(), found, []


def _of_the_deployed(stage: Stage, account: StageAccount) -> list[Finding]:
    # The desk's own adapters take the region from here.
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = stage.region
    try:
        outputs, desk = account.outputs(), deployed_desk(stage.stage)
    except (AccountError, CommandError, KeyError) as error:
        to_do = "docs/runbooks/upgrade.md says what each state of a stack means and what to do"
        return [Finding("desk", "fail", f"the stacks do not make a desk: {error}", to_do)]
    return standing_findings(stage, account, outputs, desk)


def _as_json(
    settings: Settings, found: Sequence[Finding], bought: Sequence[Affordable], *, ok: bool
) -> dict[str, Any]:
    return {
        "ok": ok,
        "capital": float(settings.capital.starting_capital_inr),
        "smallest_capital": _smallest(bought),
        "purchases": [
            {
                "strategy": entry.purchase.strategy,
                "symbol": entry.purchase.symbol,
                "source": entry.purchase.source,
                "lot_size": entry.purchase.lot_size,
                "price": float(entry.purchase.price),
                "stop": float(entry.purchase.stop),
                "lot_cost": float(entry.lot_cost),
                "lot_risk": float(entry.lot_risk),
                "quantity": entry.quantity,
                "binding": entry.binding,
                "smallest_capital": entry.smallest_capital,
            }
            for entry in bought
        ],
        "checks": [
            {"name": f.name, "status": f.status, "found": f.found, "what_to_do": f.to_do} for f in found
        ],
    }


def _print(settings: Settings, found: Sequence[Finding], bought: Sequence[Affordable]) -> None:
    for finding in found:
        print(f"{finding.status:4}  {finding.name}: {finding.found}")
        if finding.to_do and finding.status != "ok":
            print(f"      {finding.to_do}")
    if not bought:
        return
    print(f"\nwith {settings.capital.starting_capital_inr} rupees")
    for entry in bought:
        purchase = entry.purchase
        least = "no capital" if entry.smallest_capital is None else f"{entry.smallest_capital} rupees"
        print(
            f"      {purchase.strategy} {purchase.symbol} at {purchase.price} ({purchase.source}): a lot of "
            f"{purchase.lot_size} costs {entry.lot_cost:.2f} and risks {entry.lot_risk:.2f}; "
            f"{entry.quantity} can be bought, {entry.binding} binds; {least} at the least"
        )
    smallest = _smallest(bought)
    print(
        "no capital can trade this universe"
        if smallest is None
        else f"the smallest capital that can trade this universe at all: {smallest} rupees"
    )


def _smallest(bought: Sequence[Affordable]) -> int | None:
    return min((e.smallest_capital for e in bought if e.smallest_capital is not None), default=None)


def _rupees(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount") from error
    if not amount.is_finite() or amount <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount above zero")
    return amount


def _units(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above zero")
    return int(text)

"""`patang chaos`: the order path under faults, and a verdict from the exchange's own ledger."""

import argparse
import json
import sys
from typing import Any

from patang_workbench.chaos.campaign import Report, campaign, day_plan
from patang_workbench.chaos.crew import CrewError, emulator, run_day
from patang_workbench.chaos.deployed import DeployedReport, deployed
from patang_workbench.chaos.races import RaceReport, races
from patang_workbench.cli.running import CommandError
from patang_workbench.local_stack.emulator import EmulatorError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "0: nothing was sent twice, lost, unexplained or sold beyond what is held. 1: something was."
    )
    parser.add_argument("--orders", type=int, default=500, help="orders that have to leave (500)")
    parser.add_argument("--seed", default="1", help="what everything is drawn from (1)")
    parser.add_argument(
        "--badness", type=float, default=1.0, help="how often things fail; 0 is a good day (1)"
    )
    parser.add_argument("--processes", type=int, default=2, help="days that run side by side (2)")
    parser.add_argument("--races", type=int, metavar="N", help="instead: so many races of lanes and of exits")
    parser.add_argument("--deployed", action="store_true", help="instead: on the deployed template")
    parser.add_argument("--day", type=int, help="run this day of the campaign alone")
    parser.add_argument("--history", metavar="WORD", help="of that day, what was done about an account or id")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Run a campaign or a day of one; 1 unless the verdict is clean."""
    try:
        if options.day is not None:
            return _day(options)
        if options.races is not None:
            return _races(options)
        if options.deployed:
            return _told_of(deployed(options.orders, options.seed, _say), options)
        report = campaign(
            options.orders,
            options.seed,
            badness=options.badness,
            processes=options.processes,
            progress=_progress,
        )
    except (EmulatorError, CrewError) as error:
        raise CommandError(str(error)) from error
    _print(report, options)
    return 0 if report.clean else 1


def _day(options: argparse.Namespace) -> int:
    report = Report(options.seed)
    with emulator() as aws:
        result = run_day(aws.endpoint, day_plan(options.seed, options.day, options.badness))
    report.add(options.day, result)
    if options.history:
        for account, text in result.history:
            if options.history in (account, "all") or options.history in text:
                print(f"{account:4} {text}")
    _print(report, options)
    return 0 if report.clean else 1


def _races(options: argparse.Namespace) -> int:
    with emulator() as aws:
        report = races(aws.endpoint, options.races, options.races, options.seed)
    return _told_of(report, options)


def _told_of(report: RaceReport | DeployedReport, options: argparse.Namespace) -> int:
    figures = report.as_json()
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:34} {value}")
    return 0 if report.clean else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _progress(report: Report) -> None:
    wrong = report.findings.total()
    _say(f"{report.orders} orders in {report.days} days, {report.seconds:.0f} s, {wrong} wrong")
    for failure in report.failures:
        if failure["day"] == report.latest:
            _say(f"  day {failure['day']}, {failure['kind']}: {failure['account']} {failure['what']}")


def _print(report: Report, options: argparse.Namespace) -> None:
    figures = report.as_json()
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        if name != "failures":
            print(f"{name:28} {value}")
    for failure in report.failures:
        print(_told(failure, options))


def _told(failure: dict[str, Any], options: argparse.Namespace) -> str:
    again = f"patang chaos --seed {options.seed} --badness {options.badness} --day {failure['day']}"
    what = f"{failure['kind']}: {failure['account']} {failure['what']}"
    return f"{what}\n    again: {again} --history {failure['account'] or 'all'}"

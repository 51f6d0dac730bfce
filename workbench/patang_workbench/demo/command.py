"""`patang demo`: its options, its output, its exit code."""

import argparse
import json
import os
import signal
import sys
import time
from datetime import date
from pathlib import Path
from types import FrameType

from patang.settings import Settings
from patang_workbench.demo.profile import DEMONSTRATION
from patang_workbench.demo.report import Report
from patang_workbench.demo.run import Plan, Run, RunError
from patang_workbench.local_stack.assembly import AssemblyError
from patang_workbench.local_stack.deployment import DeploymentError
from patang_workbench.local_stack.emulator import EmulatorError
from patang_workbench.local_stack.owner import OwnerError
from patang_workbench.local_stack.services import ServiceError

__all__ = ["add_arguments", "run"]

_PROFILES = {"safe": Settings(), "demonstration": DEMONSTRATION}
_INTERACTIVE_SPEED, _HEADLESS_SPEED = 30.0, 150.0
_INTERRUPTED = 130
_FAILURES = (AssemblyError, DeploymentError, EmulatorError, OwnerError, RunError, ServiceError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the demo."""
    parser.add_argument(
        "--headless", action="store_true", help="no waiting for a person; 0 only if all happened"
    )
    parser.add_argument(
        "--approve",
        choices=("ask", "auto"),
        help="who answers approvals: you (ask), or the demo as you (auto)",
    )
    parser.add_argument(
        "--until-trades",
        type=int,
        default=0,
        metavar="N",
        help="end after N closed trades (0: whole session)",
    )
    parser.add_argument(
        "--replay", type=date.fromisoformat, metavar="DAY", help="replay real candles of a date"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of the candles for --replay (PATANG_DATA)"
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the synthetic market (7)")
    parser.add_argument(
        "--date", type=date.fromisoformat, metavar="DAY", help="date of the synthetic session"
    )
    parser.add_argument(
        "--speed",
        type=float,
        metavar="X",
        help=f"market seconds a second ({_INTERACTIVE_SPEED:g}; headless {_HEADLESS_SPEED:g})",
    )
    parser.add_argument(
        "--profile",
        choices=sorted(_PROFILES),
        default="demonstration",
        help="the safe defaults, or loosened so that the small demonstration model trades (demonstration)",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port of the desk's pages; 0 takes a free one (0)"
    )
    parser.add_argument(
        "--timeout", type=float, default=3600.0, metavar="SECONDS", help="longest session on the wall (3600)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the emulator's folder and logs afterwards")
    parser.add_argument(
        "--json", action="store_true", help="print the counts as JSON; progress goes to stderr"
    )


def run(arguments: argparse.Namespace) -> int:
    """Carry it out. 0: done, and headless only if everything happened; 1: not; 130: interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    say = _Narrator()
    try:
        report = Run(_plan(arguments), say).carry_out()
    except KeyboardInterrupt:
        say("ended; everything that was started has been stopped")
        return _INTERRUPTED
    except _FAILURES as error:
        say(f"{type(error).__name__}: {error}")
        return 1
    missing = _missing(report, arguments)
    if arguments.json:
        sys.stdout.write(json.dumps(report | {"ok": not missing, "missing": missing}) + "\n")
    else:
        sys.stdout.write(_summary(report))
    if missing and arguments.headless:
        say(f"did not happen: {', '.join(missing)}")
        return 1
    return 0


class _Narrator:
    """Lines with the seconds since the start, on standard error."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, line: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - self._began:6.1f} s] {line}\n")
        sys.stderr.flush()


def _plan(arguments: argparse.Namespace) -> Plan:
    exchange = ["--seed", str(arguments.seed)]
    data = arguments.data or os.environ.get("PATANG_DATA")
    if arguments.replay is not None:
        exchange += ["--replay", arguments.replay.isoformat()]
        exchange += ["--data", str(Path(data).resolve())] if data else []
    elif arguments.date is not None:
        exchange += ["--date", arguments.date.isoformat()]
    return Plan(
        profile=_PROFILES[arguments.profile],
        approve=arguments.approve or ("auto" if arguments.headless else "ask"),
        until_trades=arguments.until_trades,
        speed=arguments.speed or (_HEADLESS_SPEED if arguments.headless else _INTERACTIVE_SPEED),
        timeout_seconds=arguments.timeout,
        exchange=tuple(exchange),
        port=arguments.port,
        keep=arguments.keep,
    )


def _missing(report: Report, arguments: argparse.Namespace) -> list[str]:
    """What a run that is called complete has to show, and this one does not."""
    wanted = ("ticks", "candles", "cycles", "signals", "approvals", "orders", "fills", "closed_trades")
    missing = [name for name in wanted if not report[name]]
    if report["closed_trades"] < arguments.until_trades:
        missing.append(f"{arguments.until_trades} closed trades")
    missing += [name for name in ("audit_verified", "candles_equal") if not report[name]]
    if report["open_positions"]:
        missing.append("every position closed")
    return missing


def _summary(report: Report) -> str:
    hidden = ("trades", "refusals", "executions")
    lines = [f"{name:20} {value}" for name, value in report.items() if name not in hidden]
    lines += [
        f"{trade['entry_time'][11:16]} {trade['symbol']} x {trade['quantity']}: {trade['entry_price']} "
        f"to {trade['exit_price']} ({trade['exit_reason']}), "
        f"{trade['realised_pnl']} rupees after {trade['charges']} of charges"
        for trade in report["trades"]
    ]
    return "\n".join(lines) + "\n"


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt

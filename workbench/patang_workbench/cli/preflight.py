"""`patang preflight`: whether entries may be sent today, check by check, and what to do where not."""

import argparse
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from patang.market.preflight import load_preflight
from patang.market.sessions import IST
from patang_workbench.cli.deployed import caller, deployed_desk
from patang_workbench.cli.running import CommandError, RunningDesk, add_desk_arguments

__all__ = ["add_arguments", "run"]

# Longer than the function itself may take, and never twice.
_CALL = Config(read_timeout=120, retries={"total_max_attempts": 1})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--show", action="store_true", help="tell the latest result, check nothing anew")
    parser.add_argument(
        "--stage", choices=("paper", "live"), help="a deployed stage, reached with your AWS credentials"
    )
    add_desk_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Make the checks in the deployment, or show their latest result; 1 if entries may not be sent.

    Without a stage: the latest result of the desk that is named or runs here, which checks each minute.
    """
    if options.stage is None:
        found = RunningDesk.found(options).get("/api/preflight")
    else:
        found = _latest(options.stage) if options.show else _made_now(options.stage)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        _print(found)
    return 0 if found["passed"] else 1


def _latest(stage: str) -> Mapping[str, Any]:
    desk = deployed_desk(stage)
    found = load_preflight(desk.store, desk.desk_view().moment().date())
    if found is None:
        raise CommandError(
            "no preflight has run today: it does at 09:00 IST on trading days, or run it without --show"
        )
    return found.model_dump(mode="json")


def _made_now(stage: str) -> Mapping[str, Any]:
    """By the deployment itself: what is checked is what it sees, and from where it would send."""
    event = {"scheduled_time": datetime.now(IST).isoformat(), "by": caller()}
    try:
        reply = boto3.client("lambda", config=_CALL).invoke(
            FunctionName=f"patang-{stage}-preflight:live", Payload=json.dumps(event).encode()
        )
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the function patang-{stage}-preflight cannot be called: {error}") from error
    found = json.loads(reply["Payload"].read() or b"null")
    if reply.get("FunctionError") or not isinstance(found, dict) or "checks" not in found:
        raise CommandError(f"the preflight could not be made: {json.dumps(found)[:300]}")
    return found


def _print(found: Mapping[str, Any]) -> None:
    verdict = "passed" if found["passed"] else "NOT passed: no entry is sent"
    print(f"Preflight of {found['day']}, mode {found['mode']}: {verdict}")
    for check in found["checks"]:
        mark = "ok  " if check["passed"] else "FAIL" if check["blocks"] else "note"
        whose = f" ({check['account']})" if check.get("account") else ""
        print(f"{mark} {check['name']}{whose}: {check['found']}")
        if not check["passed"]:
            print(f"     expected: {check['expected']}")
            print(f"     do: {check['to_do'] or 'see the log'}")

"""`patang reconcile`: whether the desk and the broker tell the same of every account."""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from patang_workbench.cli.running import CommandError, RunningDesk, add_desk_arguments

__all__ = ["add_arguments", "run"]

# Longer than the function itself may take, and never twice.
_CALL = Config(read_timeout=70, retries={"total_max_attempts": 1})
_PATIENCE_SECONDS = 45


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = "0: the books of every account agree. 1: something differs that nobody can explain."
    parser.add_argument("--account", help="one account (all of the desk's)")
    parser.add_argument(
        "--stage", choices=("paper", "live"), help="a deployed stage, reached with your AWS credentials"
    )
    add_desk_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Have the desk compare itself with the broker, and show what it found; 1 if something is unexplained.

    The desk itself asks the broker, with its own session and address; nothing is asked from here.
    """
    found = _by_running_desk(options) if options.stage is None else _by_stage(options)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        for answer in found:
            _print(answer)
    return 0 if found and all(answer["clean"] for answer in found) else 1


def _by_stage(options: argparse.Namespace) -> Sequence[Mapping[str, Any]]:
    name = f"patang-{options.stage}-reconciler:live"
    event = {"reconcile": [options.account] if options.account else []}
    try:
        reply = boto3.client("lambda", config=_CALL).invoke(
            FunctionName=name, Payload=json.dumps(event).encode()
        )
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the function {name} cannot be called: {error}") from error
    answer = json.loads(reply["Payload"].read() or b"null")
    if reply.get("FunctionError") or not isinstance(answer, dict) or "results" not in answer:
        raise CommandError(f"the books could not be compared: {json.dumps(answer)[:300]}")
    results: Sequence[Mapping[str, Any]] = answer["results"]
    return results


def _by_running_desk(options: argparse.Namespace) -> Sequence[Mapping[str, Any]]:
    desk = RunningDesk.found(options)
    before = {found["account"]: found["looked_at"] for found in desk.get("/api/reconciliation")}
    asked = desk.post("/api/reconciliation", {"account": options.account})["accounts"]
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        found = {one["account"]: one for one in desk.get("/api/reconciliation")}
        if all(name in found and found[name]["looked_at"] != before.get(name) for name in asked):
            return [found[name] for name in asked]
        time.sleep(1)
    raise CommandError(
        f"nothing was compared within {_PATIENCE_SECONDS} seconds: is the session at the broker alive?"
    )


def _print(answer: Mapping[str, Any]) -> None:
    if "error" in answer:
        print(f"{answer['account']}: not compared: {answer['error']}")
        return
    looked_at = datetime.fromisoformat(answer["looked_at"])
    verdict = "agree" if answer["clean"] else "DIFFER: nothing is entered until they agree and you resume"
    counted = ", ".join(f"{count} {name}" for name, count in answer["checked"].items())
    print(f"{answer['account']} at {looked_at:%H:%M:%S} ({answer['mode']}): the books {verdict}")
    print(f"     of the broker: {counted}")
    for found in answer["differences"]:
        mark = "note" if found.get("explained") else "FAIL"
        print(
            f"{mark} {found['kind']} {found['symbol']}: ours {found['ours']}, the broker's {found['brokers']}"
        )
        if found.get("explained"):
            print(f"     {found['explained']}")
    for other in answer["foreign"]:
        print(f"     not ours: {other['quantity']} {other['symbol']} ({other['product']})")

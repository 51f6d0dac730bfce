"""`patang status`: what a desk is doing now."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from patang_workbench.cli.running import RunningDesk, add_desk_arguments

__all__ = ["add_arguments", "run"]

_EVENTS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_desk_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the desk's state; 0 if it answered."""
    status = RunningDesk.found(options).get("/api/status")
    if options.json:
        print(json.dumps(status))
    else:
        print("\n".join(_lines(status)))
    return 0


def _lines(status: dict[str, Any]) -> Iterator[str]:
    data, pnl = status["data"], status["pnl"]
    age = "no data yet" if data["age_seconds"] is None else f"{data['age_seconds']} s old"
    yield f"mode       {status['mode']}, profile {status['profile']}, approvals {status['approval_mode']}"
    if status["models_not_promoted"]:
        yield f"models     {status['models_not_promoted']}: nothing is proposed, persons' orders go"
    yield f"data       {data['market_time']}, {age}{', STALE' if data['stale'] else ''}"
    for session in status["sessions"]:
        yield f"session    {session['account']}: {session['state']} until {session['valid_until']}"
    for risk in status["risk"]:
        entries = risk["blocked_by"] or "entries allowed"
        exposure = f"{risk['open_exposure']:.2f} of {risk['exposure_limit']:.2f}"
        yield f"risk       {risk['account']}: {entries}; exposure {exposure}"
    parts = (f"{name} {pnl[name]:.2f}" for name in ("realised", "unrealised", "charges"))
    yield f"P&L        {', '.join(parts)}"
    for position in status["positions"]:
        yield (
            f"position   {position['quantity']} {position['symbol']} from {position['entry_price']}, "
            f"now {position['last_price']}, stop {position['stop_loss_price']}, "
            f"target {position['target_price']}: {position['unrealised_pnl'] or 0:.2f}"
        )
    for approval in status["approvals"]:
        yield f"approval   {approval['quantity']} {approval['symbol']}, {approval['seconds_left']} s left"
    for event in status["events"][:_EVENTS]:
        yield f"event      {event['as_of'][11:19]} {event['kind']}"

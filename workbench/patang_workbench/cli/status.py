"""`patang status`: what a desk is doing now."""

import argparse
import json

from patang_workbench.cli.running import RunningDesk, add_desk_arguments

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_desk_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the desk's state; 0 if it answered."""
    status = RunningDesk.found(options).get("/api/status")
    if options.json:
        print(json.dumps(status))
        return 0
    for name, value in status.items():
        if isinstance(value, list):
            print(f"{name}: {len(value)}")
            for row in value:
                print(f"    {_row(row)}")
        elif isinstance(value, dict):
            print(f"{name}: {_row(value)}")
        else:
            print(f"{name}: {value}")
    return 0


def _row(value: object) -> str:
    if not isinstance(value, dict):
        return str(value)
    shown = {
        name: part for name, part in value.items() if not isinstance(part, dict | list) and part is not None
    }
    return ", ".join(f"{name} {part}" for name, part in shown.items())

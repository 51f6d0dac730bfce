"""Where a command takes the past from: the same options for all that run over candles."""

import argparse
from pathlib import Path

from patang_workbench.cli.days import as_day

__all__ = ["MODELS", "add_past_arguments"]

# Those that the project ships, wherever the command is run.
MODELS = Path(__file__).resolve().parents[3] / "model_artifacts"


def add_past_arguments(
    parser: argparse.ArgumentParser, *, days_required: bool = True, symbols: str = "what the settings name"
) -> None:
    """Declare the place of the candles, the days, the symbols (`symbols`: which without the option) and the
    settings."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="PLACE",
        help="a store (folder or s3://BUCKET), recorded:FOLDER, synthetic:SEED or synthetic:SEED:STRENGTH",
    )
    for option, name, text in (("--from", "first", "first day, YYYY-MM-DD"), ("--to", "last", "last day")):
        parser.add_argument(option, dest=name, type=as_day, required=days_required, metavar="DAY", help=text)
    parser.add_argument("--symbols", type=_names, default=(), metavar="A,B", help=f"trade these ({symbols})")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="settings in YAML (the safe defaults)")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip().upper() for name in text.split(",") if name.strip()))
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names no symbol")
    return names

"""Where a command finds the store: the same option for all that read or keep candles and instruments."""

import argparse
import os

__all__ = ["add_store_arguments"]


def add_store_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--store`, a folder or a bucket, and `--json`."""
    parser.add_argument(
        "--store",
        default=os.environ.get("PATANG_STORE"),
        metavar="DIR",
        help="folder of the store, or s3://BUCKET (PATANG_STORE)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")

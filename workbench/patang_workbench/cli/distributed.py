"""`--distributed`: where the jobs of a sweep or a walk-forward are done."""

import argparse
from typing import Final

__all__ = ["LOCAL", "add_distributed_arguments"]

LOCAL: Final = "local"


def add_distributed_arguments(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Declare where the jobs are done; the group, for what one command adds."""
    group = parser.add_argument_group("over many workers", "docs/concepts/distributed-research.md")
    group.add_argument(
        "--distributed",
        choices=(LOCAL, "paper", "live"),
        metavar="STAGE",
        help="spread the jobs: over processes here (local), or a stage deployed with research=true",
    )
    group.add_argument("--workers", type=int, default=2, metavar="N", help="processes where it is local (2)")
    group.add_argument("--yes", action="store_true", help="start in the cloud, at the cost that is told")
    return group

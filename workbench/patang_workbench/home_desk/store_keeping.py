"""How long a home desk's folder keeps what is of use for a while, as the rules of the deployed store do."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

__all__ = ["KEPT_DAYS", "tidy"]

# As infra/stacks/data.py has them; raw ticks go to cold storage there, for which a home has no place.
KEPT_DAYS: Mapping[str, int] = {"features": 14, "minutes": 90, "chains": 90, "research": 90, "ticks": 30}


def tidy(folder: Path, now: datetime) -> int:
    """Removes what was written longer ago by the wall's time; how many files it was."""
    gone = 0
    for name, days in KEPT_DAYS.items():
        before = (now - timedelta(days=days)).timestamp()
        for path in sorted((folder / name).rglob("*"), reverse=True):
            # From the leaves up: a folder is empty when its files are gone.
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
                gone += 1
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
    return gone

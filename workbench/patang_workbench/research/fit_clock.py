"""How much of an index's variance falls into its sessions, its nights and its days without trading."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from patang.backtest.premiums.clock import VarianceClock
from patang.market.contract_terms import UNDERLYINGS
from patang.market.findings import days_of
from patang_workbench.research.option_observations import one_file, read_columns

__all__ = ["fitted_clock"]

type Floats = NDArray[np.float64]

# Shorter sessions, and nights beside them, are left out: muhurat, drills, holes.
_WHOLE_SESSION = 370
_PARTS, _MINUTES_A_PART = 25, 15
_DAY, _IST_AHEAD, _OPEN_MINUTE = 86_400, 5 * 60 + 30, 9 * 60 + 15
_LONGEST_BREAK = 3


def fitted_clock(folder: Path, until: date) -> tuple[VarianceClock, Mapping[str, float]]:
    """The clock of the index minutes before `until`, and its errors on those from then on.

    Raises BadInput where the minutes are absent.
    """
    number = (until - date(1970, 1, 1)).days
    read = [_sessions(one_file(folder, f"index_1m/{name}_1m.parquet")) for name in sorted(UNDERLYINGS)]
    early = _shares([rows[rows[:, 0] < number] for rows in read])
    late = _shares([rows[rows[:, 0] >= number] for rows in read])
    clock = VarianceClock(
        session=round(float(early[0]), 4),
        closed_day=round(max(float(early[1]), 0.0), 4),
        shape=tuple(round(float(share), 4) for share in early[2:]),
    )
    name = f"clock, index minutes from {until} on"
    return clock, {
        f"{name}: share of a session less that of the clock": float(late[0] - early[0]),
        f"{name}: weight of a day without trading less that of the clock": float(late[1] - early[1]),
        f"{name}: largest difference of a quarter of an hour's share": float(np.abs(late - early)[2:].max()),
    }


def _sessions(path: Path) -> Floats:
    """A row a whole session that follows one: day, days without trading before it, squared return over the
    night and from open to close, squared minutes of each quarter of an hour."""
    columns = read_columns(path)
    order = np.argsort(columns["ts"], kind="stable")
    starts = columns["ts"][order].astype(np.int64)
    opens, closes = (columns[name][order].astype(np.float64) for name in ("open", "close"))
    numbers, begins = np.unique(days_of(starts), return_index=True)
    ends = np.append(begins[1:], len(starts)) - 1
    whole = ends - begins + 1 >= _WHOLE_SESSION
    rows = []
    for n in np.flatnonzero(whole[1:] & whole[:-1]) + 1:
        begin, end = begins[n], ends[n]
        idle = numbers[n] - numbers[n - 1] - 1
        if idle > _LONGEST_BREAK:
            continue
        minutes = starts[begin : end + 1] % _DAY // 60 + _IST_AHEAD - _OPEN_MINUTE
        returns = np.diff(np.log(np.append(opens[begin], closes[begin : end + 1])))
        # Of minutes: quarters of an hour are so few that single events would be seen in the shape.
        parts = np.bincount(np.clip(minutes // _MINUTES_A_PART, 0, _PARTS - 1), returns**2, _PARTS)
        night, day = np.log(opens[begin] / closes[begin - 1]), np.log(closes[end] / opens[begin])
        rows.append([numbers[n], idle, night**2, day**2, *parts])
    return np.array(rows)


def _shares(indices: Sequence[Floats]) -> Floats:
    """Share of a session, weight of a day without trading, shares of its parts: the means of the indices."""
    found = []
    for rows in indices:
        idle, night, session = rows[:, 1], rows[:, 2], float(rows[:, 3].mean())
        of_night = float(night[idle == 0].mean())
        more = idle > 0
        # Each idle day as what a break's night has more than an ordinary one.
        of_idle = float(np.sum(night[more] - of_night) / np.sum(idle[more]))
        parts = rows[:, 4:].sum(axis=0)
        found.append(
            [session, of_idle, *(parts / parts.sum())] / np.array([session + of_night] * 2 + [1.0] * _PARTS)
        )
    shares: Floats = np.mean(found, axis=0)
    return shares

"""What the open interest of an expiry says: puts to calls, and where its writers would pay least."""

from collections import defaultdict
from collections.abc import Iterable

from patang.market.kept_chain import ChainRow

__all__ = ["max_pain", "put_call_ratio"]


def put_call_ratio(rows: Iterable[ChainRow]) -> float | None:
    """Open interest of the puts a unit of that of the calls; None without any of calls."""
    of_kind: dict[str, int] = defaultdict(int)
    for row in rows:
        of_kind[row.type] += row.oi
    return of_kind["PE"] / of_kind["CE"] if of_kind["CE"] else None


def max_pain(rows: Iterable[ChainRow]) -> float | None:
    """The strike at which, were the underlying to end there, all open options together would be worth least.

    Of strikes that are worth the same the lowest; None without open interest. Give one expiry's rows. The sum
    over calls of (end - strike) and over puts of (strike - end), where above zero, each times its open
    interest, is a line between two strikes, so that one of them has the least.
    """
    open_rows = [row for row in rows if row.oi > 0]
    strikes = sorted({row.strike for row in open_rows})
    return min(strikes, key=lambda end: sum(_worth(row, end) for row in open_rows), default=None)


def _worth(row: ChainRow, end: float) -> float:
    inside = end - row.strike if row.type == "CE" else row.strike - end
    return max(inside, 0.0) * row.oi

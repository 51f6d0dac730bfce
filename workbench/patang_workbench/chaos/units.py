"""Units of the two sides: what the desk believes to hold beside what the exchange has."""

from collections import Counter

from patang.portfolio.position import Position
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.ledger import Entry, net_positions

__all__ = ["differences", "line_of"]


def differences(
    exchange: Exchange,
    user_id: str,
    positions: list[Position],
    persons: Counter[tuple[str, str]],
    entries: list[Entry],
    by_hand: set[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Lines of which the desk believes to hold something else than the exchange; what a person has bought
    past the desk is left out.

    `persons`: units that people hold by orders of the desk's; `by_hand`: what a person has sold past it.
    """
    ours: Counter[tuple[str, str]] = Counter()
    ours.update(persons)
    for position in positions:
        if position.state != "CLOSED":
            ours[line_of(position)] += position.open_quantity
    theirs = Counter(
        {
            (key, product): units
            for (user, key, product), units in net_positions(exchange).items()
            if user == user_id
        }
    )
    foreign = _by_hand(user_id, positions, entries)
    return [
        ("position", f"{key}: the desk holds {ours[key]}, the exchange {theirs[key]}")
        for key in sorted({*ours, *theirs})
        if ours[key] != theirs[key] - foreign[key]
        if key not in by_hand or ours[key] != max(theirs[key], 0)
    ]


def _by_hand(user_id: str, positions: list[Position], entries: list[Entry]) -> Counter[tuple[str, str]]:
    """What a person holds by his own orders in instruments that the desk has never bought."""
    known = {line_of(position) for position in positions}
    held: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        key = f"{entry.exchange}:{entry.tradingsymbol}", entry.product
        if entry.user_id == user_id and entry.by_hand and key not in known:
            held[key] += entry.filled if entry.side == "BUY" else -entry.filled
    return held


def line_of(position: Position) -> tuple[str, str]:
    """Instrument and product of a position."""
    return f"{position.exchange}:{position.symbol}", position.product

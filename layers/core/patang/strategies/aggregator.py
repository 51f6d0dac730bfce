"""From all strategies' signals to those that an account looks at: one an underlying, no contradictions."""

from collections.abc import Iterable

from patang.strategies.signal import Signal

__all__ = ["aggregate"]


def aggregate(signals: Iterable[Signal]) -> tuple[list[Signal], dict[str, str]]:
    """The signals to assess, most confident first, and the gate of each one left out, by signal id.

    Of several signals on one underlying the most confident stays. A call and a put on it at once
    contradict each other: then none does.
    """
    by_underlying: dict[str, list[Signal]] = {}
    for signal in sorted(signals, key=lambda s: (-s.confidence, s.signal_id)):
        by_underlying.setdefault(signal.underlying, []).append(signal)
    kept: list[Signal] = []
    left_out: dict[str, str] = {}
    for group in by_underlying.values():
        directions = {signal.signal_type == "PUT" for signal in group}
        if len(directions) > 1:
            left_out |= {signal.signal_id: "CONTRADICTION" for signal in group}
        else:
            kept.append(group[0])
            left_out |= {signal.signal_id: "DUPLICATE" for signal in group[1:]}
    return kept, left_out

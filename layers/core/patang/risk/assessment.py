"""What an account may do about each signal now: gates, size, expected profit, each answer with its numbers.

Pure: the account as it was seen goes in, nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from patang.risk.account_view import AccountView
from patang.risk.expected_profit import ExpectedProfit, expected_profit
from patang.risk.explanation import AccountDecision, profit_told, size_told
from patang.risk.manager import account_gate, signal_gate
from patang.risk.refusals import Refusal
from patang.risk.sizing import Sizing
from patang.risk.slippage import Slippage
from patang.settings import Settings
from patang.strategies.aggregator import rank
from patang.strategies.registry import strategy_named
from patang.strategies.rules import Refusal as Outranked
from patang.strategies.signal import Signal

__all__ = ["Assessed", "assess", "outranked"]


@dataclass(frozen=True, slots=True)
class Assessed:
    """A signal that passes every gate, with its size and what it is expected to leave."""

    signal: Signal
    sizing: Sizing
    profit: ExpectedProfit

    @property
    def merit(self) -> Decimal:
        """Expected net profit for each rupee at risk."""
        return self.profit.net / self.sizing.risk_amount

    def told(self, outcome: str, order_id: str | None = None, text: str = "") -> AccountDecision:
        """The decision as it is kept."""
        return AccountDecision(
            signal_id=self.signal.signal_id,
            outcome=outcome,
            order_id=order_id,
            told=text,
            numbers={"merit": round(float(self.merit), 4)},
            sizing=size_told(self.sizing, self.signal.lot_size),
            profit=profit_told(self.profit),
        )


def assess(
    view: AccountView, signals: Sequence[Signal], settings: Settings, slippage: Slippage, as_of: datetime
) -> tuple[list[Assessed], dict[str, AccountDecision]]:
    """The signals that pass every gate now, best first, and the refusal of each of the others by its id."""
    passed: list[Assessed] = []
    refused: dict[str, AccountDecision] = {}
    closed = account_gate(view, settings)
    for signal in signals:
        found = _no(signal, closed) if closed else _assess(view, signal, settings, slippage, as_of)
        if isinstance(found, Assessed):
            passed.append(found)
        else:
            refused[signal.signal_id] = found
    ranked, behind = rank(passed, view.underlyings)
    by_id = {wish.signal.signal_id: wish for wish in passed}
    refused |= {name: by_id[name].told(lost.gate, text=str(lost)) for name, lost in behind.items()}
    return ranked, refused


def outranked(signal_id: str, refusal: Outranked) -> AccountDecision:
    """What the aggregator left out before any account was looked at."""
    numbers: Mapping[str, float | None] = {rule.name: rule.value for rule in refusal.rules}
    known = {name: value for name, value in numbers.items() if value is not None}
    return AccountDecision(signal_id=signal_id, outcome=refusal.gate, told=str(refusal), numbers=known)


def _assess(
    view: AccountView, signal: Signal, settings: Settings, slippage: Slippage, as_of: datetime
) -> Assessed | AccountDecision:
    gate = signal_gate(view, signal, settings, as_of)
    if gate is not None:
        return _no(signal, gate)
    strategy = strategy_named(signal.strategy)
    kept_out = strategy.apply_entry_filters(signal, settings, view)
    if kept_out is not None:
        return outranked(signal.signal_id, kept_out)
    sizing = strategy.calculate_position_size(signal, settings, view.headroom(signal, settings))
    if sizing.quantity == 0:
        return _no(signal, _no_size(view, signal, settings, sizing), sizing)
    profit = expected_profit(signal, sizing.quantity, slippage)
    least = settings.risk.min_expected_net_profit_inr
    if profit.net < least:
        text = f"{profit.net:.2f} rupees are expected of {sizing.quantity} and {least:.2f} asked for"
        numbers = {"net": profit.net, "least": least}
        return _no(signal, Refusal("EXPECTED_PROFIT_TOO_LOW", text, numbers), sizing, profit)
    return Assessed(signal, sizing, profit)


def _no_size(view: AccountView, signal: Signal, settings: Settings, sizing: Sizing) -> Refusal:
    text = f"{sizing.binding} allows less than a lot of {signal.lot_size}"
    numbers: dict[str, Decimal] = {}
    if sizing.binding == "DAILY_LOSS_LIMIT":
        left, limit = view.daily_loss_left(settings), view.loss_limit(settings)
        text += f": with every stop hit {left:.2f} rupees are left of the day's {limit:.2f}"
        numbers = {"left": left, "limit": limit}
    return Refusal(f"SIZE_ZERO_{sizing.binding}", text, numbers)


def _no(
    signal: Signal, refusal: Refusal, sizing: Sizing | None = None, profit: ExpectedProfit | None = None
) -> AccountDecision:
    return AccountDecision(
        signal_id=signal.signal_id,
        outcome=refusal.gate,
        told=refusal.text,
        numbers={name: n if isinstance(n, str) else float(n) for name, n in refusal.numbers.items()},
        sizing=None if sizing is None else size_told(sizing, signal.lot_size),
        profit=None if profit is None else profit_told(profit),
    )

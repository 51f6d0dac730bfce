"""The one rendering of an explanation for people. Whatever comes from outside is shown as plain text."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest

from patang.desk_view.explanations import AccountExplained, CycleExplained, Seal, SignalExplained
from patang.desk_view.money import rupees
from patang.model.contributions import Contributions, Explained
from patang.risk.explanation import ProfitTold, SizeTold
from patang.strategies.rules import Rule

__all__ = ["cycle_text", "signal_text"]

_COLUMN = 44


def signal_text(explained: SignalExplained) -> str:
    """All that decided on one signal, line by line."""
    return _plain(_signal_lines(explained))


def cycle_text(explained: CycleExplained) -> str:
    """What one cycle found and left alone, line by line."""
    return _plain(_cycle_lines(explained))


def _plain(lines: Iterable[str]) -> str:
    """One line for each line meant: what a terminal would obey, or read in another direction, is spelled."""
    return "\n".join(
        "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line) for line in lines
    )


def _signal_lines(explained: SignalExplained) -> Iterator[str]:
    signal = explained.signal
    yield signal.signal_id
    yield (
        f"{signal.signal_type} {signal.exchange}:{signal.symbol} by {signal.strategy}, "
        f"{signal.as_of:%Y-%m-%d %H:%M} IST: {_came_to(explained)}"
    )
    yield (
        f"  entry {signal.entry_price:.2f}, stop {signal.stop_loss_price:.2f}, "
        f"target {signal.target_price:.2f}, bid {explained.bid:.2f}, ask {explained.ask:.2f}"
    )
    yield f"  {signal.reason}"
    yield "Rules"
    yield from _rules(explained.rules)
    yield (
        f"Model {signal.model_version}: P(win) {signal.confidence:.4f}, "
        f"expected return {signal.expected_return_pct:.2f} %"
    )
    if not signal.model_promoted:
        yield "  for demonstration only: it has not passed its gates, and in mode live proposes nothing"
    if explained.contributions is not None:
        yield from _contributions(explained.contributions, signal.features)
    beside = sorted(set(signal.features) - _asked(explained.contributions))
    if beside:
        yield "  beside it: " + ", ".join(f"{name} {signal.features[name]:g}" for name in beside)
    for name, why in explained.undefined.items():
        yield f"  {name} is not known: {why}"
    for account in explained.accounts:
        yield from _account(account)
    yield from _seal("signals", explained.seal)


def _came_to(explained: SignalExplained) -> str:
    refused = explained.signal.refused
    return f"refused, {', '.join(refused)}" if refused else "went on to the accounts"


def _rules(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        value = "unknown" if rule.value is None else f"{rule.value:,.6g}"
        verdict = "passed" if rule.passed else "FAILED"
        yield f"  {verdict}  {rule.name:<24} {value:>12} {rule.comparison:>2} {rule.threshold:,.6g}"


def _asked(contributions: Explained | None) -> set[str]:
    return set() if contributions is None else set(contributions.p_win_log_odds.inputs)


def _contributions(parts: Explained, values: Mapping[str, float]) -> Iterator[str]:
    """The two answers side by side, each with what moved it farthest in front."""
    odds, returns = parts.p_win_log_odds, parts.expected_return_pct
    yield f"  {'log-odds of P(win)':<{_COLUMN}}expected return, %"
    chance = 1 / (1 + math.exp(-odds.base))
    pairs = zip_longest(_ranked(odds, values), _ranked(returns, values), fillvalue="")
    before = f"{odds.base:+8.4f}  before any input ({chance:.2f})"
    yield f"  {before:<{_COLUMN}}{returns.base:+8.4f}  before any input"
    for left, right in pairs:
        yield f"  {left:<{_COLUMN}}{right}"
    yield f"  {f'{odds.total:+8.4f}  together':<{_COLUMN}}{returns.total:+8.4f}  together"


def _ranked(parts: Contributions, values: Mapping[str, float]) -> Iterator[str]:
    for name, part in parts.ranked:
        yield f"{part:+8.4f}  {name} {values.get(name, math.nan):.4g}"


def _account(explained: AccountExplained) -> Iterator[str]:
    decision = explained.decision
    if decision is None:
        told = "nothing is kept of its answer" if explained.seal is None or explained.seal.intact else "?"
        yield f"Account {explained.account}: {told}"
        yield from _seal(explained.account, explained.seal)
        return
    order = "" if decision.order_id is None else f", order {decision.order_id}"
    state = " ".join(part for part in (explained.order_state, explained.order_outcome) if part)
    yield f"Account {explained.account}: {decision.outcome}{order}{f' ({state})' if state else ''}"
    if decision.told:
        yield f"  {decision.told}"
    if decision.numbers:
        yield "  " + ", ".join(f"{name} {_number(value)}" for name, value in decision.numbers.items())
    if decision.sizing is not None:
        yield from _size(decision.sizing)
    if decision.profit is not None:
        yield from _profit(decision.profit)
    yield from _seal(explained.account, explained.seal)


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,.6g}"


def _size(size: SizeTold) -> Iterator[str]:
    lots = size.quantity // size.lot_size
    yield (
        f"  size {size.quantity} units ({lots} x {size.lot_size}), bound by {size.binding}; "
        f"at risk {rupees(size.risk_amount)}, costs at most {rupees(size.exposure)}"
    )
    for name, units in sorted(size.bounds.items(), key=lambda bound: bound[1]):
        yield f"    {name:<22} allows {units:>14,.2f} units"


def _profit(profit: ProfitTold) -> Iterator[str]:
    total = profit.charges.get("total", 0.0)
    yield (
        f"  expected profit {rupees(profit.net)} = {rupees(profit.gross)} - charges {rupees(total)} "
        f"- spread {rupees(profit.spread)} - slippage {rupees(profit.slippage)}; "
        f"breaks even at {profit.break_even_pct:+.2f} %"
    )
    parts = (f"{name} {amount:.2f}" for name, amount in profit.charges.items() if name != "total")
    yield f"    charges: {', '.join(parts) or 'none'}"


def _cycle_lines(explained: CycleExplained) -> Iterator[str]:
    if explained.gate:
        yield f"Cycle {explained.run_id} was not looked at: {explained.reason}"
        yield "  " + ", ".join(f"{name} {_number(value)}" for name, value in explained.gate.items())
        yield from _seal("the gate", explained.seal)
        return
    yield f"Cycle {explained.run_id}: {len(explained.signals)} signals {explained.reason}".rstrip()
    for signal_id in explained.signals:
        yield f"  {signal_id}"
    for left in explained.left_alone:
        yield f"{left.strategy}, {left.subject}: {left.gate}"
        yield from _rules(left.rules)
    yield from _seal("signals", explained.seal)


def _seal(who: str, seal: Seal | None) -> Iterator[str]:
    if seal is None:
        yield f"Not sealed: the audit log has no entry of {who} for this cycle"
    elif seal.intact:
        yield f"Sealed: {seal.path}, SHA-256 {seal.sha256} as in the audit log"
    else:
        yield f"NOT AS SEALED: {seal.wrong}"

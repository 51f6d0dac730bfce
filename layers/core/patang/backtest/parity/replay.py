"""A recorded day held against its replay: every cycle decided again, and the account taken through it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from patang.approvals.proposal import Proposal
from patang.backtest.engine import backtest
from patang.backtest.fills import Since, walk_exit
from patang.backtest.opening import Declined
from patang.backtest.parity.day import RecordedDay
from patang.backtest.parity.signals import decided_again, signal_differences
from patang.backtest.parity.told import DayParity
from patang.backtest.parity.trades import Market, Replayed, compare_trades
from patang.backtest.recorded_tape import RecordedTape
from patang.market.instruments import Universe
from patang.portfolio.position import Position
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.deciding import Models
from patang.strategies.explanation import MarketDecisions

__all__ = ["day_parity"]

_MINUTE = timedelta(minutes=1)


def day_parity(
    day: RecordedDay,
    tape: RecordedTape,
    universe: Universe,
    recorded: Mapping[datetime, MarketDecisions],
    strategies: Sequence[Strategy],
    models: Models,
    settings: Mapping[datetime, Settings],
) -> DayParity:
    """Decides the day again. `settings` are those in force at each cycle of `recorded`; the account's replay
    takes the first, and knows from when on they were others.

    Raises ModelRefused for a model that must not be used, BadInput for a day without minutes.
    """
    again = decided_again(tape, list(recorded), strategies, models, settings)
    first = next(iter(settings.values()), Settings())
    changed_at = next((as_of for as_of, others in settings.items() if others != first), None)
    proposals: dict[str, Proposal] = {}
    rests = _MINUTE + timedelta(seconds=first.entry_order_seconds)

    def said(proposal: Proposal) -> Declined | None:
        proposals[proposal.signal.signal_id] = proposal
        return day.declined(proposal, rests)

    result = backtest(tape, lambda: models, strategies, first, opening=day.opening, said=said)
    by_order = {proposal.order_id: name for name, proposal in proposals.items()}
    trades = {by_order[trade.trade_id]: trade for trade in result.trades}
    instruments = universe.by_identifier()

    def seen(identifier: str, at: datetime) -> tuple[Decimal, Decimal] | None:
        bars = tape.bars(instruments[identifier], at - 2 * _MINUTE, at + _MINUTE)
        if not len(bars):
            return None
        wide = float(bars.half_spread.max()) + float(instruments[identifier].tick_size)
        low, high = float(bars.low.min()) - wide, float(bars.high.max()) + wide
        return Decimal(repr(low)), Decimal(repr(high))

    def leaves(position: Position) -> tuple[datetime | None, datetime | None]:
        """By all of the entry's minute, and by what of it certainly came after the entry."""
        begin = position.entry_time.replace(second=0, microsecond=0)
        name = f"{position.exchange}:{position.symbol}"
        bars = tape.bars(instruments[name], begin, begin + timedelta(days=1))
        ways: tuple[Since, Since] = ("before", "within")
        earlier, later = (walk_exit(position, bars, first, since=since).left for since in ways)
        return None if earlier is None else earlier.at, None if later is None else later.at

    return DayParity(
        day=day.day,
        account=day.account,
        cycles=len(again),
        not_replayed=len(recorded) - len(again),
        signals=tuple(signal_differences(recorded, again)),
        trades=compare_trades(
            day, Replayed(proposals, trades, rests, first.risk), Market(seen, leaves, changed_at)
        ),
        carried=day.carried,
    )

"""A backtest: the live rules on every minute of a tape, the models in batches, then an account that acts.

What the rules find knows nothing of the account, so it is found first, and the models are asked about many
minutes at once. The account then goes through the signals in the order of time, by the desk's own functions.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

import numpy as np

from patang.approvals.proposal import Proposal
from patang.backtest.account import Account
from patang.backtest.candidates import found_by_rules
from patang.backtest.deal import Deal
from patang.backtest.fills import FillTerms
from patang.backtest.foresight import Foresight
from patang.backtest.minutes import Look, Tape
from patang.backtest.opening import Declined, Opening
from patang.backtest.price_bars import PriceBars
from patang.backtest.trade import BacktestResult, DayResult
from patang.errors import BadInput, StopTrading
from patang.execution.terms import entry_terms
from patang.market.instruments import Instrument
from patang.market.sessions import IST, Session, session_on
from patang.risk.charges import Segment, round_trip_charges, segment_of
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.deciding import Decided, Found, Models, decide_minutes
from patang.strategies.signal import Signal

__all__ = ["backtest"]

_MINUTE, _DAY, _IST_AHEAD = 60, 86_400, 5 * 3600 + 1800
_BEGINNING = date(1970, 1, 1).toordinal()
# Minutes that the models are asked about together: few after a purchase, when most are of no use to an
# account that has no room, twice as many each time that nothing was bought.
_LEAST, _MOST = 1, 4_096
# As (signals): a transaction of the table bounds how many a cycle may have.
_MOST_SIGNALS = 90
# A price at which the rates of a day are asked for.
_ANY = Decimal(100)
# Beyond the day of its latest exit an instrument's bars are read in stretches of so long.
_LONGER = timedelta(days=7)


def backtest(
    tape: Tape,
    models: Callable[[], Models],
    strategies: Sequence[Strategy],
    settings: Settings,
    *,
    fills: FillTerms | None = None,
    opening: Opening | None = None,
    said: Callable[[Proposal], Declined | None] = lambda _: None,
    seed: int = 0,
    on_progress: Callable[[date], None] | None = None,
) -> BacktestResult:
    """What an account with these settings would have done on the tape; the same input, the same result.

    `settings.capital` and `opening` are what it begins with; `said` is asked why its owner declines a
    proposal, None where he does not, as nobody does in a backtest. `seed` is of what made the history, told
    in the result: nothing here is random. `on_progress` hears of each session that is over. A day on which a
    signal's charges have no source, or on one until its latest exit, and a day whose hours nobody knows, are
    not traded and named in `skipped`.
    Raises BadInput for a tape without bars, ModelRefused for a model that must not be asked.
    """
    if not len(tape.closes):
        raise BadInput(f"{tape.source} has no minutes to trade on: choose other days or symbols")
    foresight = Foresight(models)
    run = _Run(tape, settings, fills or FillTerms(), opening or Opening(), said, on_progress, foresight)
    looked = found_by_rules(tape, strategies, settings, spared=run.is_spared)
    while found := list(islice(looked, run.batch)):
        instruments = {c.instrument.identifier: c.instrument for f in found for _, c in f.wanted}
        decided = decide_minutes(found, foresight.models, settings, _MOST_SIGNALS, explained=False)
        for minute, decision in zip(found, decided, strict=True):
            run.decide(minute, decision, instruments)
        run.settle_batch()
    run.finish()
    named = {strategy.model: strategy.name for strategy in strategies} if run.asked else {}
    return BacktestResult(
        source=tape.source,
        first=run.sessions[0],
        last=run.sessions[-1],
        seed=seed,
        settings=settings,
        models={name: models()[model].version for model, name in named.items()},
        capital=settings.capital.starting_capital_inr,
        bars=tape.symbol_bars,
        cycles=len(tape.closes),
        trades=tuple(run.account.trades),
        days=tuple(run.days),
        refusals=dict(sorted((run.refusals + run.account.refusals).items())),
        skipped={**tape.skipped, **run.skipped},
    )


@dataclass(slots=True)
class _Run:
    """How far a backtest has come."""

    tape: Tape
    settings: Settings
    fills: FillTerms
    opening: Opening
    said: Callable[[Proposal], Declined | None]
    on_progress: Callable[[date], None] | None
    foresight: Foresight
    account: Account = field(init=False)
    sessions: list[date] = field(init=False)
    days: list[DayResult] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    skipped: dict[date, str] = field(default_factory=dict)
    asked: bool = False
    batch: int = _LEAST
    _proposed: int = 0
    _open_batch: bool = False
    _closes_of: list[datetime] = field(init=False)
    _instruments: dict[str, Instrument] = field(default_factory=dict)
    _hours: dict[date, Session | None] = field(default_factory=dict)
    # Why the charges of a day are not known, empty where they are.
    _sources: dict[tuple[Segment, str, date], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        closes = self.tape.closes
        numbers = (closes - 1 + _IST_AHEAD) // _DAY
        last = np.append(np.flatnonzero(np.diff(numbers)), len(closes) - 1)
        self.sessions = [date.fromordinal(_BEGINNING + int(number)) for number in numbers[last]]
        self._closes_of = [datetime.fromtimestamp(int(moment), IST) for moment in closes[last]]
        self.account = Account(
            self.settings, self.fills.slippage, self._order, closes, self.opening, self.said
        )

    def decide(self, minute: Found, decision: Decided, instruments: Mapping[str, Instrument]) -> None:
        """One cycle of the account; the sessions before it are closed first."""
        as_of, day = minute.as_of, minute.as_of.astimezone(IST).date()
        self._end_sessions(day)
        self.refusals.update(decision.refusals)
        self.asked = self.asked or bool(minute.wanted)
        going_on = [signal for signal in decision.signals if not signal.refused]
        if not going_on or not self._is_traded(day, as_of):
            return
        charged = [s for s in going_on if self._has_charges(s, day)]
        if charged:
            self._instruments = dict(instruments)
            self.account.advance(as_of)
            self.account.cycle(as_of, charged)

    def is_spared(self, look: Look) -> bool:
        """Whether the account could buy nothing that the look would find."""
        at = int(look.as_of.timestamp())
        spared = self.account.has_no_room(at, look.underlyings)
        if not spared and not self._open_batch:
            # All that came before has been decided: what is held by now can be known.
            self._end_sessions(look.as_of.astimezone(IST).date())
            self.account.advance(look.as_of)
            spared = self.account.has_no_room(at, look.underlyings)
        if not spared:
            self._open_batch = True
            self.foresight.foresee(look.ahead)
        return spared

    def settle_batch(self) -> None:
        """Choose the next batch's size by what has come of this one."""
        made = self.account.proposed
        self.batch = _LEAST if made > self._proposed else min(2 * self.batch, _MOST)
        self._proposed = made
        self._open_batch = False

    def finish(self) -> None:
        """Close the last sessions, and what is still held: its sale is the last day's."""
        self._end_sessions(None)
        close = self._closes_of[-1]
        self.account.end(close)
        self.days[-1] = self.account.day_result(self.sessions[-1], close)

    def _end_sessions(self, before: date | None) -> None:
        while len(self.days) < len(self.sessions):
            day, close = self.sessions[len(self.days)], self._closes_of[len(self.days)]
            if before is not None and day >= before:
                break
            self.account.advance(close)
            self.days.append(self.account.day_result(day, close))
            if self.on_progress is not None:
                self.on_progress(day)

    def _is_traded(self, day: date, as_of: datetime) -> bool:
        """Whether the gate of the cycle lets anybody enter in this minute."""
        if day not in self._hours:
            try:
                self._hours[day] = session_on(day, overrides=self.settings.sessions)
            except StopTrading as unknown:
                self.skipped[day] = str(unknown)
                self._hours[day] = None
        session = self._hours[day]
        if session is None or as_of == session.open or not session.holds(as_of):
            self.refusals["MARKET_CLOSED"] += 1
            return False
        return True

    def _has_charges(self, signal: Signal, day: date) -> bool:
        """Whether it is known what is charged on each day from the entry to the latest exit."""
        segment = segment_of(signal.exchange, signal.symbol, signal.product)
        latest = (signal.exit_by or signal.as_of).astimezone(IST).date()
        days = (day + timedelta(days=n) for n in range(max((latest - day).days, 0) + 1))
        missing = next(filter(None, (self._unsourced(segment, signal.exchange, one) for one in days)), "")
        if missing:
            self.skipped[day] = missing
        return not missing

    def _unsourced(self, segment: Segment, exchange: str, day: date) -> str:
        kind = segment, exchange, day
        if kind not in self._sources:
            try:
                round_trip_charges(segment, exchange, _ANY, _ANY, 1, day)
                self._sources[kind] = ""
            except StopTrading as unsourced:
                self._sources[kind] = str(unsourced)
        return self._sources[kind]

    def _order(self, proposal: Proposal) -> Deal:
        """The order of a proposal, with the bars that it may fill and be held in."""
        signal = proposal.signal
        instrument = self._instruments[f"{signal.exchange}:{signal.symbol}"]
        latest = max(signal.exit_by or signal.as_of, signal.as_of).astimezone(IST)
        until = datetime(latest.year, latest.month, latest.day, tzinfo=IST) + timedelta(days=1)
        longer = _Longer(self.tape, instrument, signal.as_of, until)
        return Deal(
            proposal, entry_terms(proposal, self.settings), longer.bars(), longer, self.settings, self.fills
        )


@dataclass(slots=True)
class _Longer:
    """An instrument's bars from a moment on, read further where a position outlives them."""

    tape: Tape
    instrument: Instrument
    after: datetime
    until: datetime

    def bars(self) -> PriceBars:
        return self.tape.bars(self.instrument, self.after, self.until)

    def __call__(self, known: PriceBars) -> PriceBars | None:
        while self.until.timestamp() < int(self.tape.closes[-1]):
            self.until += _LONGER
            found = self.bars()
            if len(found) > len(known):
                return found
        return None

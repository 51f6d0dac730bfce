"""What every strategy is: four questions, each answered by a pure function of market and account.

    generate_signals         the market at a minute's close  ->  candidates and refusals, for all accounts
    apply_entry_filters      a signal and an account         ->  the gate that keeps it out, or none
    calculate_position_size  a signal and an account's room  ->  whole lots, zero among them
    get_exit_conditions      a position and a price          ->  whether it must go, why, at which price

The same minute gives the same answers live, in a replay and in a backtest. A further strategy is one file in
the playbook: a class derived from this one that generates signals; the other three are answered here, and
may be made stricter there.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.model.inputs import StrategyName
from patang.portfolio.position import Position
from patang.risk.account_view import AccountView
from patang.risk.sizing import Headroom, Sizing, size
from patang.settings import Settings
from patang.settings.blackouts import blackout_at
from patang.strategies.exits import ExitDecision, Outlook, decide_exit, exit_conditions
from patang.strategies.frames import NOTHING_KNOWN
from patang.strategies.market import Market
from patang.strategies.rules import Refusal, Rule, RuleLog
from patang.strategies.signal import Signal

__all__ = [
    "Candidate",
    "Findings",
    "Strategy",
    "at_clock",
    "exit_time",
    "on_tick",
    "with_room",
    "within_hours",
]


_ONE = Decimal(1)


# A tuple as the rules are: a cycle may make hundreds.
class Candidate(NamedTuple):
    """A wish to buy, before the model has been asked. Prices in rupees a unit.

    `inputs` are the model's, by name; `told` are features that the model is not asked about and the signal
    carries beside them; `reason` tells a person the numbers that decided, `rules` all that were looked at.
    There is no kind of candidate that sells: a position is opened by buying alone.
    """

    strategy: str
    signal_type: Literal["CALL", "PUT", "BUY"]
    instrument: Instrument
    entry_price: Decimal
    stop_loss_price: Decimal
    target_price: Decimal
    bid: Decimal
    ask: Decimal
    exit_by: datetime
    holding_period: Literal["intraday", "swing"]
    reason: str
    inputs: Mapping[str, float]
    told: Mapping[str, float] = NOTHING_KNOWN
    rules: tuple[Rule, ...] = ()


@dataclass(slots=True)
class Findings:
    """A strategy's answer about a market: what it would buy, and what it looked at and left alone."""

    candidates: list[Candidate] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def take(self, found: Candidate | Refusal) -> None:
        if isinstance(found, Candidate):
            self.candidates.append(found)
        else:
            self.refused.append(found)

    @property
    def refusals(self) -> Counter[str]:
        """How often each gate said no."""
        return Counter(refusal.gate for refusal in self.refused)


class Strategy(ABC):
    """Rules that turn a market into candidates.

    `name` is that of its file in the playbook; `model` says whose model tells the probability to win, and so
    which inputs a candidate must name.
    """

    name: str
    model: StrategyName

    @abstractmethod
    def generate_signals(self, market: Market, settings: Settings) -> Findings:
        """What the rules would buy now."""

    def apply_entry_filters(
        self, signal: Signal, settings: Settings, account: AccountView | None = None
    ) -> Refusal | None:
        """What keeps a signal out: an event, too little confidence, and of an account a missing consent.

        Without an account it is asked what holds for all of them.
        """
        log = RuleLog(signal.symbol)
        event = blackout_at(settings.blackouts, signal.as_of)
        if event is not None:
            return Refusal("EVENT_BLACKOUT", f"{signal.symbol}: {event.reason}")
        if not log.holds("p_win", signal.confidence, ">=", settings.risk.min_confidence):
            return log.refuse("CONFIDENCE_TOO_LOW")
        # Shares that are kept overnight can be sold only with leave to take them from the demat account.
        consent = account is None or signal.product != "CNC" or account.demat_consent
        return None if log.holds("demat_consent", consent, ">=", 1) else log.refuse("NO_DEMAT_CONSENT")

    def calculate_position_size(self, signal: Signal, settings: Settings, headroom: Headroom) -> Sizing:
        """How much to buy: the least that every bound allows. Zero is an answer."""
        return size(signal, settings, headroom)

    def get_exit_conditions(self, position: Position, outlook: Outlook, settings: Settings) -> ExitDecision:
        """Whether a position must go, why, and the price to ask for. An entry's gate never holds it back."""
        return decide_exit(position, exit_conditions(position, settings), outlook)


def with_room(candidate: Candidate, log: RuleLog) -> Candidate | Refusal:
    """The candidate, refused where ticks leave no room between its stop, entry and target."""
    entry, stop = float(candidate.entry_price), float(candidate.stop_loss_price)
    room = log.holds("stop_price", stop, "<", entry)
    room = log.holds("target_price", float(candidate.target_price), ">", entry) and room
    return candidate._replace(rules=tuple(log.rules)) if room else log.refuse("NO_ROOM_FOR_LEVELS")


def within_hours(strategy: str, as_of: datetime, first: str, last: str) -> Refusal | None:
    """The refusal of a strategy whose entry hours (HH:MM, IST, both included) do not hold `as_of`."""
    if at_clock(as_of, first) <= as_of <= at_clock(as_of, last):
        return None
    return Refusal("OUTSIDE_ENTRY_HOURS", f"{strategy}: {as_of.astimezone(IST):%H:%M} not in {first}-{last}")


def at_clock(as_of: datetime, clock: str) -> datetime:
    """The moment of `as_of`'s day, IST, that a setting such as 14:45 names."""
    return datetime.combine(as_of.astimezone(IST).date(), time.fromisoformat(clock), IST)


# Asked for every candidate of a minute.
@lru_cache(32)
def exit_time(as_of: datetime, max_hold_minutes: int, exit_by: str) -> datetime:
    """When a position entered now must go: after the longest hold, at the latest at the clock's time."""
    return min(as_of + timedelta(minutes=max_hold_minutes), at_clock(as_of, exit_by))


def on_tick(price: float | Decimal, tick: Decimal) -> Decimal:
    """The price on the instrument's tick that is nearest, at least one tick."""
    exact = price if isinstance(price, Decimal) else Decimal(str(price))
    steps = (exact / tick).quantize(_ONE, ROUND_HALF_EVEN)
    return max(steps * tick, tick)

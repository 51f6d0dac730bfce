"""A cycle's decisions: every strategy's rules on one market, then each model once about all that they found.

Pure: the same market, settings and models give the same signals, live, in a replay and in a backtest. The
desk decides one minute at a time; who has a history asks the models about many minutes at once
(`decide_minutes`), and the answers are the same.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, Protocol

from patang.features.options import option_reasons
from patang.model.contributions import Explained
from patang.model.inputs import StrategyName
from patang.model.prediction import Prediction
from patang.settings import Settings
from patang.strategies.base import Candidate, Strategy
from patang.strategies.explanation import LeftAlone
from patang.strategies.market import Market
from patang.strategies.rules import Refusal, Rule
from patang.strategies.signal import Signal

__all__ = ["Decided", "Found", "Model", "Models", "decide", "decide_minutes", "find", "signal_of"]


class Model(Protocol):
    """As `patang.model.signal_model.SignalModel`: with that comes xgboost, and rules alone need none."""

    @property
    def version(self) -> str: ...

    @property
    def promoted(self) -> bool: ...

    def predict(self, rows: Sequence[Mapping[str, float]]) -> list[Prediction]:
        """One prediction a row."""
        ...

    def explain(self, rows: Sequence[Mapping[str, float]]) -> list[Explained]:
        """What each input gave to each answer."""
        ...


type Models = Mapping[StrategyName, Model]

_UNASKED = Prediction(math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Found:
    """What the rules of all strategies say of the market at `as_of`, before any model is asked: candidates,
    each with the strategy that wants it, and what was left alone."""

    as_of: datetime
    wanted: tuple[tuple[Strategy, Candidate], ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """Signals, the most confident in front, and what was left alone."""

    signals: tuple[Signal, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()

    @property
    def refusals(self) -> Counter[str]:
        """How often each gate said no, to a candidate or before there was one."""
        told = Counter(left.gate for left in self.left_alone)
        told.update(gate for signal in self.signals for gate in signal.refused)
        return told


class _Asked(NamedTuple):
    """A candidate of the minute with that number, what its strategy's model says of it, which version of the
    model, and whether that has passed its gates."""

    minute: int
    strategy: Strategy
    candidate: Candidate
    prediction: Prediction = _UNASKED
    version: str = ""
    promoted: bool = False
    contributions: Explained | None = None

    @property
    def rank(self) -> tuple[int, float, str, str]:
        candidate = self.candidate
        name = candidate.instrument.tradingsymbol
        return self.minute, -self.prediction.p_win, name, candidate.strategy


def find(market: Market, strategies: Sequence[Strategy], settings: Settings) -> Found:
    """What the rules of these strategies want of a market."""
    wanted: list[tuple[Strategy, Candidate]] = []
    left: list[LeftAlone] = []
    for strategy in strategies:
        findings = strategy.generate_signals(market, settings)
        wanted += ((strategy, candidate) for candidate in findings.candidates)
        left += (LeftAlone.told(strategy.name, refusal) for refusal in findings.refused)
    return Found(market.as_of, tuple(wanted), tuple(left))


def decide(
    market: Market,
    strategies: Sequence[Strategy],
    models: Callable[[], Models],
    settings: Settings,
    most: int,
) -> Decided:
    """What the strategies want of a market, and what the models think of it.

    Each model is asked once, and only if a rule found something for it. At most `most` signals are made, so
    that explaining them has its bound too; the least probable of the rest are left alone, and so is whatever
    is unlike all that its model was trained on (DISSIMILAR).
    Raises ModelRefused if a model that is needed must not be used.
    """
    return decide_minutes([find(market, strategies, settings)], models, settings, most)[0]


def decide_minutes(
    found: Sequence[Found],
    models: Callable[[], Models],
    settings: Settings,
    most: int,
    *,
    explained: bool = True,
) -> list[Decided]:
    """`decide` for each of these minutes, with each model asked once about all of them together.

    `explained=False` is for who has many minutes and looks at few of them: it leaves out what each input gave
    to an answer, and of what is not confident enough tells the gate alone.
    """
    wanted = [_Asked(n, *wish) for n, minute in enumerate(found) for wish in minute.wanted]
    asked = _by_model(wanted, models, _predicted)
    left: list[list[LeftAlone]] = [list(minute.left_alone) for minute in found]
    for wish in asked:
        if wish.prediction.dissimilar:
            left[wish.minute].append(_dissimilar(wish))
    ranked = sorted((wish for wish in asked if not wish.prediction.dissimilar), key=lambda wish: wish.rank)
    kept: list[_Asked] = []
    for number, of_minute in groupby(ranked, key=lambda wish: wish.minute):
        wishes = list(of_minute)
        kept += wishes[:most] if explained else _confident(wishes[:most], settings, left[number])
        left[number] += (_too_many(wish) for wish in wishes[most:])
    if explained:
        kept = _by_model(kept, models, _explained)
    signals: list[list[Signal]] = [[] for _ in found]
    for wish in kept:
        signals[wish.minute].append(_filtered(wish, found[wish.minute].as_of, settings))
    return [Decided(tuple(made), tuple(others)) for made, others in zip(signals, left, strict=True)]


def _confident(wishes: Sequence[_Asked], settings: Settings, left: list[LeftAlone]) -> list[_Asked]:
    """Those that the gate of confidence lets pass, as every strategy's entry filters ask it."""
    least = settings.risk.min_confidence
    passed: list[_Asked] = []
    for wish in wishes:
        p_win = round(wish.prediction.p_win, 4)
        if p_win >= least:
            passed.append(wish)
            continue
        told = Rule("p_win", ">=", least, passed=False, value=p_win)
        refusal = Refusal(
            "CONFIDENCE_TOO_LOW", wish.candidate.instrument.tradingsymbol, (*wish.candidate.rules, told)
        )
        left.append(LeftAlone.told(wish.candidate.strategy, refusal))
    return passed


def _by_model(
    asked: Sequence[_Asked],
    models: Callable[[], Models],
    ask: Callable[[Model, Sequence[_Asked]], list[_Asked]],
) -> list[_Asked]:
    """The same, in their order, each with what its model answered: one question a model."""
    rows: dict[StrategyName, list[int]] = {}
    for row, found in enumerate(asked):
        rows.setdefault(found.strategy.model, []).append(row)
    answered = list(asked)
    for name, of_model in rows.items():
        answers = ask(models()[name], [asked[row] for row in of_model])
        for row, answer in zip(of_model, answers, strict=True):
            answered[row] = answer
    return answered


def _predicted(model: Model, asked: Sequence[_Asked]) -> list[_Asked]:
    predictions = model.predict([found.candidate.inputs for found in asked])
    return [
        found._replace(prediction=prediction, version=model.version, promoted=model.promoted)
        for found, prediction in zip(asked, predictions, strict=True)
    ]


def _explained(model: Model, asked: Sequence[_Asked]) -> list[_Asked]:
    parts = model.explain([found.candidate.inputs for found in asked])
    return [found._replace(contributions=of_one) for found, of_one in zip(asked, parts, strict=True)]


def _dissimilar(found: _Asked) -> LeftAlone:
    """A model has no confidence to give where it has not learnt: no signal, whatever it would say."""
    candidate, told = found.candidate, found.prediction
    distance = told.distance if math.isfinite(told.distance) else None
    near = Rule("distance_from_training", "<=", told.furthest, passed=False, value=distance)
    refusal = Refusal("DISSIMILAR", candidate.instrument.tradingsymbol, (*candidate.rules, near))
    return LeftAlone.told(candidate.strategy, refusal)


def _too_many(found: _Asked) -> LeftAlone:
    candidate = found.candidate
    refusal = Refusal("TOO_MANY_SIGNALS", candidate.instrument.tradingsymbol, candidate.rules)
    return LeftAlone.told(candidate.strategy, refusal)


def _filtered(found: _Asked, as_of: datetime, settings: Settings) -> Signal:
    """The signal, with the gate that keeps it from all accounts if one does, and the rules of that gate."""
    signal = signal_of(found.candidate, as_of, found.prediction, found.version, found.contributions)
    refusal = found.strategy.apply_entry_filters(signal, settings)
    if refusal is not None:
        told = {"refused": (refusal.gate,), "rules": (*signal.rules, *refusal.rules)}
        return signal.model_copy(
            update=told | {"reason": f"{signal.reason}; {refusal}", "model_promoted": found.promoted}
        )
    confident = Rule("p_win", ">=", settings.risk.min_confidence, passed=True, value=signal.confidence)
    rules = (*signal.rules, confident)
    return signal.model_copy(update={"rules": rules, "model_promoted": found.promoted})


def signal_of(
    candidate: Candidate,
    as_of: datetime,
    prediction: Prediction = _UNASKED,
    version: str = "",
    contributions: Explained | None = None,
) -> Signal:
    """The signal that a candidate becomes by what its model says of it; NaN where none was asked."""
    instrument = candidate.instrument
    p_win, expected = prediction.p_win, prediction.expected_return_pct
    known = {**candidate.told, **candidate.inputs}
    return Signal(
        signal_id=f"S{as_of:%Y%m%d%H%M}-{instrument.tradingsymbol}-{candidate.strategy}",
        as_of=as_of,
        strategy=candidate.strategy,
        signal_type=candidate.signal_type,
        symbol=instrument.tradingsymbol,
        underlying=instrument.underlying,
        exchange=instrument.exchange,
        instrument_token=instrument.instrument_token,
        lot_size=instrument.lot_size,
        tick_size=instrument.tick_size,
        expiry=instrument.expiry,
        entry_price=candidate.entry_price,
        stop_loss_price=candidate.stop_loss_price,
        target_price=candidate.target_price,
        bid=candidate.bid,
        ask=candidate.ask,
        expected_return_pct=round(expected, 4),
        confidence=round(p_win, 4),
        holding_period=candidate.holding_period,
        exit_by=candidate.exit_by,
        reason=f"{candidate.reason}; P(win) {p_win:.2f}, expected return {expected:.2f} %",
        model_version=version,
        features={name: round(value, 4) for name, value in known.items() if math.isfinite(value)},
        undefined=option_reasons(candidate.told),
        rules=candidate.rules,
        contributions=contributions,
    )

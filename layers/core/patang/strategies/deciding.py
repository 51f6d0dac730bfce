"""A cycle's decisions: every strategy's rules on one market, then each model once about all that they found.

Pure: the same market, settings and models give the same signals, live, in a replay and in a backtest.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from patang.features.options import option_reasons
from patang.model.contributions import Explained
from patang.model.inputs import StrategyName
from patang.model.signal_model import Prediction, SignalModel
from patang.settings import Settings
from patang.strategies.base import Candidate, Strategy
from patang.strategies.explanation import LeftAlone
from patang.strategies.market import Market
from patang.strategies.rules import Refusal, Rule
from patang.strategies.signal import Signal

__all__ = ["Decided", "Models", "decide"]

type Models = Mapping[StrategyName, SignalModel]

_UNASKED = Prediction(math.nan, math.nan)


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
    """A candidate, what its strategy's model says of it, and which version of the model."""

    strategy: Strategy
    candidate: Candidate
    prediction: Prediction = _UNASKED
    version: str = ""
    contributions: Explained | None = None

    @property
    def rank(self) -> tuple[float, str, str]:
        candidate = self.candidate
        return -self.prediction.p_win, candidate.instrument.tradingsymbol, candidate.strategy


def decide(
    market: Market,
    strategies: Sequence[Strategy],
    models: Callable[[], Models],
    settings: Settings,
    most: int,
) -> Decided:
    """What the strategies want of a market, and what the models think of it.

    Each model is asked once, and only if a rule found something for it. At most `most` signals are made, so
    that explaining them has its bound too; the least probable of the rest are left alone.
    Raises ModelRefused if a model that is needed must not be used.
    """
    asked: list[_Asked] = []
    left: list[LeftAlone] = []
    for strategy in strategies:
        findings = strategy.generate_signals(market, settings)
        asked += (_Asked(strategy, candidate) for candidate in findings.candidates)
        left += (LeftAlone.told(strategy.name, refusal) for refusal in findings.refused)
    ranked = sorted(_by_model(asked, models, _predicted), key=lambda found: found.rank)
    left += (_too_many(found) for found in ranked[most:])
    explained = _by_model(ranked[:most], models, _explained)
    signals = tuple(_filtered(found, market.as_of, settings) for found in explained)
    return Decided(signals, tuple(left))


def _by_model(
    asked: Sequence[_Asked],
    models: Callable[[], Models],
    ask: Callable[[SignalModel, Sequence[_Asked]], list[_Asked]],
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


def _predicted(model: SignalModel, asked: Sequence[_Asked]) -> list[_Asked]:
    predictions = model.predict([found.candidate.inputs for found in asked])
    return [
        found._replace(prediction=prediction, version=model.version)
        for found, prediction in zip(asked, predictions, strict=True)
    ]


def _explained(model: SignalModel, asked: Sequence[_Asked]) -> list[_Asked]:
    parts = model.explain([found.candidate.inputs for found in asked])
    return [found._replace(contributions=of_one) for found, of_one in zip(asked, parts, strict=True)]


def _too_many(found: _Asked) -> LeftAlone:
    candidate = found.candidate
    refusal = Refusal("TOO_MANY_SIGNALS", candidate.instrument.tradingsymbol, candidate.rules)
    return LeftAlone.told(candidate.strategy, refusal)


def _filtered(found: _Asked, as_of: datetime, settings: Settings) -> Signal:
    """The signal, with the gate that keeps it from all accounts if one does, and the rules of that gate."""
    signal = _signal(found, as_of)
    refusal = found.strategy.apply_entry_filters(signal, settings)
    if refusal is not None:
        told = {"refused": (refusal.gate,), "rules": (*signal.rules, *refusal.rules)}
        return signal.model_copy(update=told | {"reason": f"{signal.reason}; {refusal}"})
    confident = Rule("p_win", ">=", settings.risk.min_confidence, passed=True, value=signal.confidence)
    return signal.model_copy(update={"rules": (*signal.rules, confident)})


def _signal(found: _Asked, as_of: datetime) -> Signal:
    candidate, instrument = found.candidate, found.candidate.instrument
    p_win, expected = found.prediction.p_win, found.prediction.expected_return_pct
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
        model_version=found.version,
        features={name: round(value, 4) for name, value in known.items() if math.isfinite(value)},
        undefined=option_reasons(candidate.told),
        rules=candidate.rules,
        contributions=found.contributions,
    )

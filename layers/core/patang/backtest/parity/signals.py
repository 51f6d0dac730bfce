"""The cycles of a recorded day decided again: same minutes, rules, models and settings, same answer."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from pydantic import ValidationError

from patang.audit.decisions import FOLDER
from patang.backtest.parity.told import SignalDifference
from patang.backtest.recorded_tape import RecordedTape
from patang.errors import BadInput
from patang.market.sessions import IST
from patang.ports import ObjectStore
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.deciding import Decided, Models, decide
from patang.strategies.explanation import LeftAlone, MarketDecisions
from patang.strategies.service import MOST_SIGNALS
from patang.strategies.signal import Signal

__all__ = ["decided_again", "recorded_decisions", "signal_differences"]

# What a signal says of itself beyond its numbers, or of the machine that told it.
_NOT_COMPARED = {"revision", "version", "schema_version"}


def recorded_decisions(objects: ObjectStore, day: date) -> dict[datetime, MarketDecisions]:
    """What the cycles of the day decided, by their moment. Raises BadInput for what does not parse."""
    found: dict[datetime, MarketDecisions] = {}
    for path in objects.list(f"{FOLDER}/{day}/"):
        if not path.rpartition("/")[2].startswith("signals-"):
            continue
        try:
            told = MarketDecisions.model_validate_json(objects.get(path) or b"")
        except ValidationError as error:
            raise BadInput(f"the decisions {path} do not parse: {error}") from error
        found[told.as_of.astimezone(IST)] = told
    return dict(sorted(found.items()))


def decided_again(
    tape: RecordedTape,
    moments: Sequence[datetime],
    strategies: Sequence[Strategy],
    models: Models,
    settings: Mapping[datetime, Settings],
) -> dict[datetime, Decided]:
    """What the desk's code decides now on the minutes that ended at `moments`, each with its settings.

    A minute that was not recorded, or with a hole, is left out.
    """
    found = {}
    for as_of in moments:
        market = tape.market(as_of)
        if market is not None:
            found[as_of] = decide(market, strategies, lambda: models, settings[as_of], MOST_SIGNALS)
    return found


def signal_differences(
    recorded: Mapping[datetime, MarketDecisions], replayed: Mapping[datetime, Decided]
) -> list[SignalDifference]:
    """Where the day and its replay differ, in the order of time, over the cycles that both decided on."""
    found: list[SignalDifference] = []
    for as_of, told in recorded.items():
        again = replayed.get(as_of)
        if again is not None:
            found += _of_signals(as_of, told.signals, again.signals)
            found += _of_left_alone(as_of, told.left_alone, again.left_alone)
    return found


def _of_signals(
    as_of: datetime, recorded: Sequence[Signal], replayed: Sequence[Signal]
) -> Iterator[SignalDifference]:
    then, now = ({signal.signal_id: signal for signal in signals} for signals in (recorded, replayed))
    for name in sorted(then.keys() | now.keys()):
        before, after = then.get(name), now.get(name)
        if before is None or after is None:
            yield _difference(as_of, name, "", _told(before), _told(after))
            continue
        # As it was kept: what JSON rounds or leaves out is no difference.
        told, again = before.model_dump(mode="json"), Signal.model_validate_json(after.model_dump_json())
        for field, value in again.model_dump(mode="json").items():
            if field not in _NOT_COMPARED and told[field] != value:
                yield _difference(as_of, name, field, str(told[field]), str(value))


def _of_left_alone(
    as_of: datetime, recorded: Sequence[LeftAlone], replayed: Sequence[LeftAlone]
) -> Iterator[SignalDifference]:
    then, now = ({(a.strategy, a.subject): a.gate for a in alone} for alone in (recorded, replayed))
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            yield _difference(as_of, " ".join(name), "gate", then.get(name), now.get(name))


def _told(signal: Signal | None) -> str | None:
    return None if signal is None else f"{signal.symbol} at {signal.entry_price}"


def _difference(
    as_of: datetime, what: str, field: str, recorded: str | None, replayed: str | None
) -> SignalDifference:
    return SignalDifference(as_of=as_of, what=what, field=field, recorded=recorded, replayed=replayed)

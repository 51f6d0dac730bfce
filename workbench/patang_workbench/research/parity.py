"""The parity of a desk's day: read from its tables and its store, decided again, and noted for graduation."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from patang.backtest.parity.day import recorded_day
from patang.backtest.parity.replay import day_parity
from patang.backtest.parity.signals import recorded_decisions
from patang.backtest.parity.told import DayParity, keep_told
from patang.backtest.recorded_tape import RecordedTape, recorded_minutes
from patang.errors import BadInput
from patang.execution.graduation import ParityReport
from patang.market.universe import load_universe
from patang.model.signal_model import load_models
from patang.ports import ObjectStore, StateStore, Write
from patang.records import change, create, load, replace
from patang.settings import Mode, Settings
from patang.settings.stored import StoredSettings, accepted
from patang.strategies.registry import strategies

__all__ = ["keep_parity", "parity_of"]


def parity_of(
    store: StateStore, objects: ObjectStore, account: str, day: date, mode: Mode, models: Path
) -> DayParity:
    """The day of an account against its replay. Raises BadInput for a day that was not recorded, ModelRefused
    for models that must not be used."""
    universe = load_universe(store, objects, day)
    minutes = recorded_minutes(objects, day)
    recorded = recorded_decisions(objects, day)
    if universe is None or not minutes or not recorded:
        raise BadInput(
            f"{day} was not recorded here: there are {len(minutes)} closed minutes and {len(recorded)} "
            "cycles; choose a day on which this desk ran"
        )
    of_account = recorded_day(store, objects, account, day, mode)
    return day_parity(
        of_account,
        RecordedTape(universe, minutes, of_account.assessed),
        universe,
        recorded,
        strategies(),
        load_models(models),
        _in_force(store, list(recorded)),
    )


def keep_parity(
    store: StateStore, objects: ObjectStore, day: date, found: Sequence[DayParity]
) -> ParityReport:
    """Notes the day's outcome over all accounts, in the place of what was noted before, and keeps what was
    found for whoever looks at the day."""
    keep_told(objects, found)

    def decide() -> tuple[ParityReport, Sequence[Write]]:
        report = ParityReport(
            day=day,
            compared=sum(one.compared for one in found),
            unexplained=sum(one.unexplained for one in found),
        )
        known = load(store, ParityReport, report.key())
        if known is None:
            return report, (create(report),)
        report = report.evolve(revision=known.revision)
        return report, (replace(report),)

    return change(store, decide)


def _in_force(store: StateStore, moments: Sequence[datetime]) -> dict[datetime, Settings]:
    """The settings at each moment: the newest version that was written by then, or the oldest there is."""
    versions = sorted(accepted(store), key=lambda version: version.version)
    return {moment: _at(versions, moment) for moment in moments}


def _at(versions: Sequence[StoredSettings], moment: datetime) -> Settings:
    if not versions:
        return Settings()
    written = [v for v in versions if v.written_at is not None and v.written_at <= moment]
    return (written[-1] if written else versions[0]).in_force(moment)

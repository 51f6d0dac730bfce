"""A month of the desk: how many sessions it has, and how much is used in it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patang_workbench.cost.volumes import HOURS_A_MONTH, Volume, sessions_a_month, volumes

__all__ = ["Month", "Use"]


@dataclass(frozen=True, slots=True)
class Use:
    """So many units of a price, and what for."""

    price: str
    what: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Month:
    """An average month of the year before a day, with the measured volumes."""

    sessions: Decimal
    table: dict[str, Volume]

    @classmethod
    def at(cls, day: date) -> "Month":
        return cls(sessions_a_month(day), volumes())

    @property
    def hours(self) -> Decimal:
        return HOURS_A_MONTH

    def value(self, name: str) -> Decimal:
        """A volume as the table has it."""
        return self.table[name].value

    def known(self, name: str) -> Decimal | None:
        """A volume that need not be there."""
        volume = self.table.get(name)
        return None if volume is None else volume.value

    def of_sessions(self, name: str) -> Decimal:
        """A month of a volume that is counted by the session."""
        return self.sessions * self.value(name)

    def of_minutes(self, name: str) -> Decimal:
        """A month of a volume that is counted by the market minute."""
        return self.sessions * self.value("market_minutes") * self.value(name)

    @property
    def tick_seconds(self) -> Decimal:
        """Seconds of a month in which ticks come."""
        return self.of_sessions("tick_hours") * 3_600

    @property
    def session_share(self) -> Decimal:
        """The part of all hours in which ticks come."""
        return self.of_sessions("tick_hours") / self.hours

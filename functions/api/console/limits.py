"""An account's limits as gauges: those that are looked at first, and the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from patang.desk_view.money import grouped, rupees
from patang.desk_view.risk_views import BudgetView, LimitName, RiskView

__all__ = ["Gauge", "Limits", "limits_of"]

_NEAR: Final = 0.85
_FIRST: Final = frozenset({"daily_loss", "loss_at_stops", "drawdown", "exposure", "positions"})
_NAMES: Final[Mapping[LimitName, str]] = {
    "daily_loss": "Day's loss",
    "loss_at_stops": "If all stops hit",
    "drawdown": "Drawdown",
    "exposure": "Exposure",
    "positions": "Positions",
    "options": "Options",
    "underlying": "One underlying",
    "strategy": "One strategy",
    "cash": "Cash, buffer kept",
    "funds": "Free funds held back",
    "losing_stops": "Losing stops",
    "broker_latency": "Broker's answer time",
    "errors": "Errors in a minute",
    "orders_asked": "Orders by hand today",
    "value_asked": "Value by hand today",
    "programs_alone": "Programs alone today",
}
_OF: Final[Mapping[LimitName, str]] = {"underlying": "In {}", "strategy": "{} strategy"}


@dataclass(frozen=True, slots=True)
class Gauge:
    """`used` of `allowed`, `said` with their unit; None where it is not known."""

    name: str
    used: float | None
    allowed: float | None
    said: str

    @property
    def share(self) -> float:
        """How much of it is used, 0 to 1; nothing where nobody knows."""
        if self.used is None or self.allowed is None:
            return 0.0
        return min(self.used / self.allowed, 1.0) if self.allowed else float(self.used > 0)


@dataclass(frozen=True, slots=True)
class Limits:
    """`near`: which of the others are nearly used up, the fullest first."""

    first: tuple[Gauge, ...]
    others: tuple[Gauge, ...]
    near: tuple[Gauge, ...]


def limits_of(risk: RiskView) -> Limits:
    """Every limit of the account, in the order of the gates."""
    first = tuple(_gauge(one) for one in risk.budgets if one.limit in _FIRST)
    others = tuple(_gauge(one) for one in risk.budgets if one.limit not in _FIRST)
    near = sorted((one for one in others if one.share >= _NEAR), key=lambda one: -one.share)
    return Limits(first, others, tuple(near))


def _gauge(one: BudgetView) -> Gauge:
    name = _NAMES[one.limit]
    if one.of is not None:
        name = _OF[one.limit].format(
            one.of if one.limit == "underlying" else one.of.replace("_", " ").capitalize()
        )
    return Gauge(name, one.used, one.allowed, f"{_said(one.used, one)} of {_said(one.allowed, one)}")


def _said(amount: float | None, one: BudgetView) -> str:
    if amount is None:
        return "–"
    match one.unit:
        case "rupees":
            return rupees(amount)
        case "milliseconds":
            return f"{amount:.0f} ms"
        case "count":
            return grouped(f"{amount:.0f}")

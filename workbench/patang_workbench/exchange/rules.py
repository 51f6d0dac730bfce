"""How the simulated broker behaves where the real one is not known for sure, or differs by account."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import time
from typing import Any, Final, Literal, get_args

from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.lines import Line

__all__ = ["Autoslice", "Blocked", "Echo", "Limits", "Rules", "changed_rules", "describe_rules"]

Blocked = Literal["order_id", "http_400"]
Autoslice = Literal["children", "flat"]
Echo = Literal["as_sent", "as_limit"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests the broker takes, None for no limit. Orders count for the account (placing for the day;
    placing, changing and cancelling for the rest), reads for the API key. Seconds and minutes are wall time.
    """

    orders_a_second: int | None = 10
    orders_a_minute: int | None = 400
    orders_a_day: int | None = 5000
    quotes_a_second: int | None = None
    history_a_second: int | None = None
    others_a_second: int | None = None

    def with_reads(self) -> "Limits":
        """These limits with the broker's own ones for quotes, candles and everything else."""
        orders = (self.orders_a_second, self.orders_a_minute, self.orders_a_day)
        return Limits(*orders, quotes_a_second=1, history_a_second=3, others_a_second=10)


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be switched while the simulator runs.

    `registered_ips`: the addresses that may place, change and cancel orders; None does not look, an empty
    tuple is an app without any. `blocked`: whether an order that risk management blocks (funds, holdings) is
    answered by its id and rejected a moment later, or by HTTP 400 at once, with the rejected order in the
    book. `autoslice`: the shape of the reply. `echo`: whether the order book shows a MARKET order with a
    protection as it came or as a LIMIT order; the protection itself is never shown.
    `square_off_*`: when the broker ends MIS positions.
    """

    registered_ips: tuple[str, ...] | None = None
    blocked: Blocked = "order_id"
    autoslice: Autoslice = "children"
    echo: Echo = "as_sent"
    square_off_cash: time = time(15, 10)
    square_off_derivatives: time = time(15, 20)
    most_gtts: int = 500
    limits: Limits = field(default_factory=Limits)

    def square_off(self, line: Line) -> time:
        """When intraday positions in an instrument are ended."""
        return self.square_off_cash if line.instrument.expiry is None else self.square_off_derivatives


_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "blocked": get_args(Blocked),
    "autoslice": get_args(Autoslice),
    "echo": get_args(Echo),
}


def describe_rules(rules: Rules) -> dict[str, Any]:
    """The rules and their limits as JSON, flat."""
    found = asdict(rules)
    limits = found.pop("limits")
    times = {name: f"{value:%H:%M:%S}" for name, value in found.items() if isinstance(value, time)}
    return {**found, **times, **limits}


def changed_rules(rules: Rules, body: Mapping[str, Any]) -> Rules:
    """`rules` with the fields of a control request. Raises InputError for one that is none or cannot be."""
    limits = {field.name for field in fields(Limits)}
    known = limits | {field.name for field in fields(Rules)} - {"limits"}
    if body.keys() - known:
        raise InputError(f"There are no rules {sorted(body.keys() - known)}; use {', '.join(sorted(known))}.")
    changes = {name: _rule(name, value) for name, value in body.items() if name not in limits}
    counts = {name: _count(name, value, none=True) for name, value in body.items() if name in limits}
    return replace(rules, **changes, limits=replace(rules.limits, **counts))


def _rule(name: str, value: Any) -> Any:
    if name == "most_gtts":
        return _count(name, value, none=False)
    if name.startswith("square_off"):
        try:
            return time.fromisoformat(value)
        except (TypeError, ValueError):
            raise InputError(f"`{name}` is {value!r}; use HH:MM:SS.") from None
    if name == "registered_ips":
        if value is None or (isinstance(value, list) and all(isinstance(ip, str) for ip in value)):
            return None if value is None else tuple(value)
        raise InputError(f"`{name}` is {value!r}; use a list of addresses or null.")
    if value not in _WORDS[name]:
        raise InputError(f"`{name}` is {value!r}; use one of {', '.join(_WORDS[name])}.")
    return value


def _count(name: str, value: Any, *, none: bool) -> int | None:
    if value is None and none:
        return None
    if type(value) is not int or value < 1:
        raise InputError(f"`{name}` is {value!r}; use a whole number above 0{' or null' if none else ''}.")
    return value

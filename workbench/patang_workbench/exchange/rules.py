"""How the simulated broker behaves where the real one is not known for sure, or differs by account."""

from dataclasses import dataclass, field
from datetime import time
from typing import Literal

from patang_workbench.exchange.lines import Line

__all__ = ["Limits", "Rules"]


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
    blocked: Literal["order_id", "http_400"] = "order_id"
    autoslice: Literal["children", "flat"] = "children"
    echo: Literal["as_sent", "as_limit"] = "as_sent"
    square_off_cash: time = time(15, 10)
    square_off_derivatives: time = time(15, 20)
    most_gtts: int = 500
    limits: Limits = field(default_factory=Limits)

    def square_off(self, line: Line) -> time:
        """When intraday positions in an instrument are ended."""
        return self.square_off_cash if line.instrument.expiry is None else self.square_off_derivatives

"""Where a stage could cost less, by its own estimate, and what is given up for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from patang_workbench.cost.estimate import Estimate

__all__ = ["Saving", "savings"]

_NAT_INSTANCE: Final = ("t4g_nano_hour", "ebs_gp3_gb")
_NAT_GATEWAY: Final = ("nat_gateway_hour", "nat_gateway_gb")
_INSTANCE_USD: Final = Decimal("2.77")


@dataclass(frozen=True, slots=True)
class Saving:
    """US dollars a month, and how."""

    usd: Decimal
    how: str


def savings(found: Estimate) -> list[Saving]:
    """From the largest on; none that would be nothing."""
    return sorted((one for one in _savings(found) if one.usd > 0), key=lambda one: -one.usd)


def _savings(found: Estimate) -> Iterator[Saving]:
    month = found.month
    closed = 1 - month.of_sessions("ingester_hours") / month.hours
    yield Saving(
        found.due_of("kinesis_shard_hour") * closed,
        "the tick stream stands while the market is closed; it would have to be made each morning, and with "
        "it both readers",
    )
    yield Saving(
        found.due_of(*_NAT_GATEWAY) - _INSTANCE_USD if found.due_of(*_NAT_GATEWAY) else Decimal(0),
        "egress nat-instance: one small machine that you replace yourself when it fails",
    )
    yield Saving(
        found.due_of("fargate_vcpu_hour", "fargate_gb_hour") * closed if _always_on(found) else Decimal(0),
        "the ingester runs day and night: starting it for the sessions alone",
    )
    alone = next((line for line in found.lines if line.price.name == "public_ipv4_hour"), None)
    if alone is not None:
        order_address = sum((use.quantity for use in alone.uses if "orders" in use.what), Decimal(0))
        yield Saving(
            order_address * alone.price.usd + found.due_of(*_NAT_INSTANCE),
            "egress none: nothing leaves by a fixed address, for a desk that stays on paper",
        )
    yield Saving(
        found.due_of("cloudwatch_alarm") / 2,
        "half of the alarms; each tells of something else, and what is not told is found out later",
    )
    yield Saving(
        found.due,
        "the desk at home (patang mcp serve) instead of AWS: no approval by mail, and it runs while your "
        "machine does",
    )


def _always_on(found: Estimate) -> bool:
    hours = next((line.quantity for line in found.lines if line.price.name == "fargate_gb_hour"), Decimal(0))
    return hours > found.month.of_sessions("ingester_hours") * 4

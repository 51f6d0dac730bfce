"""Whether an account can pay for orders: by our own arithmetic first, then by the broker's."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from patang.approvals.proposal import OrderTerms
from patang.execution.lane.sending import request_of
from patang.ports import Broker
from patang.risk.charges import segment_of
from patang.risk.sizing import margin_pct
from patang.settings import Settings

__all__ = ["check_basket_margin", "check_margin", "needed_margin"]

_WITH_BUFFER = "are needed with the buffer"


def check_margin(
    terms: OrderTerms, broker: Broker, settings: Settings, price: Decimal | None = None
) -> str | None:
    """Why a purchase must not be made, or None. `price` is what it may cost a unit where it has no limit.

    What the desk sets aside (all of it, unless the settings lever intraday shares) is asked for before the
    broker's own figure, which for a future is more and for an intraday share less. Both with the buffer.
    Raises as the reads of Broker do: what cannot be checked is not bought.
    """
    available = _available(broker.margins())
    if isinstance(available, str):
        return available
    refused = _refused(_ours(terms, price, settings), available, settings, _WITH_BUFFER)
    if refused is not None:
        return refused
    rows = broker.order_margins([request_of(terms, tag="")])
    told = rows[0].get("total") if rows else None
    return _by_the_broker(told, available, settings)


def check_basket_margin(
    purchases: Sequence[tuple[OrderTerms, Decimal | None]], broker: Broker, settings: Settings
) -> str | None:
    """The same for purchases that are made together, each with what it may cost a unit where it has no limit;
    by the broker's figure before any offset of theirs."""
    available = _available(broker.margins())
    if isinstance(available, str):
        return available
    ours = sum((_ours(terms, price, settings) for terms, price in purchases), Decimal(0))
    refused = _refused(ours, available, settings, _WITH_BUFFER)
    if refused is not None:
        return refused
    reply = broker.basket_margins([request_of(terms, tag="") for terms, _ in purchases])
    initial = reply.get("initial")
    told = initial.get("total") if isinstance(initial, Mapping) else None
    return _by_the_broker(told, available, settings)


def needed_margin(
    purchases: Sequence[tuple[OrderTerms, Decimal]], broker: Broker, settings: Settings
) -> Decimal | None:
    """Rupees that purchases take with the buffer, each with what a unit of it costs: the greater of what the
    desk sets aside and what the broker asks for. None where the broker tells no figure. Raises as the reads
    of Broker do.
    """
    ours = sum((_ours(terms, price, settings) for terms, price in purchases), Decimal(0))
    requests = [request_of(terms, tag="") for terms, _ in purchases]
    if len(requests) > 1:
        initial = broker.basket_margins(requests).get("initial")
        told = initial.get("total") if isinstance(initial, Mapping) else None
    else:
        rows = broker.order_margins(requests)
        told = rows[0].get("total") if rows else None
    theirs = _rupees(told)
    if theirs is None:
        return None
    return max(ours, theirs) * (1 + settings.risk.margin_buffer_pct / 100)


def _ours(terms: OrderTerms, price: Decimal | None, settings: Settings) -> Decimal:
    """Rupees that the desk sets aside for a purchase; of a future the broker alone knows them."""
    if terms.tradingsymbol.endswith("FUT"):
        return Decimal(0)
    share = margin_pct(segment_of(terms.exchange, terms.tradingsymbol, terms.product), settings) / 100
    return terms.quantity * (terms.price or price or Decimal(0)) * share


def _by_the_broker(told: Any, available: Decimal, settings: Settings) -> str | None:
    total = _rupees(told)
    if total is None or total < 0:
        return f"MARGIN_UNKNOWN: the broker tells {told!r} as the margin of the order"
    return _refused(total, available, settings, "are needed by the broker's own figure with the buffer")


def _refused(margin: Decimal, available: Decimal, settings: Settings, why: str) -> str | None:
    needed = margin * (1 + settings.risk.margin_buffer_pct / 100)
    if available >= needed:
        return None
    return f"MARGIN_INSUFFICIENT: {needed:.2f} {why} and {available:.2f} are there"


def _available(margins: Mapping[str, Any]) -> Decimal | str:
    """The net funds in rupees, or why they are not known."""
    net = margins.get("equity", {}).get("net")
    rupees = _rupees(net)
    return f"MARGIN_UNKNOWN: the broker tells {net!r} as net funds" if rupees is None else rupees


def _rupees(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None

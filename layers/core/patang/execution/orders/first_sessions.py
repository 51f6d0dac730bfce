"""The rule of an account's first live sessions for what a person buys: one lot at a time, as the desk."""

from datetime import datetime

from patang.execution.graduation import trades_small
from patang.execution.orders.broken import Broken
from patang.execution.orders.order_desk import OrderDesk
from patang.market.instruments import Instrument

__all__ = ["more_than_a_lot"]


def more_than_a_lot(
    desk: OrderDesk, account: str, as_of: datetime, instrument: Instrument, units: int
) -> Broken | None:
    """Why one request must not buy so many units of an instrument, or None. Sales are not asked about."""
    lot = instrument.lot_size
    if units <= lot or not trades_small(desk.store, desk.settings(buying=True), account, as_of.date()):
        return None
    remedy = (
        f"the account's first live sessions are not over, and until then one lot is bought at a time: "
        f"give {lot} (see `patang graduation`)"
    )
    return Broken("quantity", str(units), remedy)

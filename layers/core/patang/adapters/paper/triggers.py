"""A paper trigger from the port's request, and the order that comes of it. Pure: no store, no clock."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from patang.adapters.paper.account import segment_of
from patang.adapters.paper.gtt import GTT_LIFE, PaperGtt
from patang.adapters.paper.order import PaperOrder, paper_order_id
from patang.errors import BrokerRefused, StopTrading
from patang.market.instruments import Instrument
from patang.market.sessions import IST, expiry_moment, session_on
from patang.ports import GttRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["not_parsed", "reached", "read_gtt", "triggered_order"]


def read_gtt(
    account: str, gtt_id: str, request: GttRequest, instrument: Instrument, now: datetime, wall_time: datetime
) -> PaperGtt:
    """The trigger asked for at market time `now`. Raises BrokerRefused for what does not parse."""
    life: datetime = now + GTT_LIFE
    expiry: date | None = instrument.expiry
    if any(leg.order_type != "LIMIT" for leg in request.legs):
        raise BrokerRefused("The orders of a GTT are of type LIMIT only.")
    values: dict[str, Any] = {
        "account": account,
        "gtt_id": gtt_id,
        "kind": request.kind,
        "exchange": request.exchange,
        "tradingsymbol": request.tradingsymbol,
        "instrument_token": instrument.instrument_token,
        "lot_size": instrument.lot_size,
        "tick_size": instrument.tick_size,
        "segment": segment_of(instrument),
        "trigger_values": request.trigger_values,
        "last_price": request.last_price,
        "legs": [
            {
                "transaction_type": leg.transaction_type,
                "quantity": leg.quantity,
                "product": leg.product,
                "price": leg.price,
            }
            for leg in request.legs
        ],
        "created_at": now,
        "updated_at": now,
        "good_until": life if expiry is None else min(life, expiry_moment(expiry)),
        "written_at": wall_time,
    }
    try:
        return PaperGtt.model_validate(values)
    except ValidationError as error:
        raise not_parsed("trigger", error) from error


def reached(gtt: PaperGtt, ticks: "NDArray[np.void]") -> tuple[int, datetime] | None:
    """The leg whose trigger these ticks of its instrument (dtype TICK, in order) reach first, and when."""
    created = gtt.updated_at.timestamp()
    for tick in ticks:
        if tick["exchange_time"] < created or tick["last_price"] <= 0:
            continue
        place = gtt.reached(Decimal(str(float(tick["last_price"]))))
        if place is not None:
            return place, datetime.fromtimestamp(int(tick["exchange_time"]), IST)
    return None


def triggered_order(gtt: PaperGtt, place: int, at: datetime, wall_time: datetime) -> PaperOrder:
    """The DAY order of a leg. It has no tag; the trigger has its id."""
    leg = gtt.legs[place]
    return PaperOrder(
        account=gtt.account,
        order_id=paper_order_id(gtt.account, f"GTT#{gtt.gtt_id}#{place}"),
        tag="",
        status="OPEN",
        variety="regular",
        exchange=gtt.exchange,
        tradingsymbol=gtt.tradingsymbol,
        instrument_token=gtt.instrument_token,
        lot_size=gtt.lot_size,
        tick_size=gtt.tick_size,
        transaction_type=leg.transaction_type,
        quantity=leg.quantity,
        order_type="LIMIT",
        product=leg.product,
        validity="DAY",
        price=leg.price,
        gtt_id=gtt.gtt_id,
        placed_at=at,
        updated_at=at,
        good_until=_close(gtt, at),
        written_at=wall_time,
    )


def _close(gtt: PaperGtt, at: datetime) -> datetime:
    """When the day of its segment ends; ticks have come, so a day nobody knows is a trading day too."""
    day = at.astimezone(IST)
    try:
        session = session_on(day.date(), gtt.segment)
    except StopTrading:
        session = None
    return session.last_print() if session else day.replace(hour=23, minute=59, second=59)


def not_parsed(what: str, error: ValidationError) -> BrokerRefused:
    """The refusal that names each field which does not parse, and its value."""
    wrong = "; ".join(f"{'.'.join(map(str, e['loc']))} {e['input']!r}: {e['msg']}" for e in error.errors())
    return BrokerRefused(f"The {what} does not parse: {wrong}")

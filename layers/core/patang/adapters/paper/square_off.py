"""How the broker ends intraday positions by himself: at his hour, at whatever price there is. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.order import RMS, PaperOrder, paper_order_id
from patang.errors import StopTrading
from patang.market.exchange_calendar import Segment
from patang.market.sessions import IST, Session, session_on
from patang.settings import Settings
from patang.settings.exits import ExitSettings

__all__ = ["CANCELLED_BY_BROKER", "closing_orders", "ends_intraday", "is_intraday_over"]

CANCELLED_BY_BROKER = "Order cancelled by the broker: intraday positions are squared off."

_DERIVATIVES = ("NFO", "BFO")
# On a day that closes early they are ended in its last minute.
_LAST = timedelta(minutes=1)
# The broker's own width of the protection of a market order.
_BROKERS_PROTECTION = Decimal(-1)


def ends_intraday(exchange: str, session: Session, exits: ExitSettings) -> datetime:
    """When the broker ends the intraday positions of an exchange's instruments in this session."""
    told = exits.broker_square_off_contracts if exchange in _DERIVATIVES else exits.broker_square_off_shares
    hour, minute = map(int, told.split(":"))
    return min(session.open.replace(hour=hour, minute=minute, second=0), session.last_print() - _LAST)


def is_intraday_over(exchange: str, as_of: datetime, settings: Settings) -> bool:
    """Whether the broker has ended them by the market time `as_of`; on a day that nobody knows he has not."""
    session = _session(exchange, as_of, settings)
    return session is not None and as_of >= ends_intraday(exchange, session, settings.exits)


def closing_orders(
    funds: PaperFunds,
    book: Sequence[PaperOrder],
    as_of: datetime,
    wall_time: datetime,
    settings: Settings,
) -> list[PaperOrder]:
    """The broker's market orders against the intraday positions whose time has come, one for each that has
    none. `book`: the account's orders, of which one has made the position and knows its instrument."""
    made = []
    for name, position in funds.intraday.items():
        exchange, tradingsymbol, _ = name.split(":")
        traded = [o for o in book if (o.exchange, o.tradingsymbol) == (exchange, tradingsymbol) and o.fills]
        ours = [order for order in traded if order.placed_by == RMS and order.name == name]
        # Also of the account's own, which are being cancelled: both together would trade more than there is.
        resting = [o for o in book if o.name == name and o.is_resting and o.status != "AMO REQ RECEIVED"]
        session = _session(exchange, as_of, settings)
        if session is None or not traded or resting:
            continue
        if not ends_intraday(exchange, session, settings.exits) <= as_of < session.last_print():
            continue
        like = max(traded, key=lambda order: order.placed_at)
        made.append(
            PaperOrder(
                account=funds.account,
                order_id=paper_order_id(
                    funds.account, f"{RMS}#{as_of.astimezone(IST):%Y-%m-%d}#{name}#{len(ours)}"
                ),
                tag="",
                status="OPEN",
                variety="regular",
                exchange=exchange,
                tradingsymbol=tradingsymbol,
                instrument_token=like.instrument_token,
                lot_size=like.lot_size,
                tick_size=like.tick_size,
                transaction_type="SELL" if position.net > 0 else "BUY",
                quantity=abs(position.net),
                order_type="MARKET",
                product="MIS",
                validity="DAY",
                market_protection=_BROKERS_PROTECTION,
                placed_by=RMS,
                placed_at=as_of,
                updated_at=as_of,
                good_until=session.last_print(),
                written_at=wall_time,
            )
        )
    return made


def _session(exchange: str, as_of: datetime, settings: Settings) -> Session | None:
    segment: Segment = "derivatives" if exchange in _DERIVATIVES else "cash"
    try:
        return session_on(as_of.astimezone(IST).date(), segment, settings.sessions)
    except StopTrading:
        return None

"""The order of an entry in a backtest: what it asks for, and what the bars have given to it so far. Pure."""

from datetime import datetime
from decimal import Decimal

from patang.approvals.proposal import OrderTerms, Proposal
from patang.backtest.fills import FillTerms, Since, buy
from patang.backtest.price_bars import PriceBars
from patang.execution.intent import OrderIntent
from patang.execution.prices import protected_price
from patang.market.sessions import IST
from patang.portfolio.ledger import Fill, after_entry, opened
from patang.portfolio.position import Position
from patang.risk.charges import Segment
from patang.settings import Mode

__all__ = ["after_fill", "entry_order", "filled"]

_MINUTE = 60
_FOUR_PLACES = Decimal("0.0001")
_BROKERS_BAND = Decimal(-1)


def entry_order(proposal: Proposal, terms: OrderTerms) -> OrderIntent:
    """The order of a proposal as the market has it, before anything of it is bought."""
    return OrderIntent(
        account=proposal.account,
        intent_id=proposal.order_id.replace("-", "")[:20],
        kind="ENTRY",
        state="ACKED",
        terms=terms,
        # No broker is asked, so that nobody compares what was.
        terms_hash="",
        as_of=proposal.as_of,
        written_at=proposal.as_of,
        order_id=proposal.order_id,
        expected_price=proposal.signal.entry_price,
    )


def filled(
    order: OrderIntent, proposal: Proposal, segment: Segment, bars: PriceBars, row: int, fills: FillTerms
) -> tuple[OrderIntent, Fill, Since] | None:
    """The order after bar `row`, all that was bought by then, and what a position that begins with this fill
    has seen of the bar; None where the bar gave nothing."""
    signal, terms = proposal.signal, order.terms
    wanted = terms.quantity - order.filled_quantity
    price = _highest(order, proposal, bars, row, fills)
    got = buy(
        bars,
        row,
        price,
        wanted,
        lot=signal.lot_size,
        tick=signal.tick_size,
        slippage_pct=fills.slippage.pct(segment, price * wanted),
        volume_share=fills.volume_share,
    )
    if got is None:
        return None
    paid = (order.average_price or Decimal(0)) * order.filled_quantity + got.price * got.quantity
    quantity = order.filled_quantity + got.quantity
    average = (paid / quantity).quantize(_FOUR_PLACES)
    start = int(bars.starts[row])
    at = datetime.fromtimestamp(start if got.since == "open" else start + _MINUTE, IST)
    changes = {
        "state": "COMPLETE" if quantity == terms.quantity else "ACKED",
        "filled_quantity": quantity,
        "average_price": average,
    }
    return order.model_copy(update=changes), Fill(quantity, average, at), got.since


def _highest(order: OrderIntent, proposal: Proposal, bars: PriceBars, row: int, fills: FillTerms) -> Decimal:
    """The most that the order pays in a bar: its limit, or as a market order what the broker's protection
    leaves of the bar's open."""
    signal = proposal.signal
    if fills.entries == "limit":
        return order.terms.price or signal.entry_price
    opened_at = Decimal(repr(float(bars.open[row])))
    return protected_price(opened_at, signal.tick_size, _BROKERS_BAND, option=signal.is_option, buying=True)


def after_fill(
    position: Position | None, proposal: Proposal, order: OrderIntent, fill: Fill, mode: Mode
) -> Position:
    """The position that the order's fills have opened, or made larger."""
    signal = proposal.signal
    if position is not None:
        return after_entry(position, signal, signal.entry_price, fill)
    return opened(
        f"P{order.intent_id}",
        proposal.account,
        signal,
        signal.product,
        order.intent_id,
        signal.entry_price,
        fill,
        mode=mode,
    )

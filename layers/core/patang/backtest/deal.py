"""One proposal from its order until nothing of it is held: what the bars make of it, event by event."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from patang.approvals.proposal import OrderTerms, Proposal
from patang.backtest.entry_order import after_fill, entry_order, filled
from patang.backtest.fills import FillTerms, Leaving, Since, Walk, sale_price, sold_units, walk_exit
from patang.backtest.holding import base_at, mark_of, quote_before, trade_of, with_more, worth_at
from patang.backtest.price_bars import PriceBars
from patang.backtest.trade import Trade
from patang.execution.checks import check_drift
from patang.market.sessions import IST, expiry_moment
from patang.portfolio.ledger import Fill, after_exit
from patang.portfolio.open_result import worth
from patang.portfolio.position import Mark, Position
from patang.risk.charges import segment_of
from patang.settings import Settings
from patang.strategies.exits import Trail
from patang.strategies.signal import Signal

__all__ = ["Deal", "Event"]

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a deal by the end of a bar, epoch seconds: ENTERED (units were bought, or
    the order was cancelled), or SOLD (units were sold)."""

    at: int
    kind: Literal["ENTERED", "SOLD"]
    row: int


class Deal:
    """Bars are taken one event at a time (`next_event`, then `take`), none before it has closed.

    `longer` gives the instrument's bars up to a later moment, or None where there are no more.
    """

    def __init__(
        self,
        proposal: Proposal,
        terms: OrderTerms,
        bars: PriceBars,
        longer: Callable[[PriceBars], PriceBars | None],
        settings: Settings,
        fills: FillTerms,
    ) -> None:
        self.proposal = proposal
        self.position: Position | None = None
        self.trade: Trade | None = None
        self._bars = bars
        self._longer = longer
        self._settings = settings
        self._fills = fills
        signal = proposal.signal
        self._segment = segment_of(signal.exchange, signal.symbol, signal.product)
        self._sent = signal.as_of + timedelta(minutes=fills.latency_bars)
        self._stale = int(self._sent.timestamp()) + settings.entry_order_seconds
        self.intent = entry_order(proposal, terms)
        # The next bar to look at, and the one of the first fill.
        self._row = bars.row_at(int(self._sent.timestamp()))
        self._entered = 0
        self._trail: Trail | None = None
        self._walked: Walk | None = None
        self._walked_by_cycles = False
        self._leaving: Leaving | None = None
        self._sold: Fill | None = None

    @property
    def signal(self) -> Signal:
        """What was proposed."""
        return self.proposal.signal

    @property
    def sent(self) -> datetime:
        """When the order is in the market."""
        return self._sent

    @property
    def is_over(self) -> bool:
        """Nothing is ordered or held any more."""
        return self.intent.is_final and (self.position is None or self.position.state == "CLOSED")

    @property
    def held_until(self) -> int:
        """Until when it is certain that something is held, epoch seconds: for who plans which minutes to look
        at, and for nobody who decides."""
        left = None if self._walked is None else self._walked.left
        if left is None or self._walked_by_cycles or not self.intent.is_final or self.is_over:
            return 0
        return int(self._bars.starts[left.row]) + _MINUTE

    def drifted(self) -> str | None:
        """Why the order is not sent any more by the book of the last bar before it: as `check_drift`."""
        quote = quote_before(self.signal, self._bars, self._sent)
        return None if quote is None else check_drift(self.proposal, quote, self._sent, self._settings)

    def drop(self) -> None:
        """The order is not sent."""
        self.intent = self.intent.model_copy(update={"state": "DROPPED"})

    def next_event(self, until: int, opposed: Callable[[datetime], bool] | None = None) -> Event | None:
        """What happens next by `until`, epoch seconds, if anything does; nothing changes yet.

        `opposed` says of a moment whether the cycles wish for the other direction, where that ends positions.
        """
        if self.is_over:
            return None
        if not self.intent.is_final:
            return self._next_of_entry(until)
        if self._leaving is not None:
            return self._at_row("SOLD", self._row, until)
        left = self._walk(until, opposed).left
        return None if left is None else self._at_row("SOLD", left.row, until)

    def take(self, event: Event) -> None:
        """Let an event happen that `next_event` has told."""
        if event.kind == "ENTERED":
            self._enter(event.row)
        else:
            if self._leaving is None and self._walked is not None:
                self._leaving = self._walked.left
            self._sell(event.row)

    def mark(self, as_of: datetime) -> Mark | None:
        """The position's market at `as_of`; None before a bar of it has closed."""
        return None if self.position is None else mark_of(self.position, self._bars, as_of)

    def worth_at(self, moments: NDArray[np.int64]) -> NDArray[np.float64]:
        """As `worth_at`, of what is held."""
        if self.position is None:
            return np.zeros(len(moments))
        return worth_at(self.position, self._bars, moments)

    def base_at(self, as_of: int) -> float:
        """As `base_at`, of what is held."""
        return 0.0 if self.position is None else base_at(self.position, self._bars, as_of)

    def end(self, at: datetime) -> None:
        """The history is over at `at`: what is held is sold at the last price known, or, where that is old,
        at what the desk takes it to be worth; an option that has expired meanwhile at next to nothing."""
        if not self.intent.is_final:
            self.intent = self.intent.model_copy(update={"state": "CANCELLED"})
        if self.position is None or self.position.state == "CLOSED":
            return
        last, held = len(self._bars) - 1, self.position
        oldest = timedelta(seconds=self._settings.risk.max_data_age_seconds)
        guess, is_old = worth(held, self.mark(at), at, oldest)
        price = guess if is_old else _rupees(self._bars.close[last])
        if held.expiry is not None and expiry_moment(held.expiry) <= at:
            price = held.tick_size
        # Sold without regard to its volume: there is no later bar.
        self._book_sale(held.open_quantity, Leaving(last, at, "TIME", price), last, at, reason="END")

    def _at_row(self, kind: Literal["ENTERED", "SOLD"], row: int, until: int) -> Event | None:
        if row >= len(self._bars) and not self._lengthen():
            return None
        end = int(self._bars.starts[row]) + _MINUTE
        return Event(end, kind, row) if end <= until else None

    def _next_of_entry(self, until: int) -> Event | None:
        """The order's next bar, or its cancellation where none comes in time."""
        waits = self._row < len(self._bars) and int(self._bars.starts[self._row]) < self._stale
        if waits:
            return self._at_row("ENTERED", self._row, until)
        return Event(self._stale, "ENTERED", self._row) if self._stale <= until else None

    def _enter(self, row: int) -> None:
        if row >= len(self._bars) or int(self._bars.starts[row]) >= self._stale:
            self.intent = self.intent.model_copy(update={"state": "CANCELLED"})
            return
        filled = self._buy(row)
        self._row = row + 1
        if self.position is None:
            return
        # While the order rests the position may already have to go.
        since: Since = filled or "before"
        walk = self._walk_rows(row, row + 1, since)
        if walk.left is not None:
            if not self.intent.is_final:
                self.intent = self.intent.model_copy(update={"state": "CANCELLED"})
            self._leaving = walk.left
            self._sell(row)
            return
        self._trail = walk.trail

    def _buy(self, row: int) -> Since | None:
        """The fill of a bar, and what the position has seen of that bar."""
        got = filled(self.intent, self.proposal, self._segment, self._bars, row, self._fills)
        if got is None:
            return None
        self.intent, fill, since = got
        first = self.position is None
        if first:
            self._entered = row
        mode = self._settings.mode
        self.position = after_fill(self.position, self.proposal, self.intent, fill, mode)
        return since if first else "before"

    def _walk(self, until: int, opposed: Callable[[datetime], bool] | None) -> Walk:
        """The walk from where the position stands: once to the end of its bars, or, where the cycles have a
        say, bar by bar as far as they are known."""
        self._walked_by_cycles = opposed is not None
        if opposed is not None:
            end = self._bars.row_at(until - _MINUTE + 1)
            if end > self._row or self._walked is None:
                self._walked = self._walk_rows(self._row, end, "before", opposed)
                if self._walked.left is None:
                    self._trail, self._row = self._walked.trail, max(end, self._row)
        elif self._walked is None:
            self._walked = self._walk_rows(self._row, len(self._bars), "before")
        at_the_end = self._walked.left is None and until > int(self._bars.starts[-1]) + _MINUTE
        if at_the_end and self._lengthen():
            self._walked = None
            return self._walk(until, opposed)
        return self._walked

    def _walk_rows(
        self, begin: int, end: int, since: Since, opposed: Callable[[datetime], bool] | None = None
    ) -> Walk:
        if self.position is None:
            raise ValueError("nothing is held that could be walked on")
        return walk_exit(
            self.position,
            self._bars,
            self._settings,
            begin=begin,
            end=end,
            since=since,
            trail=self._trail,
            opposed=opposed,
        )

    def _lengthen(self) -> bool:
        more = self._longer(self._bars)
        if more is None:
            return False
        self._bars = more
        return True

    def _sell(self, row: int) -> None:
        leaving, position = self._leaving, self.position
        if leaving is None or position is None:
            raise ValueError("a sale without a position that has to go")
        units = sold_units(
            self._bars,
            row,
            position.open_quantity,
            lot=position.lot_size,
            volume_share=self._fills.volume_share,
        )
        self._row = row + 1
        if not units:
            return
        # What the first bar did not take goes on at the opens of the next.
        first = row == leaving.row
        price = leaving.price if first else _rupees(self._bars.open[row])
        at = leaving.at if first else datetime.fromtimestamp(int(self._bars.starts[row]), IST)
        sale = Leaving(row, at, leaving.reason, price)
        self._book_sale(units, sale, row, at, reason=leaving.reason)

    def _book_sale(self, units: int, sale: Leaving, row: int, at: datetime, *, reason: str) -> None:
        position = self.position
        if position is None:
            raise ValueError("nothing is held that could be sold")
        decided = self._leaving.price if self._leaving is not None else sale.price
        slipped = self._fills.slippage.pct(self._segment, sale.price * units)
        got = sale_price(sale.price, self._bars, row, tick=position.tick_size, slippage_pct=slipped)
        before, self._sold = self._sold, with_more(self._sold, units, got, at)
        going = position.model_copy(update={"state": "CLOSING", "exit_reason": reason})
        self.position = after_exit(going, before, self._sold, decided)
        if self.position.state == "CLOSED":
            held = row - self._entered + 1
            self.trade = trade_of(self.proposal, self.position, held, self._bars.prices)


def _rupees(price: float) -> Decimal:
    return Decimal(repr(float(price)))

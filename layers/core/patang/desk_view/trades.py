"""The lists of trading by pages, one position and one order at length, and the funds."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from patang.accounts.funds import Funds
from patang.approvals.proposal import Proposal
from patang.desk_view.order_story import order_story
from patang.desk_view.paging import Page, page_of, scanned
from patang.desk_view.shapes import fill_view, order_view, position_view, signal_view
from patang.desk_view.trading_views import FillView, FundsView, OrderStory, PositionDetail
from patang.desk_view.views import OrderView, PositionView, SignalView
from patang.execution.ids import intent_prefixes
from patang.execution.intent import OrderIntent
from patang.execution.reconciliation.record import Reconciliation
from patang.keys import (
    OPEN_POSITIONS,
    funds_key,
    intent_key,
    mark_key,
    outbox_partition,
    position_key,
    proposal_key,
    reconciliation_key,
    risk_key,
    signal_partition,
)
from patang.market.sessions import IST
from patang.portfolio.account_state import RiskState
from patang.portfolio.position import Mark, Position
from patang.ports import StateStore
from patang.records import load, load_all, load_index
from patang.settings import Settings
from patang.strategies.signal import Signal
from patang.trade_log.day_log import DayLog

__all__ = ["TradeLists"]

# The states that an order's events in the audit log are named by, and what else is told of one.
_TOLD = ("sending", "acked", "unknown", "complete", "rejected", "cancelled", "dropped", "cured", "unresolved")


class TradeLists:
    """Every method is told whose accounts to look at; it shows nothing of any other. Days are market days."""

    def __init__(self, store: StateStore, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._log = DayLog(store)
        self._settings = settings

    def open_positions(self, accounts: Sequence[str], cursor: str | None, limit: int) -> Page[PositionView]:
        """Positions that are open or closing, with their marks, the newest first."""
        found = [
            position
            for account in accounts
            for position in load_index(self._store, Position, OPEN_POSITIONS, f"{account}#")
        ]
        return page_of(
            found,
            lambda p: (_order_of(p.entry_time), _named(p.account, p.position_id)),
            self._held,
            cursor,
            limit,
        )

    def closed_positions(
        self, accounts: Sequence[str], day: date, cursor: str | None, limit: int
    ) -> Page[PositionView]:
        """Positions that were closed on a day, the last one first."""
        found = [position for account in accounts for position in self._log.closed(account, day)]
        return page_of(
            found,
            lambda p: (_order_of(p.exit_time or p.entry_time), _named(p.account, p.position_id)),
            lambda p: position_view(p, None),
            cursor,
            limit,
        )

    def position(self, accounts: Sequence[str], position_id: str) -> PositionDetail | None:
        """One position in whatever state; None if none of these accounts has it."""
        found = (load(self._store, Position, position_key(account, position_id)) for account in accounts)
        position = next((one for one in found if one is not None), None)
        if position is None:
            return None
        return PositionDetail(
            **self._held(position).model_dump(),
            mode=position.mode,
            underlying=position.underlying,
            open_quantity=position.open_quantity,
            entry_intent_id=position.entry_intent_id,
            entry_slippage=position.entry_slippage,
            exit_intent_id=position.exit_intent_id,
            exit_attempts=position.exit_attempts,
            exit_slippage=position.exit_slippage,
            protection=None
            if position.protection is None
            else f"{position.protection.kind} {position.protection.state}",
        )

    def orders(self, accounts: Sequence[str], day: date, cursor: str | None, limit: int) -> Page[OrderView]:
        """Orders of a day, the newest first."""
        found = [
            intent
            for account in accounts
            for prefix in intent_prefixes(day)
            for intent in load_all(
                self._store,
                OrderIntent,
                intent_key(account, prefix).partition,
                intent_key(account, prefix).sort,
            )
        ]
        return page_of(
            found,
            lambda i: (_order_of(i.written_at), _named(i.account, i.intent_id)),
            order_view,
            cursor,
            limit,
        )

    def order(self, accounts: Sequence[str], intent_id: str) -> OrderStory | None:
        """One order's way from the signal to the comparison with the broker; None if these have no such."""
        found = (load(self._store, OrderIntent, intent_key(account, intent_id)) for account in accounts)
        intent = next((one for one in found if one is not None), None)
        if intent is None:
            return None
        account, day = intent.account, intent.as_of.astimezone(IST).date()
        proposal = (
            None
            if intent.order_id is None
            else load(self._store, Proposal, proposal_key(account, intent.order_id))
        )
        fills = [fill for fill in self._log.fills(account, day) if fill.intent_id == intent_id]
        events = [
            event
            for told in _TOLD
            for event in self._store.query(outbox_partition(account, day), prefix=f"order_{told}#{intent_id}")
        ]
        compared = load(self._store, Reconciliation, reconciliation_key(account))
        return order_story(intent, proposal, fills, events, compared)

    def fills(self, accounts: Sequence[str], day: date, cursor: str | None, limit: int) -> Page[FillView]:
        """Fills of a day's orders, the newest first."""
        found = [fill for account in accounts for fill in self._log.fills(account, day)]
        return page_of(
            found,
            lambda f: (_order_of(f.heard_at), _named(f.account, f"{f.intent_id}#{f.filled_quantity:09d}")),
            fill_view,
            cursor,
            limit,
        )

    def signals(
        self, day: date, refused: bool | None, strategy: str | None, cursor: str | None, limit: int
    ) -> Page[SignalView]:
        """Signals of a day, the newest first: all, or those that were refused, or were not; of a strategy."""

        def read(behind: str | None, most: int) -> list[Signal]:
            items = self._store.query(signal_partition(day), newest_first=True, limit=most, after=behind)
            return [Signal.model_validate(dict(item)) for item in items]

        def fits(signal: Signal) -> bool:
            wanted = refused is None or bool(signal.refused) == refused
            return wanted and strategy in (None, signal.strategy)

        found, following = scanned(read, lambda s: s.key().sort, fits, cursor, limit)
        return Page(items=tuple(signal_view(s, with_features=True) for s in found), next=following)

    def funds(self, accounts: Sequence[str]) -> tuple[FundsView, ...]:
        """What the broker told last, an entry an account."""
        return tuple(map(self._funds, accounts))

    def _funds(self, account: str) -> FundsView:
        settings = self._settings()
        told = load(self._store, Funds, funds_key(account))
        standing = load(self._store, RiskState, risk_key(account)) or RiskState(account=account)
        results = standing.in_mode(settings.mode)
        capital = settings.capital.starting_capital_inr + results.net_paid_in + results.realised_total
        known = None if told is None or told.mode != settings.mode else told
        return FundsView(
            account=account,
            mode=settings.mode,
            capital=max(capital, 0),
            net_paid_in=results.net_paid_in,
            net=known and known.net,
            cash=known and known.cash,
            used=known and known.used,
            holdings_value=known and known.holdings_value,
            told_at=known and known.told_at,
        )

    def _held(self, position: Position) -> PositionView:
        return position_view(position, load(self._store, Mark, mark_key(position.position_id)))


def _order_of(moment: datetime) -> str:
    # In one zone and with all digits, so that the texts stand in the order of the moments.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _named(account: str, what: str) -> str:
    return f"{account}#{what}"

"""An account as the risk manager sees it: what it holds, what is on its way, what it has lost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from patang.accounts.funds import Funds
from patang.accounts.health import failures_now, health_keys, median_latency_ms
from patang.accounts.session import KiteSession
from patang.errors import StopTrading
from patang.execution.graduation import trades_small
from patang.execution.preflight import egress_refusal
from patang.execution.reconciliation.record import ForeignPosition, Reconciliation
from patang.keys import (
    day_key,
    funds_key,
    graduation_key,
    mark_key,
    position_key,
    preflight_key,
    reconciliation_key,
    risk_key,
    session_key,
)
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.held import latest_positions
from patang.portfolio.open_result import open_result
from patang.portfolio.position import Mark, Position
from patang.portfolio.position_book import ClosedTrade, PositionBook
from patang.ports import ItemReader, Key, StateStore
from patang.records import load, read_ahead
from patang.risk.reservations import DERIVATIVES, held
from patang.risk.sizing import Headroom
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["AccountView", "view_account", "view_of"]

# The reconciler asks for the funds every minute; what is older was told before something went wrong.
_FUNDS_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AccountView:
    """A consistent look at one account. Reservations are those of `state`.

    Positions are those of the mode in force that the desk itself has opened; `closed` are those sold within
    the longest time that a gate looks back. `unrealised` is what the open ones have made since their entry,
    `of_the_day` what open and sold ones have made within the day, both in rupees after all charges, those of
    exits to come included; `to_stops` is what the open ones lose besides if each falls to its stop; `stale`
    are those valued without a fresh price. `free_funds` is what the broker last told within ten minutes,
    `latency_ms` the median of the last five calls to it; None where nobody knows. `egress` is why orders
    would leave from a wrong address. `foreign` is what the owner traded beside the desk. `one_lot`: its first
    live sessions are not over.
    """

    state: RiskState
    day: AccountDay
    positions: tuple[Position, ...]
    unrealised: Decimal
    of_the_day: Decimal = Decimal(0)
    to_stops: Decimal = Decimal(0)
    closed: tuple[ClosedTrade, ...] = ()
    stale: tuple[str, ...] = ()
    free_funds: Decimal | None = None
    latency_ms: float | None = None
    failures: int = 0
    egress: str | None = None
    foreign: tuple[ForeignPosition, ...] = ()
    one_lot: bool = False
    demat_consent: bool = False

    @property
    def underlyings(self) -> frozenset[str]:
        """What is held or on its way, by underlying."""
        coming = (reservation.symbol for reservation in self.state.reservations.values())
        return frozenset({*(position.underlying for position in self.positions), *coming})

    @property
    def holdings(self) -> int:
        """Positions that are open and orders that may become one; an order in the making is both, once."""
        return len(self._held())

    @property
    def options(self) -> int:
        """Those of `holdings` that are options."""
        return sum(option for option, _ in self._held())

    def _held(self) -> set[tuple[bool, str]]:
        # The manager lets an underlying be held once only.
        bought = {(p.exchange in DERIVATIVES, p.underlying) for p in self.positions}
        return bought | {(r.option, r.symbol) for r in self.state.reservations.values()}

    def exposure(self, symbol: str | None = None, strategy: str | None = None) -> Decimal:
        """Rupees invested and reserved, in all, in one underlying or by one strategy; what the owner has
        traded beside the desk is no strategy's.
        """
        invested = (
            p.entry_price * p.open_quantity
            for p in self.positions
            if symbol in (None, p.underlying) and strategy in (None, p.strategy)
        )
        others = (f.value for f in self.foreign if strategy is None and (symbol is None or f.is_of(symbol)))
        return sum((*invested, *others), Decimal(0)) + held(self.state, symbol, strategy).exposure

    def capital(self, settings: Settings) -> Decimal:
        """What the account started with, was paid in since, and has made or lost."""
        return max(self.paid_in(settings) + self.state.realised_total, Decimal(0))

    def paid_in(self, settings: Settings) -> Decimal:
        """What the account started with and was paid in since: the base of the limits of losses."""
        return settings.capital.starting_capital_inr + self.state.net_paid_in

    def loss_limit(self, settings: Settings) -> Decimal:
        """Rupees that a day may lose."""
        return max(self.paid_in(settings), Decimal(0)) * settings.capital.daily_loss_limit_pct / 100

    def daily_loss_left(self, settings: Settings) -> Decimal:
        """Rupees that one more trade may lose today so that, with every stop hit and every order on its way
        bought and stopped out, the day's loss stays within its limit; below zero where it would not.

        What the day has made by sales widens it; what is made on paper only does not, for a stop takes it.
        """
        lost = -self.of_the_day + self.to_stops + held(self.state).risk_amount
        return self.loss_limit(settings) - lost

    def headroom(self, signal: Signal, settings: Settings) -> Headroom:
        """What may still be bought for this signal: of its underlying, by its strategy, and in all.

        Every strategy has a share of its own, as large as the settings of what it buys say.
        """
        capital, bounds = self.capital(settings), settings.risk
        bought = settings.options if signal.exchange in DERIVATIVES else settings.equity
        invested = self.exposure()
        free = {
            "symbol": capital * bounds.max_symbol_exposure_pct / 100 - self.exposure(signal.underlying),
            "strategy": capital * bought.capital_share_pct / 100 - self.exposure(strategy=signal.strategy),
            "portfolio": capital * bounds.max_portfolio_exposure_pct / 100 - invested,
            "cash": capital * (1 - bounds.margin_buffer_pct / 100)
            - invested
            + min(self.unrealised, Decimal(0)),
            "daily_loss": self.daily_loss_left(settings),
        }
        if self.free_funds is not None:
            # Counted twice where the broker has blocked an order's margin already: rather too little.
            unreserved = self.free_funds - held(self.state).exposure
            free["funds"] = unreserved / (1 + bounds.margin_buffer_pct / 100)
        rooms = {name: max(room, Decimal(0)) for name, room in free.items()}
        return Headroom(capital, **rooms, one_lot=self.one_lot)


def view_account(
    store: StateStore,
    account: str,
    as_of: datetime,
    now: datetime,
    settings: Settings,
    *,
    state: RiskState | None = None,
) -> AccountView:
    """The account at the market time `as_of` and the wall time `now`.

    The state of risk is read first, unless the caller has read it already (`state`), then all the rest in one
    trip, positions included, because the state names the open ones: whatever turns a reservation into a
    position, or a position into a result, changes the state too, so that a decision written against this
    state has seen either the one or the other. A state that names none yet is given its book here, from the
    positions themselves; it is stored with whatever is decided on it.
    Raises StopTrading where the day has no sourced charges for a position, or one is named and not stored.
    """
    day = as_of.astimezone(IST).date()
    if state is None:
        state = load(store, RiskState, risk_key(account)) or RiskState(account=account)
    if state.book is None:
        state = state.evolve(book=PositionBook.of(latest_positions(store, account)))
    book = state.book or PositionBook()
    facts = read_ahead(store, *_fact_keys(account, day, now), *_position_keys(account, book))
    result = load(facts, AccountDay, day_key(account, day)) or AccountDay(account=account, day=day)
    held = tuple(p for p in _open_positions(facts, account, book) if p.mode == settings.mode)
    marks = {p.position_id: load(facts, Mark, mark_key(p.position_id)) for p in held}
    session = load(facts, KiteSession, session_key(account))
    return replace(
        view_of(state, result, held, marks, as_of, settings),
        free_funds=_free_funds(facts, account, now, settings),
        latency_ms=median_latency_ms(facts, account, now),
        failures=failures_now(facts, account, now),
        egress=egress_refusal(facts, settings, day),
        foreign=_foreign(facts, account, settings),
        one_lot=trades_small(facts, settings, account, day),
        demat_consent=session is not None and session.demat_consent,
    )


def view_of(
    state: RiskState,
    result: AccountDay,
    held: tuple[Position, ...],
    marks: Mapping[str, Mark | None],
    as_of: datetime,
    settings: Settings,
) -> AccountView:
    """The account by its own books alone, of the mode in force: the state, which has a book, the day's
    result, its open positions and their marks by position. Nothing is known of the broker.

    Raises StopTrading where the day has no sourced charges for a position.
    """
    oldest = timedelta(seconds=settings.risk.max_data_age_seconds)
    results = [open_result(position, marks.get(position.position_id), as_of, oldest) for position in held]
    closed = () if state.book is None else state.book.closed
    return AccountView(
        state=state.in_mode(settings.mode),
        day=result,
        positions=held,
        unrealised=sum((found.since_entry for found in results), Decimal(0)),
        of_the_day=sum((found.of_the_day for found in results), result.made_in(settings.mode)),
        closed=tuple(trade for trade in closed if trade.mode == settings.mode),
        to_stops=sum((found.to_stop for found in results), Decimal(0)),
        stale=tuple(p.symbol for p, found in zip(held, results, strict=True) if found.stale),
    )


def _position_keys(account: str, book: PositionBook) -> Iterator[Key]:
    for position_id in book.open:
        yield position_key(account, position_id)
        yield mark_key(position_id)


def _open_positions(facts: ItemReader, account: str, book: PositionBook) -> Iterator[Position]:
    """Those the book names, but for one that was closed since it was read."""
    for position_id in book.open:
        position = load(facts, Position, position_key(account, position_id))
        if position is None:
            raise StopTrading(f"the book of {account} names position {position_id}, which is not stored")
        if position.state != "CLOSED":
            yield position


def _fact_keys(account: str, day: date, now: datetime) -> tuple[Key, ...]:
    return (
        day_key(account, day),
        session_key(account),
        funds_key(account),
        reconciliation_key(account),
        graduation_key(account),
        preflight_key(day),
        *health_keys(account, now),
    )


def _foreign(facts: ItemReader, account: str, settings: Settings) -> tuple[ForeignPosition, ...]:
    """What was traded beside the desk, as last compared; shares that lie settled tie up nothing."""
    found = load(facts, Reconciliation, reconciliation_key(account))
    if found is None or found.mode != settings.mode:
        return ()
    return tuple(foreign for foreign in found.foreign if foreign.traded)


def _free_funds(facts: ItemReader, account: str, now: datetime, settings: Settings) -> Decimal | None:
    funds = load(facts, Funds, funds_key(account))
    if funds is None or funds.mode != settings.mode or now - funds.told_at > _FUNDS_FOR:
        return None
    return funds.net

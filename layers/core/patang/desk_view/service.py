"""The read side of the desk: one place where the HTTP API, the console and the assistant look."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from patang.accounts.service import AccountService
from patang.audit.log import AuditLog
from patang.desk_view.approvals import waiting
from patang.desk_view.audit_search import AuditQuestion, audit_page
from patang.desk_view.paging import Page
from patang.desk_view.risk import account_risk
from patang.desk_view.risk_views import RiskView
from patang.desk_view.shapes import (
    event_view,
    order_view,
    position_view,
    signal_view,
)
from patang.desk_view.views import (
    ApprovalView,
    DataView,
    EventView,
    LightsView,
    OrderView,
    PnlView,
    PositionView,
    SessionView,
    SignalView,
    StatusView,
)
from patang.errors import SettingsError
from patang.execution.ids import intent_prefixes
from patang.execution.intent import OrderIntent
from patang.execution.market_clock import MarketClock
from patang.keys import (
    LIVE_INTENTS,
    OPEN_POSITIONS,
    day_key,
    intent_key,
    mark_key,
    market_clock_key,
    position_key,
    signal_partition,
)
from patang.market.preflight import MODEL_PROMOTED, load_preflight
from patang.market.sessions import IST
from patang.notifications.subscriptions import last_report
from patang.portfolio.account_state import AccountDay
from patang.portfolio.position import Mark, Position
from patang.ports import Clock, Key, StateStore
from patang.records import load, load_all, load_index, read_ahead
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["DeskView"]

_SIGNALS_ON_STATUS = 8
_EVENTS_ON_STATUS = 12
_NEWEST_POSITIONS = 50


class DeskView:
    """Every method is told whose accounts to look at; it shows nothing of any other.

    `settings` are what is shown. `of_entries` raises SettingsError while the stored ones are wrong.
    """

    def __init__(
        self,
        store: StateStore,
        accounts: AccountService,
        audit_log: AuditLog,
        clock: Clock,
        settings: Callable[[], Settings],
        of_entries: Callable[[], Settings],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._audit_log = audit_log
        self._clock = clock
        self._settings = settings
        self._of_entries = of_entries

    def market_now(self) -> datetime:
        """The market's time as last seen, else the wall's: there is something to show of that day."""
        seen = self._seen()
        return (seen.market_time if seen else self._clock.now()).astimezone(IST)

    def moment(self) -> datetime:
        """Market time now, what an act of a person is dated with: the wall's, but for a simulated market.

        Before the first tick of a day the market was last seen the day before.
        """
        return self.market_now() if self._settings().simulated_market else self._clock.now().astimezone(IST)

    def lights(self, accounts: Sequence[str]) -> LightsView:
        """What every page shows of the desk."""
        settings, seen = self._settings(), self._seen()
        return LightsView(
            mode=settings.mode,
            profile=settings.profile,
            sessions=self.sessions(accounts),
            data=_data(seen, self._clock.now(), settings.risk.max_data_age_seconds),
            heard_at=None if seen is None else seen.seen_at,
        )

    def status(self, accounts: Sequence[str]) -> StatusView:
        settings = self._settings()
        positions = self.open_positions(accounts)
        day = self.market_now().date()
        return StatusView(
            generated_at=self._clock.now(),
            mode=settings.mode,
            profile=settings.profile,
            approval_mode=settings.approval.mode,
            sessions=self.sessions(accounts),
            data=self.data(),
            risk=self.risk(accounts),
            pnl=self._pnl(accounts, day, positions),
            positions=positions,
            closed=self.closed_positions(accounts, day),
            approvals=self.approvals(accounts),
            signals=self.signals(day, limit=_SIGNALS_ON_STATUS, with_features=False),
            events=self._events(accounts, day),
            subscription_problems=self._subscription_problems(),
            models_not_promoted=self._models_not_promoted(day),
        )

    def _models_not_promoted(self, day: date) -> str:
        preflight = load_preflight(self._store, day)
        checks = () if preflight is None else preflight.checks
        return "; ".join(check.found for check in checks if check.name == MODEL_PROMOTED and not check.passed)

    def _subscription_problems(self) -> tuple[str, ...]:
        report = last_report(self._store)
        return () if report is None else (*report.problems, *report.warnings)

    def sessions(self, accounts: Sequence[str]) -> tuple[SessionView, ...]:
        labels = {known.account: known.label for known in self._accounts.list()}
        return tuple(self._session(account, labels.get(account, account)) for account in accounts)

    def data(self) -> DataView:
        return _data(self._seen(), self._clock.now(), self._settings().risk.max_data_age_seconds)

    def risk(self, accounts: Sequence[str]) -> tuple[RiskView, ...]:
        now, settings, seen, as_of = self._clock.now(), self._settings(), self.market_now(), self.moment()
        shown = tuple(account_risk(self._store, each, settings, seen, as_of, now) for each in accounts)
        try:
            self._of_entries()
        except SettingsError as error:
            wrong = {"blocked_by": "SETTINGS_WRONG", "blocked_because": str(error)}
            return tuple(view.model_copy(update=wrong) for view in shown)
        return shown

    def open_positions(self, accounts: Sequence[str]) -> tuple[PositionView, ...]:
        """Positions that are open or closing, oldest first."""
        found = [p for account in accounts for p in self._open(account)]
        return self._with_marks(found)

    def closed_positions(self, accounts: Sequence[str], day: date) -> tuple[PositionView, ...]:
        """Positions closed on a market day, the last one in front, among the newest of each account."""
        closed = [
            position
            for account in accounts
            for position in self._newest_positions(account)
            if position.state == "CLOSED"
            and position.exit_time is not None
            and position.exit_time.astimezone(IST).date() == day
        ]
        views = [position_view(position, None) for position in closed]
        return tuple(sorted(views, key=lambda view: view.exit_time or view.entry_time, reverse=True))

    def orders(self, accounts: Sequence[str], day: date) -> tuple[OrderView, ...]:
        """Orders of a market day, newest first."""
        found = [
            intent
            for account in accounts
            for prefix in intent_prefixes(day)
            for intent in load_all(self._store, OrderIntent, *_begins(intent_key(account, prefix)))
        ]
        found.sort(key=lambda intent: intent.written_at, reverse=True)
        return tuple(order_view(intent) for intent in found)

    def live_orders(self, accounts: Sequence[str]) -> tuple[OrderView, ...]:
        """Orders that are on their way or rest at the broker, newest first."""
        found = [intent for account in accounts for intent in self._on_their_way(account)]
        found.sort(key=lambda intent: intent.written_at, reverse=True)
        return tuple(map(order_view, found))

    def _on_their_way(self, account: str) -> list[OrderIntent]:
        return load_index(self._store, OrderIntent, LIVE_INTENTS, f"{account}#")

    def signals(self, day: date, *, limit: int, with_features: bool = True) -> tuple[SignalView, ...]:
        """Signals of a market day, newest first. They belong to the desk, not to an account."""
        found = self._store.query(signal_partition(day), newest_first=True, limit=limit)
        signals = (Signal.model_validate(dict(item)) for item in found)
        return tuple(signal_view(signal, with_features=with_features) for signal in signals)

    def approvals(self, accounts: Sequence[str]) -> tuple[ApprovalView, ...]:
        """What waits for a yes and can still get one, proposals and requests, the one that ends first in
        front."""
        return waiting(self._store, accounts, self._clock.now())

    def audit_page(self, question: AuditQuestion, cursor: str | None, limit: int) -> Page[EventView]:
        """Entries of an account's audit log of a day, those that were asked for."""
        return audit_page(self._audit_log, question, cursor, limit)

    def _seen(self) -> MarketClock | None:
        return load(self._store, MarketClock, market_clock_key())

    def _events(self, accounts: Sequence[str], day: date) -> tuple[EventView, ...]:
        newest = [
            event_view(entry)
            for account in accounts
            for entry in self._audit_log.newest(account, day, _EVENTS_ON_STATUS)
        ]
        newest.sort(key=lambda event: (event.as_of, event.sequence), reverse=True)
        return tuple(newest[:_EVENTS_ON_STATUS])

    def _session(self, account: str, label: str) -> SessionView:
        session = self._accounts.session(account)
        if session is None:
            return SessionView(account=account, label=label, state="MISSING")
        state = "ACTIVE" if session.is_live(self._clock.now()) else "EXPIRED"
        return SessionView(account=account, label=label, state=state, valid_until=session.valid_until)

    def pnl(self, accounts: Sequence[str], day: date) -> PnlView:
        """Result of a market day; what is still open counts on the running day alone."""
        running = day == self.market_now().date()
        return self._pnl(accounts, day, self.open_positions(accounts) if running else ())

    def _pnl(self, accounts: Sequence[str], day: date, positions: Iterable[PositionView]) -> PnlView:
        days = [self._day(account, day) for account in accounts]
        realised = sum((d.realised_pnl for d in days), Decimal(0))
        charges = sum((d.charges for d in days), Decimal(0))
        unrealised = round(sum(position.unrealised_pnl or 0.0 for position in positions), 2)
        return PnlView(
            realised=realised,
            unrealised=unrealised,
            charges=charges,
            total=round(float(realised) + unrealised, 2),
            closed_trades=sum(d.closed_trades for d in days),
        )

    def _open(self, account: str) -> list[Position]:
        return load_index(self._store, Position, OPEN_POSITIONS, f"{account}#")

    def _newest_positions(self, account: str) -> list[Position]:
        # Ids begin with the day of the entry.
        return load_all(
            self._store,
            Position,
            *_begins(position_key(account, "")),
            newest_first=True,
            limit=_NEWEST_POSITIONS,
        )

    def _with_marks(self, positions: list[Position]) -> tuple[PositionView, ...]:
        positions.sort(key=lambda position: position.entry_time)
        keys = [mark_key(position.position_id) for position in positions]
        # In one trip: who holds hundreds would wait for as many of them each time that he looks.
        marks = read_ahead(self._store, *keys)
        return tuple(
            position_view(position, load(marks, Mark, key))
            for position, key in zip(positions, keys, strict=True)
        )

    def _day(self, account: str, day: date) -> AccountDay:
        return load(self._store, AccountDay, day_key(account, day)) or AccountDay(account=account, day=day)


def _begins(key: Key) -> tuple[str, str]:
    return key.partition, key.sort


def _data(seen: MarketClock | None, now: datetime, longest_age: int) -> DataView:
    if seen is None:
        return DataView()
    age = max((now - seen.seen_at).total_seconds(), 0.0)
    return DataView(market_time=seen.market_time, age_seconds=round(age, 1), stale=age > longest_age)

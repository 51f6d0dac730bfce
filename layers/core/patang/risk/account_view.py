"""An account as the risk manager sees it: what it holds, what is on its way, what it has lost."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patang.accounts.session import KiteSession
from patang.keys import OPEN_POSITIONS, account_partition, day_key, mark_key, risk_key, session_key
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.position import Mark, Position
from patang.ports import StateStore
from patang.records import load, load_all, load_index
from patang.risk.reservations import DERIVATIVES, held
from patang.risk.sizing import Headroom
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["AccountView", "view_account"]

_RECENT_POSITIONS = 100


@dataclass(frozen=True, slots=True)
class AccountView:
    """A consistent look at one account. Reservations are those of `state`."""

    state: RiskState
    day: AccountDay
    positions: tuple[Position, ...]
    unrealised: Decimal
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
        """Rupees invested and reserved, in all, in one underlying or by one strategy."""
        invested = (
            p.entry_price * p.open_quantity
            for p in self.positions
            if symbol in (None, p.underlying) and strategy in (None, p.strategy)
        )
        return sum(invested, Decimal(0)) + held(self.state, symbol, strategy).exposure

    def capital(self, settings: Settings) -> Decimal:
        """What the account started with and what it has made or lost since."""
        return max(settings.capital.starting_capital_inr + self.state.realised_total, Decimal(0))

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
        }
        return Headroom(capital, **{name: max(room, Decimal(0)) for name, room in free.items()})


def view_account(store: StateStore, account: str, day: date) -> AccountView:
    """The account now. The state of risk is read first: whatever turns a reservation into a position changes
    it too, so that a decision written against this state has seen either the one or the other.
    """
    state = load(store, RiskState, risk_key(account)) or RiskState(account=account)
    result = load(store, AccountDay, day_key(account, day)) or AccountDay(account=account, day=day)
    positions = _open_positions(store, account)
    marks = [load(store, Mark, mark_key(position.position_id)) for position in positions]
    unrealised = sum((mark.unrealised_pnl for mark in marks if mark is not None), Decimal(0))
    session = load(store, KiteSession, session_key(account))
    consent = session is not None and session.demat_consent
    return AccountView(state, result, positions, unrealised, demat_consent=consent)


def _open_positions(store: StateStore, account: str) -> tuple[Position, ...]:
    """The newest by strongly consistent read, older ones by the index, which has seen them long ago."""
    newest = load_all(
        store,
        Position,
        account_partition(account),
        "POSITION#",
        newest_first=True,
        limit=_RECENT_POSITIONS,
    )
    known = {position.position_id: position for position in newest}
    for position in load_index(store, Position, OPEN_POSITIONS, f"{account}#"):
        known.setdefault(position.position_id, position)
    return tuple(position for position in known.values() if position.state != "CLOSED")

"""What the desk holds and has made, minute by minute, as figures of the dashboard."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

from patang.accounts.account import Account
from patang.errors import StopTrading
from patang.market.sessions import IST
from patang.portfolio.held import latest_positions
from patang.portfolio.position import Position
from patang.ports import Clock, Metrics, StateStore
from patang.risk.account_view import AccountView, view_account
from patang.settings import Settings

__all__ = ["DeskFigures"]


class DeskFigures:
    """One series each for all accounts together: a figure an account would be a series an account."""

    def __init__(
        self,
        store: StateStore,
        accounts: Callable[[], Sequence[Account]],
        settings: Callable[[], Settings],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._settings = settings
        self._clock = clock
        self._metrics = metrics

    def tell(self, as_of: datetime) -> None:
        """Rupees: `day_result_inr` (what open and sold positions have made within the day, after charges),
        `unrealised_inr` (since their entries, after charges), `exposure_inr` (invested and reserved),
        `slippage_inr` (what the day's entries and exits cost beyond the price they were decided at);
        `open_positions`, and how many accounts enter nothing, `accounts_stopped`. An account that cannot be
        valued is counted as `account_unvalued` and left out of all of them.
        """
        settings = self._settings()
        views: list[AccountView] = []
        slipped = Decimal(0)
        for account in self._accounts():
            if not account.enabled:
                continue
            try:
                views.append(view_account(self._store, account.account, as_of, self._clock.now(), settings))
            except StopTrading as error:
                self._metrics.count("account_unvalued", account=account.account, reason=str(error))
            else:
                slipped += self._slipped(account.account, as_of, settings)
        self._metrics.count("day_result_inr", float(sum(view.of_the_day for view in views)))
        self._metrics.count("unrealised_inr", float(sum(view.unrealised for view in views)))
        self._metrics.count("exposure_inr", float(sum(view.exposure() for view in views)))
        self._metrics.count("slippage_inr", float(slipped))
        self._metrics.count("open_positions", sum(len(view.positions) for view in views))
        self._metrics.count("accounts_stopped", sum(view.state.halted for view in views))

    def _slipped(self, account: str, as_of: datetime, settings: Settings) -> Decimal:
        day = as_of.astimezone(IST).date()
        held = (p for p in latest_positions(self._store, account) if p.mode == settings.mode)
        return sum((_slipped_on(position, day) for position in held), Decimal(0))


def _slipped_on(position: Position, day: date) -> Decimal:
    """Rupees: bought above, sold below the price that was decided at, each on the day it was done."""
    cost = Decimal(0)
    if position.entry_time.astimezone(IST).date() == day:
        cost += position.entry_slippage * position.quantity
    if position.exit_time is not None and position.exit_time.astimezone(IST).date() == day:
        cost -= (position.exit_slippage or Decimal(0)) * position.exited_quantity
    return cost

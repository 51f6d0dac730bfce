"""An account's state of risk beside its limits, measured as the risk manager measures it."""

from datetime import datetime
from decimal import Decimal

from patang.approvals.requests.limits import asked_on
from patang.approvals.requests.record import AskedOn
from patang.desk_view.budgets import budgets, fullest_underlying
from patang.desk_view.restraints import MARKET_CLOSED, market_is_open, restraints
from patang.desk_view.risk_views import EachEntryView, RestraintView, RiskView
from patang.execution.preflight import entry_refusal
from patang.keys import preflight_key
from patang.market.sessions import IST
from patang.ports import StateStore
from patang.records import read_ahead
from patang.risk.account_view import AccountView, view_account
from patang.risk.breaker import drawdown, drawdown_limit
from patang.risk.manager import account_gate
from patang.risk.reservations import held
from patang.settings import Settings

__all__ = ["account_risk", "risk_view"]


def account_risk(
    store: StateStore, account: str, settings: Settings, seen: datetime, as_of: datetime, now: datetime
) -> RiskView:
    """The risk of a stored account: by the market as it was `seen` last, for an entry at the market time
    `as_of` and the wall time `now`. Raises StopTrading as `view_account` does."""
    day = as_of.astimezone(IST).date()
    view = view_account(store, account, seen, now, settings)
    facts = read_ahead(store, preflight_key(day), AskedOn(account=account, day=day).key())
    # At night, and on a day without a session, nobody misses checks that are made before the open.
    is_due = facts.get(preflight_key(day)) is not None or market_is_open(settings, as_of)
    preflight = entry_refusal(facts, settings, day, account) if is_due else None
    return risk_view(view, settings, as_of, asked_on(facts, account, day), preflight)


def risk_view(
    account: AccountView, settings: Settings, as_of: datetime, asked: AskedOn, preflight: str | None
) -> RiskView:
    """Losses are shown as positive rupees, so that they can be held against their limits.

    `as_of` is market time, `asked` what the account's requests of the day come to, `preflight` why the checks
    before the open let no entry of it leave.
    """
    state, day = account.state, account.day
    capital, reserved = account.capital(settings), held(state).exposure
    fullest, invested = fullest_underlying(account)
    halted = state.is_halted_on(day.day)
    held_back = restraints(account, settings, preflight, as_of)
    gate, because = _blocked(account, settings, held_back)
    return RiskView(
        account=state.account,
        state=state.state if halted else "ACTIVE",
        blocked_by=gate,
        blocked_because=because,
        halted=halted,
        halt_reason=state.halt_reason if halted else None,
        halted_by=state.halted_by if halted else None,
        capital=capital,
        daily_loss=max(round(-account.of_the_day, 2), Decimal(0)),
        daily_loss_limit=account.loss_limit(settings),
        drawdown=max(round(drawdown(account), 2), Decimal(0)),
        drawdown_limit=drawdown_limit(account, settings),
        reserved_exposure=reserved,
        open_exposure=account.exposure() - reserved,
        exposure_limit=capital * settings.risk.max_portfolio_exposure_pct / 100,
        open_positions=len(account.positions),
        reservations=len(state.reservations),
        positions_limit=settings.risk.max_concurrent_positions,
        options=account.options,
        options_limit=settings.risk.max_concurrent_options,
        fullest_underlying=fullest,
        underlying_exposure=invested,
        underlying_exposure_limit=capital * settings.risk.max_symbol_exposure_pct / 100,
        budgets=budgets(account, settings, asked, as_of),
        restraints=held_back,
        each_entry=EachEntryView(
            may_lose=round(capital * settings.risk.risk_per_trade_pct / 100, 2),
            least_confidence=settings.risk.min_confidence,
            least_profit=settings.risk.min_expected_net_profit_inr,
            one_lot=account.one_lot,
        ),
        closed_trades_today=day.closed_trades,
        refusals_today=day.refusals,
    )


def _blocked(
    account: AccountView, settings: Settings, held_back: tuple[RestraintView, ...]
) -> tuple[str | None, str | None]:
    """The gate that lets nothing in, and its sentence. A closed market is no trouble."""
    closed = account_gate(account, settings)
    if closed is not None:
        return closed.gate, closed.text
    whole = (one for one in held_back if one.of is None and one.gate != MARKET_CLOSED)
    found = next(whole, None)
    return (None, None) if found is None else (found.gate, found.told)

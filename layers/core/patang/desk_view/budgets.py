"""What an account uses of every limit that its next entry, or order by hand, can meet.

Each is measured as those do who refuse: the breaker, the gates, the sizing and the limits of requests.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from patang.approvals.requests.record import AskedOn
from patang.desk_view.risk_views import BudgetView, LimitName
from patang.risk.account_view import AccountView
from patang.risk.breaker import drawdown, drawdown_limit
from patang.risk.protections import losing_stops
from patang.risk.reservations import DERIVATIVES, held
from patang.settings import Settings
from patang.settings.requests import RequestSettings
from patang.strategies.registry import strategy_names

__all__ = ["budgets", "fullest_underlying"]

# The section of the settings that has the share of the desk's own strategies, which may hold nothing yet.
_SHARE_OF: Final = {"long_options": "options", "equity": "equity"}


def budgets(
    account: AccountView, settings: Settings, asked: AskedOn, as_of: datetime
) -> tuple[BudgetView, ...]:
    """Every limit with what is used of it, at the market time `as_of`, in the order of the gates. `asked` is
    what the account's requests of the day come to."""
    return (
        *_losses(account, settings),
        *_exposures(account, settings),
        *_money(account, settings),
        *_pauses(account, settings, as_of),
        *_asked(asked, settings.requests),
    )


def fullest_underlying(account: AccountView) -> tuple[str | None, Decimal]:
    """Of what the desk holds or is buying, the underlying with the largest exposure, and that in rupees; none
    and nothing where there is none. One pass, for there may be hundreds."""
    invested = dict.fromkeys(sorted(account.underlyings), Decimal(0))
    for position in account.positions:
        invested[position.underlying] += position.entry_price * position.open_quantity
    for reserved in account.state.reservations.values():
        invested[reserved.symbol] += reserved.exposure
    for foreign in account.foreign:
        for name in invested:
            invested[name] += foreign.value if foreign.is_of(name) else 0
    fullest = max(invested, key=invested.__getitem__, default=None)
    return fullest, Decimal(0) if fullest is None else invested[fullest]


def _losses(account: AccountView, settings: Settings) -> Iterator[BudgetView]:
    most = account.loss_limit(settings)
    daily = "capital.daily_loss_limit_pct"
    yield _rupees("daily_loss", -account.of_the_day, most, daily)
    yield _rupees("loss_at_stops", most - account.daily_loss_left(settings), most, daily)
    fall, lowest = drawdown(account), drawdown_limit(account, settings)
    yield _rupees("drawdown", fall, lowest, "capital.max_drawdown_pct")


def _exposures(account: AccountView, settings: Settings) -> Iterator[BudgetView]:
    risk, capital = settings.risk, account.capital(settings)
    portfolio, symbol = "risk.max_portfolio_exposure_pct", "risk.max_symbol_exposure_pct"
    yield _rupees("exposure", account.exposure(), capital * risk.max_portfolio_exposure_pct / 100, portfolio)
    positions, options = "risk.max_concurrent_positions", "risk.max_concurrent_options"
    yield _count("positions", account.holdings, risk.max_concurrent_positions, positions)
    yield _count("options", account.options, risk.max_concurrent_options, options)
    fullest, invested = fullest_underlying(account)
    yield _rupees("underlying", invested, capital * risk.max_symbol_exposure_pct / 100, symbol, fullest)
    for name in strategy_names():
        section = _share_of(account, name)
        if section is not None:
            share = (settings.options if section == "options" else settings.equity).capital_share_pct
            used = account.exposure(strategy=name)
            yield _rupees("strategy", used, capital * share / 100, f"{section}.capital_share_pct", name)


def _money(account: AccountView, settings: Settings) -> Iterator[BudgetView]:
    buffer, setting = settings.risk.margin_buffer_pct, "risk.margin_buffer_pct"
    tied = account.exposure() - min(account.unrealised, Decimal(0))
    yield _rupees("cash", tied, account.capital(settings) * (1 - buffer / 100), setting)
    free = account.free_funds
    if free is None:
        yield BudgetView(limit="funds", used=None, allowed=None, unit="rupees", setting=setting)
        return
    spendable = max(free - held(account.state).exposure, Decimal(0)) / (1 + buffer / 100)
    yield _rupees("funds", free - spendable, max(free, Decimal(0)), setting)


def _pauses(account: AccountView, settings: Settings, as_of: datetime) -> Iterator[BudgetView]:
    risk = settings.risk
    stops = losing_stops(account.closed, risk, as_of)
    yield _count("losing_stops", stops, risk.stop_loss_guard_stops, "risk.stop_loss_guard_stops")
    yield BudgetView(
        limit="broker_latency",
        used=account.latency_ms,
        allowed=risk.max_api_latency_ms,
        unit="milliseconds",
        setting="risk.max_api_latency_ms",
    )
    yield _count("errors", account.failures, risk.max_exceptions_per_minute, "risk.max_exceptions_per_minute")


def _asked(asked: AskedOn, bounds: RequestSettings) -> Iterator[BudgetView]:
    yield _count("orders_asked", asked.orders, bounds.max_orders_a_day, "requests.max_orders_a_day")
    yield _rupees("value_asked", asked.value, bounds.max_day_value_inr, "requests.max_day_value_inr")
    if bounds.assistant_alone_inr > 0 or asked.alone > 0:
        most, setting = bounds.assistant_alone_day_inr, "requests.assistant_alone_day_inr"
        yield _rupees("programs_alone", asked.alone, most, setting)


def _share_of(account: AccountView, strategy: str) -> str | None:
    """Whose share a strategy has follows from what it buys: of one that is not the desk's own that is known
    once it holds something."""
    bought = {p.exchange in DERIVATIVES for p in account.positions if p.strategy == strategy}
    coming = {r.option for r in account.state.reservations.values() if r.strategy == strategy}
    found = bought | coming
    return _SHARE_OF.get(strategy) if not found else "options" if True in found else "equity"


def _rupees(
    limit: LimitName, used: Decimal, allowed: Decimal, setting: str, of: str | None = None
) -> BudgetView:
    """Where nothing is lost nothing is used."""
    amounts = {"used": float(max(round(used, 2), Decimal(0))), "allowed": float(round(allowed, 2))}
    return BudgetView(limit=limit, of=of, unit="rupees", setting=setting, **amounts)


def _count(limit: LimitName, used: int, allowed: int, setting: str) -> BudgetView:
    return BudgetView(limit=limit, used=used, allowed=allowed, unit="count", setting=setting)

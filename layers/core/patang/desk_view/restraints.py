"""What keeps entries away for a while, beside the limits: hours, events, pauses, what the broker asks for."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Final

from patang.desk_view.risk_views import RestraintView
from patang.errors import StopTrading
from patang.market.sessions import IST, Session, is_open, session_on
from patang.risk.account_view import AccountView
from patang.risk.protections import option_cooldown, stop_loss_guard, symbol_cooldown
from patang.risk.refusals import Refusal
from patang.said_by_others import quoted
from patang.settings import Settings
from patang.settings.blackouts import blackout_at
from patang.settings.strategies import EquitySettings, OptionSettings

__all__ = ["MARKET_CLOSED", "market_is_open", "restraints"]

MARKET_CLOSED: Final = "MARKET_CLOSED"


def restraints(
    account: AccountView, settings: Settings, preflight: str | None, as_of: datetime
) -> tuple[RestraintView, ...]:
    """What keeps entries away at the market time `as_of`: first what stops all of them. `preflight` is why
    the checks before the open let no entry of the account leave, or None."""
    return (
        *_of_the_desk(settings, preflight, as_of),
        *_guard(account, settings, as_of),
        *_strategies(settings, as_of),
        *_cooldowns(account, settings, as_of),
        *_of_the_broker(account, settings),
    )


def market_is_open(settings: Settings, as_of: datetime) -> bool:
    """Whether entries could be made by the calendar; of a year that it does not know nobody can say so."""
    try:
        session = _session(settings, as_of)
    except StopTrading:
        return False
    return session is not None and session.holds(as_of)


def _session(settings: Settings, as_of: datetime) -> Session | None:
    return session_on(as_of.astimezone(IST).date(), overrides=settings.sessions)


def _of_the_desk(settings: Settings, preflight: str | None, as_of: datetime) -> Iterator[RestraintView]:
    try:
        session = _session(settings, as_of)
    except StopTrading as unknown:
        yield RestraintView(gate="STOP_TRADING", told=str(unknown))
    else:
        if session is None or not session.holds(as_of):
            yield RestraintView(gate=MARKET_CLOSED, told="the market is closed")
    event = blackout_at(settings.blackouts, as_of)
    if event is not None:
        told = f"no entry before {event.until}: {quoted(event.reason)}"
        yield RestraintView(gate="EVENT_BLACKOUT", until=_at(as_of, event.until), told=told)
    if preflight is not None:
        yield RestraintView(gate="PREFLIGHT_NOT_PASSED", told=preflight)


def _guard(account: AccountView, settings: Settings, as_of: datetime) -> Iterator[RestraintView]:
    found = stop_loss_guard(account.closed, settings.risk, as_of)
    if found is not None:
        yield _paused(found)


def _strategies(settings: Settings, as_of: datetime) -> Iterator[RestraintView]:
    both: tuple[tuple[str, str, OptionSettings | EquitySettings], ...] = (
        ("long_options", "Options", settings.options),
        ("equity", "Shares", settings.equity),
    )
    trades = is_open(as_of.astimezone(IST).date(), settings.sessions)
    for name, what, rules in both:
        if not rules.enabled:
            yield RestraintView(gate="STRATEGY_OFF", of=name, told=f"{what} are switched off")
            continue
        opens, ends = _at(as_of, rules.first_entry), _at(as_of, rules.last_entry)
        # On a day without a session they begin at no time of it.
        if trades and not opens <= as_of <= ends:
            hours = f"{what} are bought from {rules.first_entry} to {rules.last_entry}"
            until = opens if as_of < opens else None
            yield RestraintView(gate="OUTSIDE_ENTRY_HOURS", of=name, until=until, told=hours)


def _cooldowns(account: AccountView, settings: Settings, as_of: datetime) -> Iterator[RestraintView]:
    option = option_cooldown(account.state, settings.options.cooldown_hours, as_of)
    if option is not None and settings.options.enabled:
        yield _paused(option, "long_options")
    for underlying in sorted({trade.underlying for trade in account.closed}):
        found = symbol_cooldown(account.closed, underlying, settings.risk, as_of)
        if found is not None:
            yield _paused(found, underlying)


def _of_the_broker(account: AccountView, settings: Settings) -> Iterator[RestraintView]:
    shares = settings.equity
    if shares.enabled and shares.holding_period == "swing" and not account.demat_consent:
        told = "Shares to keep are not bought: this login has no leave to sell from the demat account"
        yield RestraintView(gate="NO_DEMAT_CONSENT", of="equity", told=told)


def _paused(found: Refusal, of: str | None = None) -> RestraintView:
    until = found.numbers.get("until")
    ends = None if until is None else datetime.fromisoformat(str(until))
    return RestraintView(gate=found.gate, of=of, until=ends, told=found.text)


def _at(as_of: datetime, clock: str) -> datetime:
    """The moment of `as_of`'s day, IST, that a setting such as 14:45 names."""
    return datetime.combine(as_of.astimezone(IST).date(), time.fromisoformat(clock), IST)

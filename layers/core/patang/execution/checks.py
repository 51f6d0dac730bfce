"""The questions an entry has to pass before the owner is asked, and again before it is sent.

Each returns the name of what is wrong, with figures where a person would ask for them, or None.
"""

import dataclasses
from datetime import datetime, timedelta
from decimal import Decimal

from patang.accounts.account import Account
from patang.accounts.session import KiteSession
from patang.approvals.proposal import OrderTerms, Proposal
from patang.execution.market_clock import MarketClock
from patang.execution.orders.market_facts import MarketQuote
from patang.execution.preflight import entry_refusal
from patang.execution.prices import band_pct, is_option, on_tick
from patang.keys import account_key, market_clock_key, session_key
from patang.market.candles import Quote
from patang.market.sessions import IST, Segment, session_on
from patang.portfolio.account_state import RiskState
from patang.ports import Clock, ItemReader, StateStore
from patang.records import load
from patang.risk.account_view import AccountView, view_account
from patang.risk.freeze import freeze_quantity
from patang.risk.manager import account_gate, signal_gate
from patang.risk.reservations import release
from patang.settings import Settings, blackout_at

__all__ = [
    "check_account",
    "check_allowed",
    "check_circuit",
    "check_drift",
    "check_hours",
    "check_price",
    "check_risk",
    "check_shape",
]

_DERIVATIVE_EXCHANGES = frozenset({"NFO", "BFO"})


def check_shape(proposal: Proposal, terms: OrderTerms) -> str | None:
    """Whether the exchange would take such an order at all."""
    signal = proposal.signal
    if terms.quantity <= 0 or terms.quantity % signal.lot_size:
        return f"LOT_SIZE: {terms.quantity} is not a multiple of {signal.lot_size}"
    largest = freeze_quantity(signal.exchange, signal.underlying, signal.as_of.date())
    if largest is not None and terms.quantity > largest:
        return f"FREEZE_QUANTITY: {terms.quantity} is more than the {largest} that the exchange takes at once"
    if terms.price is None or terms.price <= 0:
        return f"PRICE: {terms.price} is no limit"
    if not on_tick(terms.price, signal.tick_size):
        return f"TICK_SIZE: {terms.price} is not a multiple of {signal.tick_size}"
    return None


def check_price(terms: OrderTerms, quote: Quote | None, as_of: datetime, settings: Settings) -> str | None:
    """Whether the limit makes sense beside the market; nothing is bought on a price that nobody has seen."""
    stale = _stale(quote, as_of, settings)
    if quote is None or stale is not None:
        return stale
    last, limit = Decimal(str(quote.last_price)), terms.price or Decimal(0)
    allowed = band_pct(last, option=is_option(terms.exchange, terms.tradingsymbol))
    allowed += settings.approval.max_price_drift_pct
    away = abs(limit - last) / last * 100
    if away > allowed:
        return f"PRICE_SANITY: {limit} is {away:.1f} % from the last price {last}, more than {allowed} %"
    return None


def check_drift(proposal: Proposal, quote: Quote | None, as_of: datetime, settings: Settings) -> str | None:
    """Whether the price has stayed where it was when the owner was asked."""
    stale = _stale(quote, as_of, settings)
    if quote is None or stale is not None:
        return stale
    then = proposal.signal.entry_price
    now = Decimal(str(quote.ask if quote.ask > 0 else quote.last_price))
    drift = abs(now - then) / then * 100
    if drift > settings.approval.max_price_drift_pct:
        most = settings.approval.max_price_drift_pct
        return f"PRICE_DRIFT: {now} is {drift:.1f} % from {then}, more than {most} %"
    return None


def check_circuit(terms: OrderTerms, market: MarketQuote) -> str | None:
    """Whether the limit is within the prices that the exchange takes now. Only the broker's quotes tell them:
    where they tell none, nobody knows, and nothing is bought."""
    if market.lower_circuit is None or market.upper_circuit is None:
        return f"CIRCUIT_UNKNOWN: the broker tells no circuit limits of {terms.tradingsymbol}"
    low, high = market.range_of(option=is_option(terms.exchange, terms.tradingsymbol))
    limit = terms.price or Decimal(0)
    if limit < low or (high is not None and limit > high):
        return f"CIRCUIT_LIMIT: {limit} is outside the {low} to {high} that the exchange takes now"
    return None


def check_hours(proposal: Proposal, as_of: datetime, settings: Settings) -> str | None:
    """Whether the instrument trades continuously and entries are still made at this time of the day."""
    # Whether contracts are on a share is not known here; one with them leaves continuous trading earlier.
    derivative = proposal.signal.exchange in _DERIVATIVE_EXCHANGES
    segment: Segment = "derivatives" if derivative else "cash_with_auction"
    session = session_on(as_of.date(), segment, settings.sessions)
    if session is None or not session.holds(as_of):
        return "MARKET_CLOSED"
    last_entry = (settings.options if derivative else settings.equity).last_entry
    if f"{as_of.astimezone(IST):%H:%M}" > last_entry:
        return f"OUTSIDE_ENTRY_HOURS: no entry after {last_entry}"
    event = blackout_at(settings.blackouts, as_of)
    if event is not None:
        return f"EVENT_BLACKOUT: {event.reason}"
    return None


def check_allowed(
    store: ItemReader, proposal: Proposal, as_of: datetime, settings: Settings, clock: Clock
) -> str | None:
    """Whether the instrument trades continuously and is seen, entries are still made at this time of the day,
    the account is enabled and signed in and the preflight passed: the owner's yes may have taken its time."""
    closed = check_hours(proposal, as_of, settings)
    if closed is not None:
        return closed
    account = load(store, Account, account_key(proposal.account))
    if account is None or not account.enabled:
        return f"ACCOUNT_DISABLED: {proposal.account} does not trade"
    signed_in = load(store, KiteSession, session_key(proposal.account))
    if signed_in is None or not signed_in.is_live(clock.now()):
        return "SESSION_EXPIRED"
    product = proposal.terms.product if proposal.terms is not None else None
    refusal = entry_refusal(store, settings, as_of.date(), proposal.account, product)
    if refusal is not None:
        return f"PREFLIGHT_NOT_PASSED: {refusal}"
    seen = load(store, MarketClock, market_clock_key())
    longest = timedelta(seconds=settings.risk.max_data_age_seconds)
    if seen is not None and not settings.simulated_market and clock.now() - seen.seen_at > longest:
        return f"STALE_DATA: no tick since {seen.seen_at:%H:%M:%S}"
    return None


def check_risk(
    store: StateStore,
    proposal: Proposal,
    as_of: datetime,
    settings: Settings,
    clock: Clock,
    state: RiskState | None = None,
) -> str | None:
    """The risk manager's gates on the account as it is now, this proposal's own reservation left out.
    `state`: its state of risk, where it was read just before."""
    view = view_account(store, proposal.account, as_of, clock.now(), settings, state=state)
    if proposal.order_id not in view.state.reservations:
        return "RESERVATION_LOST"
    return check_account(view, proposal, as_of, settings)


def check_account(view: AccountView, proposal: Proposal, as_of: datetime, settings: Settings) -> str | None:
    """The same of an account as it was seen: pure."""
    view = dataclasses.replace(view, state=release(view.state, proposal.order_id))
    refused = account_gate(view, settings) or signal_gate(view, proposal.signal, settings, as_of)
    if refused is not None:
        return str(refused)
    left = view.daily_loss_left(settings)
    if proposal.risk_amount > left:
        return (
            f"DAILY_LOSS_LIMIT: it may lose {proposal.risk_amount:.2f} rupees, and with every stop hit "
            f"{left:.2f} are left of the day's {view.loss_limit(settings):.2f}"
        )
    return None


def _stale(quote: Quote | None, as_of: datetime, settings: Settings) -> str | None:
    if quote is None or quote.last_price <= 0:
        return "NO_QUOTE"
    age = (as_of - quote.exchange_time).total_seconds()
    if age > settings.risk.max_data_age_seconds:
        return f"STALE_QUOTE: the last tick is {age:.0f} s old"
    return None

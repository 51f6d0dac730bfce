"""Records to test with: one equity, one option, and the proposals made of them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from patang.accounts.account import Account
from patang.accounts.session import KiteSession
from patang.approvals.proposal import Proposal
from patang.market.candles import ClosedMinute, Quote
from patang.market.minutes import MinuteClose
from patang.market.sessions import IST
from patang.portfolio.account_state import Reservation, RiskState
from patang.ports import StateStore
from patang.records import create
from patang.strategies.signal import Signal
from tests.fakes import MemoryObjects

MORNING = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
TOKENS = {"INFY": 408065, "NIFTY26AUG25000CE": 12345602}


def equity_signal(**changes: Any) -> Signal:
    fields: dict[str, Any] = {
        "signal_id": "s-infy",
        "as_of": MORNING,
        "strategy": "equity",
        "signal_type": "BUY",
        "symbol": "INFY",
        "underlying": "INFY",
        "exchange": "NSE",
        "instrument_token": TOKENS["INFY"],
        "lot_size": 1,
        "tick_size": Decimal("0.05"),
        "entry_price": Decimal("1500.00"),
        "stop_loss_price": Decimal("1490.00"),
        "target_price": Decimal("1515.00"),
        "bid": Decimal("1499.90"),
        "ask": Decimal("1500.00"),
        "expected_return_pct": 1.0,
        "confidence": 0.85,
        "holding_period": "intraday",
        "exit_by": MORNING.replace(hour=15),
        "reason": "trend and model agree",
        "model_version": "test",
        "features": {"rsi_14": 61.0},
    }
    return Signal.model_validate(fields | changes)


def option_signal(**changes: Any) -> Signal:
    fields: dict[str, Any] = {
        "signal_id": "s-nifty",
        "strategy": "long_options",
        "signal_type": "CALL",
        "symbol": "NIFTY26AUG25000CE",
        "underlying": "NIFTY",
        "exchange": "NFO",
        "instrument_token": TOKENS["NIFTY26AUG25000CE"],
        "lot_size": 65,
        "expiry": MORNING.date() + timedelta(days=7),
        "entry_price": Decimal("100.00"),
        "stop_loss_price": Decimal("60.00"),
        "target_price": Decimal("150.00"),
        "bid": Decimal("99.80"),
        "ask": Decimal("100.00"),
    }
    return equity_signal(**(fields | changes))


def proposal_of(signal: Signal, quantity: int, account: str = "main", **changes: Any) -> Proposal:
    fields: dict[str, Any] = {
        "account": account,
        "order_id": f"o-{signal.signal_id}",
        "run_id": "2026-08-18-1000",
        "as_of": signal.as_of,
        "signal": signal,
        "quantity": quantity,
        "expected_net_profit": Decimal("240.00"),
        "expected_charges": Decimal("60.00"),
        "risk_amount": Decimal("400.00"),
    }
    return Proposal.model_validate(fields | changes)


def propose(store: StateStore, proposal: Proposal) -> None:
    """Writes a proposal with its reservation, as the risk manager does."""
    signal = proposal.signal
    held = Reservation(
        symbol=signal.underlying,
        strategy=signal.strategy,
        exposure=signal.entry_price * proposal.quantity,
        as_of=proposal.as_of,
    )
    risk = RiskState(account=proposal.account, reservations={proposal.order_id: held})
    store.write(create(proposal), create(risk))


def open_account(store: StateStore, account: str = "main", now: datetime = MORNING) -> None:
    """An account that is signed in for the day."""
    store.write(
        create(
            Account(account=account, label=account, kite_user_id="AB1234", api_key="key", principal="owner")
        ),
        create(
            KiteSession(
                account=account,
                version=1,
                user_id="AB1234",
                logged_in_at=now - timedelta(hours=2),
                valid_until=now + timedelta(hours=20),
                login_digest="d",
            )
        ),
    )


def close_minute(
    store: StateStore, objects: MemoryObjects, minute: datetime, prices: dict[str, Decimal]
) -> None:
    """A closed minute whose quotes are at these prices, a tick wide. `prices` by EXCHANGE:TRADINGSYMBOL."""
    quotes = tuple(
        Quote(
            identifier=identifier,
            last_price=float(price),
            bid=float(price - Decimal("0.10")),
            ask=float(price),
            volume=1000,
            oi=0,
            exchange_time=minute + timedelta(seconds=59),
        )
        for identifier, price in prices.items()
    )
    closed = ClosedMinute(minute=minute, shard="s0", candles=(), feature_names=(), features={}, quotes=quotes)
    path = ClosedMinute.path(minute, "s0")
    objects.put(path, closed.model_dump_json().encode())
    item = MinuteClose(minute=minute, shard="s0", path=path, candles=0)
    if store.get(item.key()) is None:
        store.write(create(item))

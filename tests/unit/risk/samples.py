"""Signals, accounts and closed minutes to test decisions with."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from patang.accounts.account import Account
from patang.accounts.session import KiteSession
from patang.market.cycle import Cycle, run_id_of
from patang.market.minutes import MinuteClose
from patang.market.sessions import IST
from patang.portfolio.position import Mark, Position
from patang.ports import Clock, StateStore
from patang.records import create
from patang.risk.halts import Halts
from patang.settings import Settings
from patang.strategies.signal import Signal
from tests.fakes import FixedClock, RecordedMetrics, RecordedNotifier

D = Decimal
AS_OF = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
RUN_ID = run_id_of(AS_OF)


def equity_signal(symbol: str = "INFY", **changes: Any) -> Signal:
    """100 rupees a share, stop at 99, target at 103, one paisa of spread, a good model."""
    fields: dict[str, Any] = {
        "signal_id": f"S-{symbol}",
        "as_of": AS_OF,
        "strategy": "equity",
        "signal_type": "BUY",
        "symbol": symbol,
        "underlying": symbol,
        "exchange": "NSE",
        "instrument_token": 408065,
        "lot_size": 1,
        "tick_size": D("0.05"),
        "entry_price": D(100),
        "stop_loss_price": D(99),
        "target_price": D(103),
        "bid": D("99.95"),
        "ask": D(100),
        "expected_return_pct": 1.5,
        "confidence": 0.85,
        "holding_period": "intraday",
        "exit_by": AS_OF.replace(hour=15),
        "reason": "a test",
        "model_version": "equity-test",
        "features": {"rsi": 60.0},
    }
    return Signal.model_validate(fields | changes)


def option_signal(symbol: str = "NIFTY26AUG25000CE", **changes: Any) -> Signal:
    """A premium of 100, stop at 60, target at 150, lots of 65."""
    fields: dict[str, Any] = {
        "strategy": "long_options",
        "signal_type": "CALL",
        "underlying": "NIFTY",
        "exchange": "NFO",
        "lot_size": 65,
        "expiry": AS_OF.date() + timedelta(days=7),
        "stop_loss_price": D(60),
        "target_price": D(150),
        "bid": D("99.80"),
        "expected_return_pct": 12.0,
    }
    return equity_signal(symbol, **(fields | changes))


def position(symbol: str = "INFY", **changes: Any) -> Position:
    fields: dict[str, Any] = {
        "account": "main",
        "position_id": f"P260818{symbol}",
        "mode": "paper",
        "strategy": "equity",
        "exchange": "NSE",
        "symbol": symbol,
        "underlying": symbol,
        "instrument_token": 408065,
        "lot_size": 1,
        "tick_size": D("0.05"),
        "product": "MIS",
        "quantity": 100,
        "entry_price": D(100),
        "entry_time": AS_OF - timedelta(minutes=10),
        "entry_intent_id": f"N260818{symbol}",
        "entry_charges": D(10),
        "entry_slippage": D(0),
        "stop_loss_price": D(99),
        "target_price": D(103),
        "exit_by": AS_OF.replace(hour=15),
    }
    return Position.model_validate(fields | changes)


def mark(held: Position, unrealised: str = "0", as_of: datetime = AS_OF, **changes: Any) -> Mark:
    """A mark whose bid makes this much, the charges of the exit to come left out."""
    price = held.entry_price + (D(unrealised) + held.entry_charges) / held.open_quantity
    fields: dict[str, Any] = {
        "position_id": held.position_id,
        "account": held.account,
        "as_of": as_of,
        "last_price": price,
        "bid": price,
        "unrealised_pnl": D(unrealised),
    }
    return Mark.model_validate(fields | changes)


def open_cycle(store: StateStore, *, late: bool = False) -> None:
    """The minute before AS_OF has closed on its one shard, and its cycle has begun."""
    minute = AS_OF - timedelta(minutes=1)
    store.write(
        create(MinuteClose(minute=minute, shard="shard-0", path="unused", candles=12, late=late)),
        create(Cycle(run_id=RUN_ID, as_of=AS_OF, state="STARTED")),
    )


def add_account(store: StateStore, clock: Clock, account: str = "main", *, enabled: bool = True) -> None:
    """An account that has logged in this morning (wall time)."""
    now = clock.now()
    store.write(
        create(
            Account(
                account=account,
                label=account,
                kite_user_id="AB1234",
                api_key="key",
                principal="owner",
                enabled=enabled,
            )
        ),
        create(
            KiteSession(
                account=account,
                version=1,
                user_id="AB1234",
                logged_in_at=now,
                valid_until=now + timedelta(hours=8),
                login_digest="digest",
            )
        ),
    )


def halts(
    store: StateStore,
    wanted: Settings | None = None,
    clock: Clock | None = None,
    notifier: RecordedNotifier | None = None,
    metrics: RecordedMetrics | None = None,
) -> Halts:
    return Halts(
        store,
        clock or FixedClock(),
        lambda: wanted or Settings(),
        lambda: notifier or RecordedNotifier(),
        metrics or RecordedMetrics(),
    )


def settings(**risk: Any) -> Settings:
    """Safe defaults but for these risk settings."""
    return Settings.model_validate({"risk": risk})

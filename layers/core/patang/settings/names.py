"""What each setting is called where people read: in words that need no section beside them."""

from collections.abc import Mapping
from typing import Final

__all__ = ["NAMES", "name_of"]

_RULES: Final = {
    "setups": "setups that may enter",
    "min_adx": "least trend strength (ADX)",
    "max_rsi": "highest RSI to buy at",
    "min_frames": "timeframes that must agree",
    "min_stretch": "least distance from the mean to revert",
    "max_reversion_adx": "strongest trend to revert against (ADX)",
    "enabled": "switched on",
    "capital_share_pct": "share of the capital",
    "holding_period": "holding period",
    "max_spread_pct": "widest bid-ask spread",
    "first_entry": "no entry before",
    "last_entry": "no entry after",
    "exit_by": "sold by",
    "max_hold_minutes": "longest holding time",
}

_OF_SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "": {
        "mode": "Mode",
        "profile": "Profile label",
        "data_account": "Account that supplies prices",
        "public_url": "Public address of the desk",
        "cycle_interval_seconds": "Time between entry decisions",
        "sessions": "Trading hours of single days",
        "blackouts": "Events without entries",
        "entry_order_seconds": "Longest wait for an entry's fill",
        "registered_egress_ip": "IP address registered with the broker",
        "egress_echo_url": "Service that tells the own IP address",
    },
    "kite": {
        "root": "Broker: orders and portfolio",
        "ticker_root": "Broker: stream of ticks",
        "login_root": "Broker: login page",
        "timeout_seconds": "Broker: longest wait for an answer",
        "logout_at": "Broker: log out at",
    },
    "capital": {
        "starting_capital_inr": "Starting capital",
        "daily_loss_limit_pct": "Daily loss limit",
        "max_drawdown_pct": "Largest drawdown",
    },
    "risk": {
        "risk_per_trade_pct": "Risk per trade",
        "max_concurrent_positions": "Most open positions",
        "max_concurrent_options": "Most open option positions",
        "max_symbol_exposure_pct": "Most exposure to one underlying",
        "max_portfolio_exposure_pct": "Most exposure of all positions",
        "margin_buffer_pct": "Cash buffer",
        "intraday_margin_pct": "Margin of an intraday share",
        "min_confidence": "Least confidence of a signal",
        "min_expected_net_profit_inr": "Least expected net profit",
        "max_api_latency_ms": "Slowest broker answer",
        "max_exceptions_per_minute": "Most errors in a minute",
        "max_data_age_seconds": "Oldest price for an entry",
        "stop_loss_guard_stops": "Stop-loss guard: losing stops",
        "stop_loss_guard_window_minutes": "Stop-loss guard: counted within",
        "stop_loss_guard_pause_minutes": "Stop-loss guard: pause",
        "symbol_cooldown_minutes": "Cool-down of a symbol",
    },
    "options": {name: f"Options: {words}" for name, words in _RULES.items()}
    | {
        "underlyings": "Options: underlyings",
        "premium_target_pct": "Options: target",
        "premium_stop_pct": "Options: stop",
        "min_delta": "Options: least delta",
        "max_delta": "Options: greatest delta",
        "min_open_interest": "Options: least open interest",
        "min_premium_inr": "Options: least premium",
        "cooldown_hours": "Options: pause between entries",
        "min_minutes_to_expiry": "Options: least time to expiry",
        "min_volume": "Options: least volume",
        "max_iv_rank": "Options: highest IV rank",
        "enter_on_expiry_day": "Options: entries on expiry day",
        "min_sessions_to_expiry_exit": "Options: sold before expiry",
    },
    "equity": {name: f"Shares: {words}" for name, words in _RULES.items()}
    | {
        "target_atr": "Shares: target",
        "stop_atr": "Shares: stop",
        "max_hold_sessions": "Shares: longest swing",
        "min_turnover_inr": "Shares: least turnover",
        "min_atr_pct": "Shares: least ATR",
        "max_atr_pct": "Shares: greatest ATR",
        "mis_barred": "Shares barred from intraday (MIS)",
    },
    "exits": {
        "trailing_stop_options_pct": "Trailing stop of options",
        "trailing_stop_shares_pct": "Trailing stop of shares",
        "signal_reversal": "Exit when the signal turns",
        "square_off_shares": "Square-off of shares",
        "square_off_contracts": "Square-off of options",
        "broker_square_off_shares": "Broker's own square-off of shares",
        "broker_square_off_contracts": "Broker's own square-off of options",
    },
    "approval": {
        "mode": "Approval of the desk's entries",
        "timeout_seconds": "Time to approve an entry",
        "max_price_drift_pct": "Most price drift until the order",
    },
    "requests": {
        "approval": "Approval of requested orders",
        "timeout_seconds": "Time to approve a requested order",
        "max_order_value_inr": "Largest value of a request",
        "max_day_value_inr": "Largest value of a day's requests",
        "max_orders_a_day": "Most requested orders a day",
        "assistant_alone_inr": "Order a program may place alone",
        "assistant_alone_day_inr": "Orders a program may place alone a day",
    },
    "notifications": {
        "email": "Events by e-mail",
        "sms": "Events by SMS",
        "quiet_from": "Quiet hours from",
        "quiet_until": "Quiet hours until",
        "merge_minutes": "Messages merged within",
        "daily_report": "Daily report",
        "monthly_report": "Monthly report",
    },
    "universe": {
        "indices": "Watched indices",
        "equities": "Watched shares",
        "chain_band_pct": "Watched strikes: distance from the price",
        "strikes_each_side": "Watched strikes: each side of the money",
    },
}


# By dotted path.
NAMES: Final[Mapping[str, str]] = {
    f"{section}.{name}".lstrip("."): words
    for section, those in _OF_SECTIONS.items()
    for name, words in those.items()
}


def name_of(path: str) -> str:
    """What people call a setting; the path itself for one that an older version knew."""
    return NAMES.get(path, path)

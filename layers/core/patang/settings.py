"""The desk's settings: one validated tree with safe defaults, kept as one item of the desk table."""

from decimal import Decimal
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from patang.errors import SettingsError
from patang.keys import settings_key
from patang.market.session_override import SessionOverride
from patang.ports import StateStore

__all__ = [
    "LONGEST_APPROVAL_SECONDS",
    "ApprovalSettings",
    "CapitalSettings",
    "EquitySettings",
    "KiteSettings",
    "Mode",
    "OptionSettings",
    "RiskSettings",
    "Settings",
    "UniverseSettings",
    "load_settings",
]

# No setting can make an approval wait longer; the order workflow's own time-out lies behind it.
LONGEST_APPROVAL_SECONDS = 900

type Mode = Literal["paper", "simulator", "live"]

Percent = Annotated[Decimal, Field(gt=0, le=100)]
Probability = Annotated[float, Field(ge=0, le=1)]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]

_PRIVATE_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "sandbox.kite.trade"})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KiteSettings(_Section):
    """Where the broker is. Base addresses are settings so that a simulator or the sandbox can stand in."""

    root: str = "https://api.kite.trade"
    ticker_root: str = "wss://ws.kite.trade"
    login_root: str = "https://kite.zerodha.com"
    timeout_seconds: Annotated[int, Field(ge=1, le=15)] = 7


class CapitalSettings(_Section):
    """Capital in rupees and the losses that stop the desk, percent of that capital."""

    starting_capital_inr: Annotated[Decimal, Field(gt=0)] = Decimal(300_000)
    daily_loss_limit_pct: Percent = Decimal(3)
    max_drawdown_pct: Percent = Decimal(10)


class RiskSettings(_Section):
    """Bounds of every entry. Percentages are of capital."""

    risk_per_trade_pct: Percent = Decimal(2)
    max_concurrent_positions: Annotated[int, Field(ge=1, le=20)] = 2
    max_concurrent_options: Annotated[int, Field(ge=0, le=20)] = 1
    max_symbol_exposure_pct: Percent = Decimal(10)
    max_portfolio_exposure_pct: Percent = Decimal(30)
    margin_buffer_pct: Percent = Decimal(10)
    min_confidence: Probability = 0.80
    min_expected_net_profit_inr: Annotated[Decimal, Field(ge=0)] = Decimal(150)
    max_api_latency_ms: Annotated[int, Field(ge=50, le=10_000)] = 500
    max_exceptions_per_minute: Annotated[int, Field(ge=1, le=100)] = 5
    max_data_age_seconds: Annotated[int, Field(ge=5, le=600)] = 120


class OptionSettings(_Section):
    """The long-option strategy: momentum of the index (ADX and RSI of 14 minutes), premium target and stop in
    percent, delta band, liquidity of the contract, hours (IST)."""

    enabled: bool = True
    underlyings: tuple[str, ...] = ("NIFTY", "BANKNIFTY")
    min_adx: Annotated[float, Field(ge=0, le=100)] = 20.0
    max_rsi: Annotated[float, Field(ge=50, le=100)] = 70.0
    premium_target_pct: Percent = Decimal(50)
    premium_stop_pct: Percent = Decimal(40)
    min_delta: Probability = 0.20
    max_delta: Probability = 0.40
    max_spread_pct: Percent = Decimal(3)
    min_open_interest: Annotated[int, Field(ge=0)] = 1_000
    min_premium_inr: Annotated[Decimal, Field(gt=0)] = Decimal(10)
    cooldown_hours: Annotated[int, Field(ge=0, le=240)] = 48
    first_entry: ClockTime = "09:20"
    last_entry: ClockTime = "14:45"
    max_hold_minutes: Annotated[int, Field(ge=1)] = 240
    exit_by: ClockTime = "15:05"
    min_minutes_to_expiry: Annotated[int, Field(ge=0)] = 1_440


class EquitySettings(_Section):
    """The equity strategy: momentum of the share (ADX and RSI of 14 minutes), target and stop in multiples of
    ATR(14) of one-minute bars, spread of the book, hours (IST)."""

    enabled: bool = True
    holding_period: Literal["intraday", "swing"] = "intraday"
    min_adx: Annotated[float, Field(ge=0, le=100)] = 20.0
    max_rsi: Annotated[float, Field(ge=50, le=100)] = 75.0
    max_spread_pct: Percent = Decimal("0.3")
    target_atr: Annotated[float, Field(gt=0, le=50)] = 14.0
    stop_atr: Annotated[float, Field(gt=0, le=50)] = 8.0
    first_entry: ClockTime = "09:30"
    last_entry: ClockTime = "14:30"
    exit_by: ClockTime = "15:00"
    max_hold_minutes: Annotated[int, Field(ge=1)] = 120


class ApprovalSettings(_Section):
    """How a yes is had. `semi-automated` asks a person for each entry."""

    mode: Literal["semi-automated", "automated"] = "semi-automated"
    timeout_seconds: Annotated[int, Field(ge=15, le=LONGEST_APPROVAL_SECONDS)] = 120
    max_price_drift_pct: Percent = Decimal(1)


class UniverseSettings(_Section):
    """What is watched: indices (by underlying), equities (by tradingsymbol), and of each index the options of
    its current and next expiry. `chain_band_pct`: how far from the last price, in percent, strikes may be
    watched during the day; `strikes_each_side`: how many either side of the money are at a time."""

    indices: tuple[str, ...] = ("NIFTY", "BANKNIFTY")
    equities: tuple[str, ...] = (
        "RELIANCE",
        "HDFCBANK",
        "ICICIBANK",
        "INFY",
        "TCS",
        "SBIN",
        "ITC",
        "LT",
        "AXISBANK",
        "MARUTI",
    )
    chain_band_pct: Percent = Decimal(10)
    strikes_each_side: Annotated[int, Field(ge=1, le=40)] = 8


class Settings(_Section):
    """Everything a person may set. Absent fields take these safe defaults; unknown ones are refused.

    `mode`: paper (orders stay inside Patang), simulator (orders go to a simulator on this machine or to the
    broker's sandbox, and nowhere else), live (real orders, after the day's preflight).
    `profile` is a label that every screen shows when it is not "safe".
    `sessions`: hours of single days that go before the exchange calendar's.
    """

    mode: Mode = "paper"
    profile: str = "safe"
    data_account: str = "main"
    public_url: str | None = None
    kite: KiteSettings = KiteSettings()
    capital: CapitalSettings = CapitalSettings()
    risk: RiskSettings = RiskSettings()
    options: OptionSettings = OptionSettings()
    equity: EquitySettings = EquitySettings()
    approval: ApprovalSettings = ApprovalSettings()
    universe: UniverseSettings = UniverseSettings()
    sessions: tuple[SessionOverride, ...] = ()
    entry_order_seconds: Annotated[int, Field(ge=5, le=900)] = 120
    registered_egress_ip: str | None = None

    @property
    def simulated_market(self) -> bool:
        """Whether the market is a simulator's, whose time need not be the wall's."""
        return urlsplit(self.kite.root).hostname in _PRIVATE_HOSTS

    @model_validator(mode="after")
    def _simulator_is_private(self) -> Self:
        if self.mode == "simulator" and not self.simulated_market:
            raise ValueError(
                f"mode simulator sends orders to kite.root, which is {self.kite.root!r}: "
                "give a loopback address or the sandbox, or set mode paper"
            )
        return self

    @model_validator(mode="after")
    def _one_word_a_session(self) -> Self:
        said = [(override.day, override.segment) for override in self.sessions]
        twice = next((key for key in said if said.count(key) > 1), None)
        if twice is not None:
            raise ValueError(f"sessions says two things of {twice[0]}, segment {twice[1] or 'all'}: keep one")
        return self


def load_settings(store: StateStore) -> Settings:
    """The stored settings, or the safe defaults where none are stored.

    Raises SettingsError that names each wrong field and its value.
    """
    attributes = store.get(settings_key())
    if attributes is None:
        return Settings()
    try:
        return Settings.model_validate_json(str(attributes["document"]))
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error


def _explain(error: ValidationError) -> str:
    wrong = [f"{'.'.join(map(str, e['loc']))} = {e['input']!r}: {e['msg']}" for e in error.errors()]
    return "the desk's settings are wrong: " + "; ".join(wrong)

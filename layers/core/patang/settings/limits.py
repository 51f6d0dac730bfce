"""Capital, the bounds of every entry, and how the owner is asked."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from patang.settings.fields import About, Percent, Probability, Section

__all__ = ["LONGEST_APPROVAL_SECONDS", "ApprovalSettings", "CapitalSettings", "RiskSettings"]

# No setting can make an approval wait longer; the order workflow's own time-out lies behind it.
LONGEST_APPROVAL_SECONDS = 900


class CapitalSettings(Section):
    """Capital in rupees and the losses that stop the desk, percent of that capital."""

    starting_capital_inr: Annotated[
        Decimal,
        About("rupees", "up"),
        Field(gt=0, le=10**10, description="What each account begins with; percentages are of it."),
    ] = Decimal(300_000)
    daily_loss_limit_pct: Annotated[
        Percent,
        About("percent of the capital", "up"),
        Field(description="A day's loss, realised and not, after which no entry is made that day."),
    ] = Decimal(3)
    max_drawdown_pct: Annotated[
        Percent,
        About("percent of the capital", "up"),
        Field(
            description="Loss from the highest capital after which no entry is made until a person resumes."
        ),
    ] = Decimal(10)


class RiskSettings(Section):
    """Bounds of every entry. Percentages are of capital."""

    risk_per_trade_pct: Annotated[
        Percent,
        About("percent of the capital", "up"),
        Field(description="What one trade may lose at its stop, charges included."),
    ] = Decimal(2)
    max_concurrent_positions: Annotated[
        int,
        About("positions", "up"),
        Field(ge=1, le=20, description="Open positions and orders on their way."),
    ] = 2
    max_concurrent_options: Annotated[
        int, About("positions", "up"), Field(ge=0, le=20, description="How many of those may be options.")
    ] = 1
    max_symbol_exposure_pct: Annotated[
        Percent,
        About("percent of the capital", "up"),
        Field(description="What may be invested in one underlying."),
    ] = Decimal(10)
    max_portfolio_exposure_pct: Annotated[
        Percent,
        About("percent of the capital", "up"),
        Field(description="What may be invested in all."),
    ] = Decimal(30)
    margin_buffer_pct: Annotated[
        Percent,
        About("percent", "down"),
        Field(description="Part of the funds that is left alone, and the surplus a purchase must find."),
    ] = Decimal(10)
    intraday_margin_pct: Annotated[
        Decimal,
        About("percent of the value", "down"),
        Field(
            ge=20,
            le=100,
            description="Cash set aside for shares bought for the day (MIS); under 100 is leverage.",
        ),
    ] = Decimal(100)
    min_confidence: Annotated[
        Probability,
        About("probability", "down"),
        Field(description="Least calibrated probability to win (p_win) that an entry needs."),
    ] = 0.80
    min_expected_net_profit_inr: Annotated[
        Decimal,
        About("rupees", "down"),
        Field(
            ge=0,
            le=10**7,
            description="Least expected profit after charges, spread and slippage of both legs.",
        ),
    ] = Decimal(150)
    max_api_latency_ms: Annotated[
        int,
        About("milliseconds", "up"),
        Field(
            ge=50,
            le=10_000,
            description="Slowest median of five calls to the broker that lets an entry pass.",
        ),
    ] = 500
    max_exceptions_per_minute: Annotated[
        int,
        About("exceptions a minute", "up"),
        Field(ge=1, le=100, description="Unexpected errors a minute from which on no entry is made."),
    ] = 5
    max_data_age_seconds: Annotated[
        int,
        About("seconds", "up"),
        Field(ge=5, le=600, description="Oldest price that an entry may be decided on, in market time."),
    ] = 120
    stop_loss_guard_stops: Annotated[
        int,
        About("stops", "up"),
        Field(ge=1, le=50, description="Losing stops within the window that pause entries."),
    ] = 3
    stop_loss_guard_window_minutes: Annotated[
        int,
        About("minutes", "down"),
        Field(ge=1, le=375, description="How close together, in market time, those stops must be."),
    ] = 60
    stop_loss_guard_pause_minutes: Annotated[
        int,
        About("minutes", "down"),
        Field(ge=1, le=375, description="How long, in market time, entries pause after the last of them."),
    ] = 60
    symbol_cooldown_minutes: Annotated[
        int,
        About("minutes", "down"),
        Field(ge=0, le=1440, description="How long an underlying is not entered after it was sold."),
    ] = 15


class ApprovalSettings(Section):
    """How a yes is had. `semi-automated` asks a person for each entry."""

    mode: Annotated[
        Literal["semi-automated", "automated"],
        About("word", ("semi-automated", "automated")),
        Field(description="Whether a person is asked before each entry."),
    ] = "semi-automated"
    timeout_seconds: Annotated[
        int,
        About("seconds", "up"),
        Field(ge=15, le=LONGEST_APPROVAL_SECONDS, description="How long a proposal waits for the yes."),
    ] = 120
    max_price_drift_pct: Annotated[
        Percent,
        About("percent of the price", "up"),
        Field(description="How far the price may move between the proposal and the order."),
    ] = Decimal(1)

"""What each strategy may do, when, and with how much of the capital."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from patang.settings.fields import About, ClockTime, Percent, Probability, Section

__all__ = ["EquitySettings", "OptionSettings"]


class OptionSettings(Section):
    """The long-option strategy: momentum of the index (ADX and RSI of 14 minutes), premium target and stop in
    percent, delta band, liquidity of the contract, hours (IST)."""

    enabled: Annotated[
        bool, About("switch", "up"), Field(description="Whether options are bought at all.")
    ] = True
    capital_share_pct: Annotated[
        Percent,
        About("percent of the capital", "up"),
        Field(description="What this strategy may have invested at a time."),
    ] = Decimal(10)
    underlyings: Annotated[
        tuple[str, ...],
        About("names", "more"),
        Field(max_length=20, description="Indices whose options may be bought."),
    ] = ("NIFTY", "BANKNIFTY")
    min_adx: Annotated[
        float,
        About("ADX(14)", "down"),
        Field(ge=0, le=100, description="Least strength of the index's trend."),
    ] = 20.0
    max_rsi: Annotated[
        float,
        About("RSI(14)", "up"),
        Field(ge=50, le=100, description="RSI above which no call is bought; below 100 less of it, no put."),
    ] = 70.0
    premium_target_pct: Annotated[
        Percent, About("percent of the premium"), Field(description="Gain at which a position is sold.")
    ] = Decimal(50)
    premium_stop_pct: Annotated[
        Percent, About("percent of the premium", "up"), Field(description="Loss at which a position is sold.")
    ] = Decimal(40)
    min_delta: Annotated[
        Probability, About("delta, absolute", "down"), Field(description="Least delta of the contract.")
    ] = 0.20
    max_delta: Annotated[
        Probability, About("delta, absolute", "up"), Field(description="Greatest delta of the contract.")
    ] = 0.40
    max_spread_pct: Annotated[
        Percent, About("percent of the ask", "up"), Field(description="Widest spread of the contract.")
    ] = Decimal(3)
    min_open_interest: Annotated[
        int, About("units", "down"), Field(ge=0, le=10**9, description="Least open interest of the contract.")
    ] = 1_000
    min_premium_inr: Annotated[
        Decimal, About("rupees a unit", "down"), Field(gt=0, le=10**5, description="Least premium.")
    ] = Decimal(10)
    cooldown_hours: Annotated[
        int,
        About("hours", "down"),
        Field(ge=0, le=240, description="Pause of the account between two option entries, from the fill."),
    ] = 48
    first_entry: Annotated[ClockTime, About("HH:MM, IST", "down"), Field(description="No entry before.")] = (
        "09:20"
    )
    last_entry: Annotated[ClockTime, About("HH:MM, IST", "up"), Field(description="No entry after.")] = (
        "14:45"
    )
    max_hold_minutes: Annotated[
        int, About("minutes", "up"), Field(ge=1, le=10_000, description="Longest time a position is held.")
    ] = 240
    exit_by: Annotated[ClockTime, About("HH:MM, IST", "up"), Field(description="Sold by this time.")] = (
        "15:05"
    )
    min_minutes_to_expiry: Annotated[
        int,
        About("minutes", "down"),
        Field(ge=0, le=50_000, description="Least time to the contract's expiry at the entry."),
    ] = 1_440

    @model_validator(mode="after")
    def _runs_upwards(self) -> Self:
        if self.min_delta > self.max_delta:
            raise ValueError(
                f"min_delta {self.min_delta} is above max_delta {self.max_delta}: no contract fits"
            )
        _check_hours(self.first_entry, self.last_entry, self.exit_by)
        return self


class EquitySettings(Section):
    """The equity strategy: momentum of the share (ADX and RSI of 14 minutes), target and stop in multiples of
    ATR(14) of one-minute bars, spread of the book, hours (IST)."""

    enabled: Annotated[
        bool, About("switch", "up"), Field(description="Whether shares are bought at all.")
    ] = True
    capital_share_pct: Annotated[
        Percent,
        About("percent of the capital", "up"),
        Field(description="What this strategy may have invested at a time."),
    ] = Decimal(20)
    holding_period: Annotated[
        Literal["intraday", "swing"],
        About("word", ("intraday", "swing")),
        Field(description="Whether shares are sold the same day (MIS) or may be kept (CNC)."),
    ] = "intraday"
    min_adx: Annotated[
        float,
        About("ADX(14)", "down"),
        Field(ge=0, le=100, description="Least strength of the share's trend."),
    ] = 20.0
    max_rsi: Annotated[
        float, About("RSI(14)", "up"), Field(ge=50, le=100, description="RSI above which no share is bought.")
    ] = 75.0
    max_spread_pct: Annotated[
        Percent, About("percent of the ask", "up"), Field(description="Widest spread of the book.")
    ] = Decimal("0.3")
    target_atr: Annotated[
        float,
        About("multiples of ATR(14)"),
        Field(gt=0, le=50, description="Distance of the target from the entry."),
    ] = 14.0
    stop_atr: Annotated[
        float,
        About("multiples of ATR(14)", "up"),
        Field(gt=0, le=50, description="Distance of the stop from the entry."),
    ] = 8.0
    first_entry: Annotated[ClockTime, About("HH:MM, IST", "down"), Field(description="No entry before.")] = (
        "09:30"
    )
    last_entry: Annotated[ClockTime, About("HH:MM, IST", "up"), Field(description="No entry after.")] = (
        "14:30"
    )
    exit_by: Annotated[ClockTime, About("HH:MM, IST", "up"), Field(description="Sold by this time.")] = (
        "15:00"
    )
    max_hold_minutes: Annotated[
        int, About("minutes", "up"), Field(ge=1, le=10_000, description="Longest time a position is held.")
    ] = 120

    @model_validator(mode="after")
    def _runs_upwards(self) -> Self:
        _check_hours(self.first_entry, self.last_entry, self.exit_by)
        return self


def _check_hours(first_entry: str, last_entry: str, exit_by: str) -> None:
    """Raises ValueError if the hours of a strategy do not follow each other."""
    if not first_entry <= last_entry < exit_by:
        raise ValueError(
            f"first_entry {first_entry}, last_entry {last_entry} and exit_by {exit_by} must follow each other"
        )

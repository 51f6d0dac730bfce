"""What each strategy may do, when, and with how much of the capital."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from patang.settings.fields import About, ClockTime, Percent, Probability, Section

__all__ = ["EntryRules", "EquitySettings", "OptionSettings", "SetupName"]

type SetupName = Literal["momentum", "mean_reversion"]


class EntryRules(Section):
    """What every strategy asks of the bars of 1, 5 and 15 minutes."""

    setups: Annotated[
        tuple[SetupName, ...],
        About("words", "more"),
        Field(
            max_length=2,
            description="Which setups may ask for an entry, in the order they are tried.",
            json_schema_extra={"ordered": True},
        ),
    ] = ("momentum", "mean_reversion")
    min_adx: Annotated[
        float,
        About("ADX(14)", "down"),
        Field(ge=0, le=100, description="Least strength of a momentum, bars of one minute."),
    ] = 20.0
    max_rsi: Annotated[
        float,
        About("RSI(14)", "up"),
        Field(ge=50, le=100, description="RSI above which nothing that rises is bought; mirrored for a put."),
    ] = 70.0
    min_frames: Annotated[
        int,
        About("of the bars of 1, 5 and 15 minutes", "down"),
        Field(ge=1, le=3, description="How many must agree with a momentum; those of 1 minute always must."),
    ] = 2
    min_stretch: Annotated[
        float,
        About("standard deviations", "down"),
        Field(
            ge=0,
            le=5,
            description="How far from its mean of 20 bars (5 or 15 minutes) a price must be to revert.",
        ),
    ] = 2.0
    max_reversion_adx: Annotated[
        float,
        About("ADX(14)", "up"),
        Field(ge=0, le=100, description="Strongest trend of 15 minutes against which a price may revert."),
    ] = 30.0


class OptionSettings(EntryRules):
    """The long-option strategy: setups on the index, premium target and stop in percent, delta band,
    liquidity and expiry of the contract, hours (IST)."""

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
    premium_target_pct: Annotated[
        Percent, About("percent of the premium", "up"), Field(description="Gain at which a position is sold.")
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
    holding_period: Annotated[
        Literal["intraday", "swing"],
        About("word", ("intraday", "swing")),
        Field(description="Whether options are sold the same day (MIS) or may be carried (NRML)."),
    ] = "intraday"
    min_volume: Annotated[
        int, About("units", "down"), Field(ge=0, le=10**9, description="Least of the contract traded today.")
    ] = 1_000
    max_iv_rank: Annotated[
        Probability,
        About("rank in a year, 0 to 1", "up"),
        Field(
            description="Dearest volatility of the index that is bought; no bound while a year is unknown."
        ),
    ] = 0.70
    enter_on_expiry_day: Annotated[
        bool,
        About("switch", "up"),
        Field(
            description="Whether later contracts may be bought on a day on which some of the index expire."
        ),
    ] = False
    min_sessions_to_expiry_exit: Annotated[
        int,
        About("sessions", "down"),
        Field(
            ge=0,
            le=30,
            description="Least sessions, that of the entry among them, before the one of the expiry exit.",
        ),
    ] = 2

    @model_validator(mode="after")
    def _runs_upwards(self) -> Self:
        if self.min_delta > self.max_delta:
            raise ValueError(
                f"min_delta {self.min_delta} is above max_delta {self.max_delta}: no contract fits"
            )
        _check_hours(self.first_entry, self.last_entry, self.exit_by)
        return self


class EquitySettings(EntryRules):
    """The equity strategy: setups on the share, its liquidity and volatility, target and stop in multiples
    of ATR(14) (bars of one minute, for a swing of fifteen), hours (IST)."""

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
    max_rsi: Annotated[
        float, About("RSI(14)", "up"), Field(ge=50, le=100, description="RSI above which no share is bought.")
    ] = 75.0
    max_spread_pct: Annotated[
        Percent, About("percent of the ask", "up"), Field(description="Widest spread of the book.")
    ] = Decimal("0.3")
    target_atr: Annotated[
        float,
        About("multiples of ATR(14)", "up"),
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
    max_hold_sessions: Annotated[
        int,
        About("sessions", "up"),
        Field(ge=1, le=60, description="Longest time a swing is held, the day of its entry not counted."),
    ] = 10
    min_turnover_inr: Annotated[
        Decimal,
        About("rupees", "down"),
        Field(ge=0, le=10**12, description="Least turnover of the share today, volume times price."),
    ] = Decimal(10_000_000)
    min_atr_pct: Annotated[
        float,
        About("percent of the price", "down"),
        Field(ge=0, le=10, description="Least ATR(14) of one-minute bars: a share that does not move."),
    ] = 0.02
    max_atr_pct: Annotated[
        float,
        About("percent of the price", "up"),
        Field(gt=0, le=10, description="Greatest ATR(14) of one-minute bars: a share out of control."),
    ] = 1.0
    mis_barred: Annotated[
        tuple[str, ...],
        About("names", "fewer"),
        Field(max_length=2_000, description="Shares that the broker bars from MIS: not bought intraday."),
    ] = ()

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

"""When positions are sold beside their stop, target and time: what holds for every strategy."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from patang.settings.fields import About, ClockTime, Percent, Section

__all__ = ["ExitSettings"]


class ExitSettings(Section):
    """Trailing stops, the opposite signal, and the hours (IST) at which intraday positions are squared off.

    Trailing stops and the opposite signal are off at first: the models' labels know stop, target and time
    alone, and p_win is the chance of those.
    """

    trailing_stop_options_pct: Annotated[
        Percent | None,
        About("percent of the highest premium", "up"),
        Field(description="How far below its highest price an option is sold; none: not at all."),
    ] = None
    trailing_stop_shares_pct: Annotated[
        Percent | None,
        About("percent of the highest price", "up"),
        Field(description="How far below its highest price a share is sold; none: not at all."),
    ] = None
    signal_reversal: Annotated[
        bool,
        About("switch", "down"),
        Field(description="Whether a signal of the other direction on its underlying sells a position."),
    ] = False
    square_off_shares: Annotated[
        ClockTime, About("HH:MM, IST", "up"), Field(description="Intraday shares (MIS) are sold by then.")
    ] = "15:05"
    square_off_contracts: Annotated[
        ClockTime,
        About("HH:MM, IST", "up"),
        Field(
            description="Intraday options (MIS) are sold by then, and carried ones (NRML) in the last "
            "session that opens a day or more before they expire."
        ),
    ] = "15:15"
    broker_square_off_shares: Annotated[
        ClockTime,
        About("HH:MM, IST", looser=None),
        Field(description="When the broker squares off intraday shares by himself, for a fee."),
    ] = "15:10"
    broker_square_off_contracts: Annotated[
        ClockTime,
        About("HH:MM, IST", looser=None),
        Field(description="When the broker squares off intraday options by himself, for a fee."),
    ] = "15:20"

    @model_validator(mode="after")
    def _before_the_broker(self) -> Self:
        for kind in ("shares", "contracts"):
            ours, brokers = getattr(self, f"square_off_{kind}"), getattr(self, f"broker_square_off_{kind}")
            if ours >= brokers:
                raise ValueError(
                    f"square_off_{kind} {ours} is not before broker_square_off_{kind} {brokers}: "
                    "the broker would sell first"
                )
        return self

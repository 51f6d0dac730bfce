"""Why a feature has no value. A feature that is not defined is NaN with one of these, never zero."""

from enum import StrEnum

__all__ = ["REASONS", "Undefined"]


class Undefined(StrEnum):
    """The reason, as people and the audit log read it."""

    WARMING_UP = "fewer bars than it needs"
    NO_MOVEMENT = "the price did not move"
    NO_QUOTE = "not quoted today"
    NO_BOOK = "no two-sided book"
    NO_TRADES = "no trade whose side is known"
    NO_STAND_IN = "an index has no book, and no future or option on it is watched"
    NO_CHAIN = "no option on it with a price that tells its volatility"
    NO_HISTORY = "no history of its volatility"
    NOT_AN_OPTION = "only an option contract has it"
    NO_OPEN_INTEREST = "no open interest fifteen minutes ago"
    GAP = "the stream was interrupted within its minutes"
    NO_PRICE = "the bar has no price"
    NOT_IN_CANDLES = "candles do not tell it"


# Arrays of reasons hold places in this tuple, as unsigned bytes; 0 says that the value is defined.
REASONS: tuple[Undefined | None, ...] = (None, *Undefined)

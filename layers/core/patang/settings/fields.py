"""What every setting says of itself: a unit, a range, a sentence, and which way it is looser."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CLOCK_TIME", "About", "ClockTime", "Looser", "Percent", "Probability", "Section"]

# up, down: a greater or a lesser value lets the desk do more (clock times and switches have an order too).
# more, fewer: a further member, or one less, does. any: whatever is changed. A tuple: the values from the
# tightest to the loosest. Of a bound that may be left out, none is the loosest.
type Looser = Literal["up", "down", "more", "fewer", "any"] | tuple[str, ...]

Percent = Annotated[Decimal, Field(gt=0, le=100)]
Probability = Annotated[float, Field(ge=0, le=1)]
CLOCK_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
ClockTime = Annotated[str, Field(pattern=CLOCK_TIME)]


@dataclass(frozen=True, slots=True)
class About:
    """`unit` as a person reads it. `looser`: which way the limit loosens; None where it is no limit, so that
    a change holds at once (or where it is part of an entry of a list, which is held as a whole).

    There is no default: whoever adds a setting says it.
    """

    unit: str
    looser: Looser | None


class Section(BaseModel):
    """A part of the tree: frozen, and nothing in it that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

"""When each instrument of a list trades on a day, as arrays that go beside the rows of ticks and bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.market.instruments import Instrument
from patang.market.session_override import SessionOverride
from patang.market.sessions import Segment, Session, session_on

__all__ = ["InstrumentHours", "hours_of", "segment_of"]

_EXCHANGES = frozenset({"NSE", "BSE", "NFO", "BFO"})


@dataclass(frozen=True, slots=True)
class InstrumentHours:
    """Epoch seconds, one a row: continuous trading in [opening, closing), auction prints in
    [closing, auction_closing], which equals closing where there is no auction. Zeros: no trading that day."""

    opening: NDArray[np.int64]
    closing: NDArray[np.int64]
    auction_closing: NDArray[np.int64]


def segment_of(instrument: Instrument) -> Segment:
    """Whose hours an instrument keeps. Raises BadInput for an exchange that the calendar does not cover."""
    if instrument.exchange not in _EXCHANGES:
        raise BadInput(
            f"{instrument.identifier} trades on {instrument.exchange}, which the calendar does not cover: "
            f"watch instruments of {', '.join(sorted(_EXCHANGES))}"
        )
    if instrument.instrument_type == "INDEX":
        return "index"
    if instrument.instrument_type != "EQ":
        return "derivatives"
    return "cash_with_auction" if instrument.has_derivatives else "cash"


def hours_of(
    instruments: Sequence[Instrument], day: date, overrides: Iterable[SessionOverride] = ()
) -> InstrumentHours:
    """The hours of each instrument on a day, in their order. Raises as `session_on` and `segment_of` do."""
    said = tuple(overrides)
    segments = [segment_of(instrument) for instrument in instruments]
    told = {segment: _seconds(session_on(day, segment, said)) for segment in set(segments)}
    columns = np.array([told[segment] for segment in segments], dtype=np.int64).reshape(-1, 3)
    return InstrumentHours(*(np.ascontiguousarray(column) for column in columns.T))


def _seconds(session: Session | None) -> tuple[int, int, int]:
    if session is None:
        return 0, 0, 0
    moments = (session.open, session.close, session.last_print())
    opening, closing, last = (int(moment.timestamp()) for moment in moments)
    return opening, closing, last

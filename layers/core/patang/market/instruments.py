"""Instruments as the day's dump lists them, and the universe a desk watches on a day."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.keys import universe_key
from patang.ports import Key
from patang.records import Record

__all__ = ["INDEX_NAMES", "FeedMode", "Instrument", "InstrumentType", "Universe"]

type InstrumentType = Literal["INDEX", "EQ", "CE", "PE", "FUT"]

# What the websocket sends of an instrument: ltp (the last price), quote (with volume), full (with the book,
# open interest and the exchange's time).
type FeedMode = Literal["ltp", "quote", "full"]

# The dump's tradingsymbol of an index and the name its derivatives carry.
INDEX_NAMES = {
    "NIFTY 50": "NIFTY",
    "NIFTY BANK": "BANKNIFTY",
    "NIFTY FIN SERVICE": "FINNIFTY",
    "NIFTY MID SELECT": "MIDCPNIFTY",
    "NIFTY NEXT 50": "NIFTYNXT50",
}


class Instrument(BaseModel):
    """One tradable (or, for an index, watchable) instrument. `lot_size` in units, `tick_size` in rupees.

    `has_derivatives`: a share on which futures and options are listed, which trades in the closing auction.
    `feed`: the mode in which a desk that watches it asks for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instrument_token: int
    exchange: str
    tradingsymbol: str
    name: str
    instrument_type: InstrumentType
    segment: str
    tick_size: Decimal
    lot_size: int
    expiry: date | None = None
    strike: Decimal | None = None
    isin: str | None = None
    has_derivatives: bool = False
    feed: FeedMode = "full"

    @property
    def identifier(self) -> str:
        """EXCHANGE:TRADINGSYMBOL, the broker's way to name it in quotes."""
        return f"{self.exchange}:{self.tradingsymbol}"

    @property
    def symbol(self) -> str:
        """The name candles and features go by: NIFTY for the index, else the tradingsymbol."""
        return INDEX_NAMES.get(self.tradingsymbol, self.tradingsymbol)

    @property
    def underlying(self) -> str:
        """What it moves with: its own symbol, or the name an option or future is written on."""
        return self.name if self.instrument_type in ("CE", "PE", "FUT") else self.symbol

    @property
    def is_option(self) -> bool:
        return self.instrument_type in ("CE", "PE")

    @property
    def is_spot(self) -> bool:
        """An index or a share: what gets features of its own."""
        return self.instrument_type in ("INDEX", "EQ")


class Universe(Record):
    """What the desk watches on a day, as (morning) chose it."""

    day: date
    instruments: tuple[Instrument, ...]

    def key(self) -> Key:
        return universe_key(self.day)

    def by_token(self) -> dict[int, Instrument]:
        return {instrument.instrument_token: instrument for instrument in self.instruments}

    def by_identifier(self) -> dict[str, Instrument]:
        return {instrument.identifier: instrument for instrument in self.instruments}

    def candle_symbols(self) -> tuple[str, ...]:
        """Symbols that get candles and features: indices and equities, in the universe's order."""
        return tuple(i.symbol for i in self.instruments if i.is_spot)

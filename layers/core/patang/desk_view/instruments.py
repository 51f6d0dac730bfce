"""Instruments as they are looked up: those that fit what was typed, and one with all that is known."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from patang.desk_view.option_chains import ContractView, OptionChains
from patang.desk_view.paging import Page, cursor_at, place_of
from patang.desk_view.views import Moment, Rupees, ShownModel
from patang.errors import BadInput, TryAgain
from patang.features.meanings import MEANINGS
from patang.features.missing import reason_name
from patang.features.vector import OPTION_FEATURES
from patang.market.instrument_search import Wanted
from patang.market.instruments import Instrument
from patang.market.listing import Listing

if TYPE_CHECKING:
    from patang.desk_view.market_state import MarketState, SeenMinute
    from patang.market.instrument_table import InstrumentTable
    from patang.market.universe import DayUniverses

__all__ = [
    "FeatureView",
    "InstrumentDetail",
    "InstrumentRow",
    "Instruments",
    "QuoteView",
    "SessionBar",
    "instrument_row",
]

# Farther than anybody turns pages: whoever is there had better say more.
_FARTHEST: Final = 10_000
_LENGTHS: Final = (1, 5, 15)


class InstrumentRow(BaseModel):
    """An instrument: rupees, `lot_size` in units; expiry and strike where it has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    instrument_token: int
    tradingsymbol: str
    exchange: str
    name: str
    instrument_type: str
    segment: str
    underlying: str
    isin: str | None
    expiry: date | None
    strike: float | None
    tick_size: float
    lot_size: int


class QuoteView(ShownModel):
    """An instrument's last price and best bid and ask in rupees, `volume` and `oi` in units, as the exchange
    told them at `exchange_time`. Null: not known."""

    last: Rupees | None
    bid: Rupees | None
    ask: Rupees | None
    volume: int
    oi: int | None
    exchange_time: Moment


class SessionBar(ShownModel):
    """The session so far, rupees and units."""

    open: Rupees
    high: Rupees
    low: Rupees
    close: Rupees
    volume: int


class FeatureView(ShownModel):
    """A feature as of a minute's end, of bars of one, five and fifteen minutes, and why one is null.

    `title`, `unit` and `tells` are for people; longer bars have features of candles alone.
    """

    name: str
    title: str
    unit: str
    tells: str
    value: float | None
    value_5m: float | None
    value_15m: float | None
    missing: str | None = None
    missing_5m: str | None = None
    missing_15m: str | None = None


class InstrumentDetail(ShownModel):
    """An instrument, and of one that the desk watches today what it knew at `as_of`, a minute's end.

    `features` are those of an index or share, empty of others. `contract` is an option's row of the newest
    kept chain, as of `contract_as_of`. `gap`: the stream was interrupted within the minute.
    """

    instrument: InstrumentRow
    watched: bool
    as_of: Moment | None
    gap: bool
    quote: QuoteView | None
    session: SessionBar | None
    features: tuple[FeatureView, ...]
    contract: ContractView | None
    contract_as_of: Moment | None


class Instruments:
    """The day's list, and what is watched of it. `listings` is read once a day, by whoever needs it first."""

    def __init__(
        self,
        listings: "Callable[[], InstrumentTable | None]",
        universes: "DayUniverses",
        state: "MarketState",
        chains: OptionChains,
    ) -> None:
        self._listings = listings
        self._universes = universes
        self._state = state
        self._chains = chains

    def search(self, wanted: Wanted, cursor: str | None, limit: int) -> Page[InstrumentRow]:
        """What fits, the likeliest first. Raises TryAgain before the first list of instruments, BadInput for
        a cursor that is none."""
        place = place_of(cursor, 1)
        begin = 0 if place is None else _number(place[0])
        table = self._listings()
        if table is None:
            raise TryAgain("the desk has no list of instruments yet: it is fetched at about 08:30 IST")
        found = table.search(wanted, begin + limit)
        end = begin + limit
        return Page(
            items=tuple(instrument_row(listing) for listing in found.listings[begin:end]),
            next=cursor_at(str(end)) if end < min(found.total, _FARTHEST) else None,
        )

    def watched(self, day: date) -> tuple[InstrumentRow, ...]:
        """The indices and shares that are watched that day; none before its morning. Raises BadInput."""
        universe = self._universes.of(day)
        spots = () if universe is None else (one for one in universe.instruments if one.is_spot)
        return tuple(instrument_row(one) for one in spots)

    def detail(self, exchange: str, symbol: str, now: datetime) -> InstrumentDetail | None:
        """One instrument as of market time `now`; None for a name that nothing is listed by."""
        universe = self._universes.of(now.date())
        watched = None if universe is None else universe.by_identifier().get(f"{exchange}:{symbol}")
        if watched is not None:
            return self._of_watched(watched, now)
        table = self._listings()
        listing = None if table is None else table.get(exchange, symbol)
        return None if listing is None else _detail(instrument_row(listing), watched=False)

    def _of_watched(self, instrument: Instrument, now: datetime) -> InstrumentDetail:
        seen = self._state.of(instrument, now)
        kept = None
        if instrument.is_option:
            kept = self._chains.contract(instrument.underlying, instrument.identifier, now)
        shown = _detail(instrument_row(instrument), watched=True)
        if kept is not None:
            shown = shown.model_copy(update={"contract_as_of": kept[0], "contract": kept[1]})
        if seen is None:
            return shown
        return shown.model_copy(
            update={
                "as_of": seen.as_of,
                "gap": seen.gap,
                "quote": _quote(seen, instrument),
                "session": _session(seen),
                "features": _features(seen),
            }
        )


def instrument_row(listed: Listing | Instrument) -> InstrumentRow:
    """Of a line of the dump, or of what is watched."""
    return InstrumentRow(
        id=listed.identifier,
        instrument_token=listed.instrument_token,
        tradingsymbol=listed.tradingsymbol,
        exchange=listed.exchange,
        name=listed.name,
        instrument_type=listed.kind if isinstance(listed, Listing) else listed.instrument_type,
        segment=listed.segment,
        underlying=listed.underlying,
        isin=listed.isin,
        expiry=listed.expiry,
        strike=None if listed.strike is None else float(listed.strike),
        tick_size=float(listed.tick_size),
        lot_size=listed.lot_size,
    )


def _detail(row: InstrumentRow, *, watched: bool) -> InstrumentDetail:
    return InstrumentDetail(
        instrument=row,
        watched=watched,
        as_of=None,
        gap=False,
        quote=None,
        session=None,
        features=(),
        contract=None,
        contract_as_of=None,
    )


def _quote(seen: "SeenMinute", instrument: Instrument) -> QuoteView | None:
    quote = seen.quote
    if quote is None:
        return None
    return QuoteView(
        last=quote.last_price or None,
        bid=quote.bid or None,
        ask=quote.ask or None,
        volume=quote.volume,
        oi=None if instrument.expiry is None else quote.oi,
        exchange_time=quote.exchange_time,
    )


def _session(seen: "SeenMinute") -> SessionBar | None:
    bar = seen.session
    if bar is None:
        return None
    return SessionBar(open=bar.open, high=bar.high, low=bar.low, close=bar.close, volume=bar.volume)


def _features(seen: "SeenMinute") -> tuple[FeatureView, ...]:
    # Those of a contract stand with its chain; an index and a share never have them.
    names = [name for name in seen.values.get(1, ()) if name not in OPTION_FEATURES and name in MEANINGS]
    return tuple(_feature(seen, name) for name in names)


def _feature(seen: "SeenMinute", name: str) -> FeatureView:
    meaning = MEANINGS[name]
    one, five, fifteen = (seen.values[minutes].get(name) for minutes in _LENGTHS)
    why = [seen.missing.get(reason_name(name, minutes)) for minutes in _LENGTHS]
    return FeatureView(
        name=name,
        title=meaning.name,
        unit=meaning.unit,
        tells=meaning.tells,
        value=one,
        value_5m=five,
        value_15m=fifteen,
        missing=why[0],
        missing_5m=why[1],
        missing_15m=why[2],
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:9]) <= _FARTHEST and len(text) < 9):
        raise BadInput(f"the cursor names {text[:40]!r}, which is no place of this list: begin without one")
    return int(text)

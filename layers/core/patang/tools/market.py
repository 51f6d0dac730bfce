"""The market: quotes, candles, instruments."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from patang.errors import BadInput, TryAgain
from patang.kite_replies.market import Candle, LastPrice, OhlcQuote, Quote, TriggerRange
from patang.market.instrument_search import Wanted
from patang.market.listing import Listing
from patang.market.sessions import IST
from patang.ports.broker_reads import BrokerReads
from patang.tools.caller import Caller
from patang.tools.lists import ListInput, ListReply, part
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["TOOLS", "Identifier", "market_reads"]

Identifier = Annotated[
    str, Field(pattern=r"^[A-Z]{2,8}:[^\s:][^:]{0,58}$", description="EXCHANGE:TRADINGSYMBOL, like NSE:INFY")
]
type Interval = Literal["minute", "3minute", "5minute", "10minute", "15minute", "30minute", "60minute", "day"]

# Days of one call. The broker's own limit of a request (https://kite.trade/docs/connect/v3/historical/), so
# that a call is one request and an answer is in time.
_LONGEST_DAYS: Mapping[Interval, int] = {
    "minute": 60,
    "3minute": 100,
    "5minute": 100,
    "10minute": 100,
    "15minute": 200,
    "30minute": 200,
    "60minute": 400,
    "day": 2000,
}


def _day_alone(value: object) -> object:
    # Left to the union, it would be read as its midnight.
    return date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-08-18") else value


type _DayOrMoment = Annotated[datetime | date, BeforeValidator(_day_alone)]


class QuotesInput(AccountInput):
    """Instruments to quote."""

    instruments: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=500)]


class PricesInput(AccountInput):
    """Instruments to price."""

    instruments: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=1000)]


class RangeInput(QuotesInput):
    """Instruments and the side of a cover order."""

    transaction_type: Literal["BUY", "SELL"]


class CandlesInput(ListInput):
    """Which candles. Times without a zone are IST; a day alone means all of it."""

    instrument_token: Annotated[int, Field(gt=0, description="as search_instruments has it")]
    from_date: _DayOrMoment
    to_date: _DayOrMoment
    interval: Interval
    continuous: Annotated[
        bool, Field(description="of a future, with the contracts before it; day candles alone")
    ] = False
    oi: Annotated[bool, Field(description="with open interest")] = False
    limit: Annotated[int, Field(ge=1, le=5000, description="at most so many candles")] = 1000


class SearchInput(ListInput):
    """What is looked for. `filter_on` says where `query` is looked for, in all of them without it."""

    query: Annotated[str, Field(min_length=1, max_length=100)]
    filter_on: Literal["id", "name", "isin", "tradingsymbol", "underlying"] | None = None
    exchange: Annotated[str | None, Field(max_length=8)] = None
    instrument_type: Annotated[str | None, Field(max_length=8, description="EQ, FUT, CE, PE, INDEX")] = None
    expiry: date | None = None
    strike: Decimal | None = None
    limit: Annotated[int, Field(ge=1, le=200, description="at most so many entries")] = 20


class Quotes(ToolReply):
    """By EXCHANGE:TRADINGSYMBOL. `missing`: what the broker does not know."""

    quotes: Mapping[str, Quote]
    missing: tuple[str, ...]


class OhlcQuotes(ToolReply):
    """By EXCHANGE:TRADINGSYMBOL. `missing`: what the broker does not know."""

    quotes: Mapping[str, OhlcQuote]
    missing: tuple[str, ...]


class LastPrices(ToolReply):
    """By EXCHANGE:TRADINGSYMBOL. `missing`: what the broker does not know."""

    quotes: Mapping[str, LastPrice]
    missing: tuple[str, ...]


class TriggerRanges(ToolReply):
    """By EXCHANGE:TRADINGSYMBOL."""

    ranges: Mapping[str, TriggerRange]


class Candles(ListReply):
    """Oldest first, each labelled at its start."""

    candles: tuple[Candle, ...]


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


class Instruments(ListReply):
    """The likeliest first."""

    instruments: tuple[InstrumentRow, ...]


def market_reads(caller: Caller, asked: str | None) -> BrokerReads:
    """The market is the same for all of a person's accounts: any of them will do where none is named.

    Raises UnknownAccount, and BadInput for somebody who has none.
    """
    accounts = caller.accounts(asked)
    if not accounts:
        raise BadInput("you have no account at the broker: quotes and candles come through one")
    return caller.services.broker_reads(accounts[0])


def _quotes(caller: Caller, args: QuotesInput) -> Quotes:
    found = market_reads(caller, args.account_id).quotes(args.instruments)
    return Quotes(quotes=found, missing=_missing(args.instruments, found))


def _ohlc(caller: Caller, args: PricesInput) -> OhlcQuotes:
    found = market_reads(caller, args.account_id).ohlc(args.instruments)
    return OhlcQuotes(quotes=found, missing=_missing(args.instruments, found))


def _last_prices(caller: Caller, args: PricesInput) -> LastPrices:
    found = market_reads(caller, args.account_id).last_prices(args.instruments)
    return LastPrices(quotes=found, missing=_missing(args.instruments, found))


def _missing(asked: tuple[str, ...], found: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(identifier for identifier in dict.fromkeys(asked) if identifier not in found)


def _ranges(caller: Caller, args: RangeInput) -> TriggerRanges:
    reads = market_reads(caller, args.account_id)
    return TriggerRanges(ranges=reads.trigger_ranges(args.transaction_type, args.instruments))


def _candles(caller: Caller, args: CandlesInput) -> Candles:
    start, end = _moment(args.from_date, time.min), _moment(args.to_date, time(23, 59, 59))
    if end < start:
        raise BadInput(f"from_date {args.from_date} is after to_date {args.to_date}")
    longest = _LONGEST_DAYS[args.interval]
    if (end - start).days >= longest:
        raise BadInput(f"{(end - start).days + 1} days of {args.interval} candles: {longest} at most a call")
    if args.continuous and args.interval != "day":
        raise BadInput("continuous candles are of interval day alone")
    reads = market_reads(caller, args.account_id)
    found = reads.candles(args.instrument_token, start, end, args.interval, continuous=args.continuous)
    shown = part(found, args)
    if not args.oi:
        shown = tuple(candle.model_copy(update={"oi": None}) for candle in shown)
    return Candles(candles=shown, total=len(found))


def _moment(said: datetime | date, time_of_day: time) -> datetime:
    if not isinstance(said, datetime):
        return datetime.combine(said, time_of_day, IST)
    return said.replace(tzinfo=IST) if said.tzinfo is None else said.astimezone(IST)


def _search(caller: Caller, args: SearchInput) -> Instruments:
    # The list is nobody's own, but an account that is named has to be the caller's.
    caller.accounts(args.account_id)
    table = caller.services.listings()
    if table is None:
        raise TryAgain("the desk has no list of instruments yet: it is fetched at about 08:30 IST")
    wanted = Wanted(
        text="" if args.filter_on in ("isin", "underlying") else args.query,
        exchange=args.exchange,
        kind=args.instrument_type,
        underlying=args.query if args.filter_on == "underlying" else None,
        isin=args.query if args.filter_on == "isin" else None,
        expiry=args.expiry,
        strike=args.strike,
    )
    found = [listing for listing in table.search(wanted).listings if _fits(listing, args)]
    return Instruments(instruments=tuple(_row(listing) for listing in part(found, args)), total=len(found))


def _fits(listing: Listing, args: SearchInput) -> bool:
    """Whether the words stand in the one field that is asked for."""
    fields = {"id": listing.identifier, "name": listing.name, "tradingsymbol": listing.tradingsymbol}
    where = fields.get(args.filter_on or "")
    return where is None or all(word in where.upper() for word in args.query.upper().split())


def _row(listing: Listing) -> InstrumentRow:
    return InstrumentRow(
        id=listing.identifier,
        instrument_token=listing.instrument_token,
        tradingsymbol=listing.tradingsymbol,
        exchange=listing.exchange,
        name=listing.name,
        instrument_type=listing.kind,
        segment=listing.segment,
        underlying=listing.underlying,
        isin=listing.isin,
        expiry=listing.expiry,
        strike=None if listing.strike is None else float(listing.strike),
        tick_size=float(listing.tick_size),
        lot_size=listing.lot_size,
    )


_SHARE = {"instruments": ["NSE:INFY"]}

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_quotes",
        title="Quotes",
        description="Full quotes of up to 500 instruments: last price, depth of five, volume, day's range, "
        "open interest, circuit limits. Rupees, IST.",
        input=QuotesInput,
        output=Quotes,
        effect="looks",
        scope="read",
        run=_quotes,
        example=_SHARE,
    ),
    Tool(
        name="get_ohlc",
        title="Day's prices",
        description="Open, high, low, the close before, and last price of up to 1,000 instruments, rupees.",
        input=PricesInput,
        output=OhlcQuotes,
        effect="looks",
        scope="read",
        run=_ohlc,
        example=_SHARE,
    ),
    Tool(
        name="get_ltp",
        title="Last prices",
        description="Last prices of up to 1,000 instruments, rupees.",
        input=PricesInput,
        output=LastPrices,
        effect="looks",
        scope="read",
        run=_last_prices,
        example=_SHARE,
    ),
    Tool(
        name="get_trigger_range",
        title="Range of a cover order's stop",
        description="Between which prices in rupees the stop of a cover order on this side may be.",
        input=RangeInput,
        output=TriggerRanges,
        effect="looks",
        scope="read",
        run=_ranges,
        example={"transaction_type": "BUY", **_SHARE},
    ),
    Tool(
        name="search_instruments",
        title="Search instruments",
        description="Instruments by words of symbol or name, by ISIN or underlying, narrowed by exchange, "
        "type, expiry and strike; of the day's list. Gives the token that get_historical_data needs.",
        input=SearchInput,
        output=Instruments,
        effect="looks",
        scope="read",
        run=_search,
        example={"query": "NIFTY", "filter_on": "underlying", "instrument_type": "FUT"},
    ),
    Tool(
        name="get_historical_data",
        title="Candles",
        description="Candles of an instrument in rupees, oldest first, labelled at their start in IST. "
        "A call spans 60 days of minutes, 100 of 3 to 10 minutes, 200 of 15 and 30, 400 of 60, 2,000 of "
        "days. Contracts that have expired have none.",
        input=CandlesInput,
        output=Candles,
        effect="looks",
        scope="read",
        run=_candles,
        example={
            "instrument_token": 408065,
            "from_date": "2026-08-17",
            "to_date": "2026-08-18",
            "interval": "15minute",
        },
    ),
)

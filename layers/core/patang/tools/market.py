"""The market: quotes and candles."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from patang.errors import BadInput
from patang.kite_replies.market import Candle, LastPrice, OhlcQuote, Quote, TriggerRange
from patang.market.candle_ranges import RANGE_DAYS
from patang.market.sessions import IST
from patang.ports.broker_reads import BrokerReads
from patang.tools.caller import Caller
from patang.tools.instruments import Identifier
from patang.tools.lists import CompactInput, ListInput, ListReply, Table, part, table_of
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolReply

__all__ = ["QUOTE_COLUMNS", "TOOLS", "market_reads"]

type Interval = Literal["minute", "3minute", "5minute", "10minute", "15minute", "30minute", "60minute", "day"]


def _day_alone(value: object) -> object:
    # Left to the union, it would be read as its midnight.
    return date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-08-18") else value


type _DayOrMoment = Annotated[datetime | date, BeforeValidator(_day_alone)]


class QuotesInput(AccountInput, CompactInput):
    """Instruments to quote."""

    instruments: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=500)]


class PricesInput(AccountInput, CompactInput):
    """Instruments to price."""

    instruments: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=1000)]


class RangeInput(AccountInput):
    """Instruments and the side of a cover order."""

    instruments: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=500)]
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
    limit: Annotated[int, Field(ge=1, le=5000, description="at most so many candles")] = 400


class _Quoted(ToolReply):
    """`missing`: what the broker does not know."""

    missing: tuple[str, ...]
    table: Table | None = None


class Quotes(_Quoted):
    """By EXCHANGE:TRADINGSYMBOL, or all in `table` where it was asked for `compact`."""

    quotes: Mapping[str, Quote]


class OhlcQuotes(_Quoted):
    """By EXCHANGE:TRADINGSYMBOL, or all in `table` where it was asked for `compact`."""

    quotes: Mapping[str, OhlcQuote]


class LastPrices(_Quoted):
    """By EXCHANGE:TRADINGSYMBOL, or all in `table` where it was asked for `compact`."""

    quotes: Mapping[str, LastPrice]


class TriggerRanges(ToolReply):
    """By EXCHANGE:TRADINGSYMBOL."""

    ranges: Mapping[str, TriggerRange]


class Candles(ListReply):
    """Oldest first, each labelled at its start."""

    candles: tuple[Candle, ...]


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
    missing = _missing(args.instruments, found)
    if args.compact:
        return Quotes(quotes={}, missing=missing, table=table_of(found, QUOTE_COLUMNS))
    return Quotes(quotes=found, missing=missing)


def _ohlc(caller: Caller, args: PricesInput) -> OhlcQuotes:
    found = market_reads(caller, args.account_id).ohlc(args.instruments)
    missing = _missing(args.instruments, found)
    if args.compact:
        return OhlcQuotes(quotes={}, missing=missing, table=table_of(found, _OHLC))
    return OhlcQuotes(quotes=found, missing=missing)


def _last_prices(caller: Caller, args: PricesInput) -> LastPrices:
    found = market_reads(caller, args.account_id).last_prices(args.instruments)
    missing = _missing(args.instruments, found)
    if args.compact:
        return LastPrices(quotes={}, missing=missing, table=table_of(found, _PRICE))
    return LastPrices(quotes=found, missing=missing)


def _missing(asked: tuple[str, ...], found: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(identifier for identifier in dict.fromkeys(asked) if identifier not in found)


def _ranges(caller: Caller, args: RangeInput) -> TriggerRanges:
    reads = market_reads(caller, args.account_id)
    return TriggerRanges(ranges=reads.trigger_ranges(args.transaction_type, args.instruments))


def _candles(caller: Caller, args: CandlesInput) -> Candles:
    start, end = _moment(args.from_date, time.min), _moment(args.to_date, time(23, 59, 59))
    if end < start:
        raise BadInput(f"from_date {args.from_date} is after to_date {args.to_date}")
    # One request, so that the answer is in time.
    longest = RANGE_DAYS[args.interval]
    if (end - start).days >= longest:
        raise BadInput(f"{(end - start).days + 1} days of {args.interval} candles: {longest} at most a call")
    if args.continuous and args.interval != "day":
        raise BadInput("continuous candles are of interval day alone")
    reads = market_reads(caller, args.account_id)
    found = reads.candles(args.instrument_token, start, end, args.interval, continuous=args.continuous)
    candles = part(found, args)
    if args.compact:
        columns = _CANDLE if args.oi else _CANDLE[:-1]
        return Candles(candles=(), total=len(found), table=table_of(candles, columns))
    if not args.oi:
        candles = tuple(candle.model_copy(update={"oi": None}) for candle in candles)
    return Candles(candles=candles, total=len(found))


def _moment(said: datetime | date, time_of_day: time) -> datetime:
    if not isinstance(said, datetime):
        return datetime.combine(said, time_of_day, IST)
    return said.replace(tzinfo=IST) if said.tzinfo is None else said.astimezone(IST)


# What a table of each says.
_PRICE = ("last_price",)
_OHLC = ("last_price", "ohlc.open", "ohlc.high", "ohlc.low", "ohlc.close")
QUOTE_COLUMNS = (
    *_OHLC,
    "net_change",
    "volume",
    "oi",
    "lower_circuit_limit",
    "upper_circuit_limit",
    "timestamp",
)
_CANDLE = ("date", "open", "high", "low", "close", "volume", "oi")
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

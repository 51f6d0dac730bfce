"""What the desk has computed of the market: features of a symbol, option chains with greeks."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from patang.desk_view.views import Moment
from patang.errors import BadInput
from patang.market.kept_chain import ChainRow, ChainSnapshot
from patang.market.open_interest import max_pain, put_call_ratio
from patang.tools.caller import Caller
from patang.tools.lists import CompactInput, Table, table_of
from patang.tools.tool import AnyTool, Tool, ToolInput, ToolReply

__all__ = ["TOOLS"]


class FeaturesInput(ToolInput):
    """Which symbol."""

    symbol: Annotated[
        str, Field(min_length=1, max_length=60, description="an index or share that is watched: NIFTY, INFY")
    ]
    as_of: Annotated[
        datetime | None, Field(description="market time with offset; the last closed minute without")
    ] = None


class FeatureValues(ToolReply):
    """Features of a symbol at the end of a minute. `missing` says why a value is null: never zero instead.

    `values` are of one-minute bars, `values_5m` and `values_15m` of the last closed bar of so many minutes.
    """

    symbol: str
    as_of: Moment
    values: dict[str, float | None]
    values_5m: dict[str, float | None]
    values_15m: dict[str, float | None]
    missing: dict[str, str]
    gap: bool


class ChainInput(CompactInput):
    """Which contracts."""

    underlying: Annotated[str, Field(pattern=r"^[A-Z0-9&-]{1,30}$", description="an index, such as NIFTY")]
    expiry: Annotated[date | None, Field(description="YYYY-MM-DD; the nearest without")] = None
    kind: Annotated[Literal["CE", "PE"] | None, Field(description="calls or puts; both without")] = None
    strikes_each_side: Annotated[int, Field(ge=1, le=40, description="of the money")] = 8


class OptionChain(ToolReply):
    """Quoted contracts round the money, by strike and type. Prices in rupees, `volume` and `oi` in units,
    `iv` a fraction a year, `gamma` delta a rupee of the underlying, `theta` rupees a day, `vega` rupees a
    point of volatility; null: not known.
    `put_call_ratio` (of open interest) and `max_pain` (a strike) are of all watched contracts of the expiry.
    The rows are in `table` where it was asked for `compact`.
    """

    underlying: str
    as_of: Moment
    spot: float
    expiry: date | None
    expiries: tuple[date, ...]
    iv: float | None
    iv_skew: float | None
    iv_rank: float | None
    put_call_ratio: float | None
    max_pain: float | None
    rows: tuple[ChainRow, ...]
    table: Table | None = None


def _features(caller: Caller, args: FeaturesInput) -> FeatureValues:
    services = caller.services
    until = _with_offset(args.as_of) if args.as_of else services.desk_view().market_now()
    found = services.market_state().features(args.symbol, until)
    return FeatureValues(
        symbol=args.symbol,
        as_of=found.as_of,
        values=dict(found.values[1]),
        values_5m=dict(found.values[5]),
        values_15m=dict(found.values[15]),
        missing=dict(found.missing),
        gap=found.gap,
    )


def _with_offset(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise BadInput(f"as_of is {moment.isoformat()}: say its offset, such as +05:30")
    return moment


def _chain(caller: Caller, args: ChainInput) -> OptionChain:
    found = _newest_chain(caller, args.underlying)
    expiries = tuple(sorted({row.expiry for row in found.rows}))
    expiry = args.expiry or (expiries[0] if expiries else None)
    if expiries and expiry not in expiries:
        raise BadInput(f"no contract of {expiry} is watched: {', '.join(map(str, expiries))}")
    of_expiry = [row for row in found.rows if row.expiry == expiry]
    rows = [row for row in of_expiry if args.kind in (None, row.type)]
    strikes = sorted({row.strike for row in rows})
    below = [strike for strike in strikes if strike <= found.spot][-args.strikes_each_side :]
    above = [strike for strike in strikes if strike > found.spot][: args.strikes_each_side]
    near = {*below, *above}
    shown = tuple(row for row in rows if row.strike in near)
    return OptionChain(
        underlying=found.underlying,
        as_of=found.as_of,
        spot=found.spot,
        expiry=expiry,
        expiries=expiries,
        iv=found.iv,
        iv_skew=found.iv_skew,
        iv_rank=found.iv_rank,
        put_call_ratio=put_call_ratio(of_expiry),
        max_pain=max_pain(of_expiry),
        rows=() if args.compact else shown,
        table=table_of(shown, _CONTRACT) if args.compact else None,
    )


def _newest_chain(caller: Caller, underlying: str) -> ChainSnapshot:
    now = caller.services.desk_view().market_now()
    found = caller.services.option_chains().newest(underlying, now)
    if found is None:
        raise BadInput(
            f"no option chain of {underlying!r} is kept of the hour up to {now:%Y-%m-%d %H:%M}: it is not "
            "watched, or the market was closed"
        )
    return found


# What a table of contracts says.
_CONTRACT = (
    "identifier", "strike", "type", "last", "bid", "ask", "volume", "oi", "iv", "delta", "gamma",
    "theta", "vega",
)  # fmt: skip

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="get_features",
        title="Features of a symbol",
        description="The numbers that the strategies see of an index or share at a minute's end (indicators, "
        "volatility, order book), with the reason where one is missing.",
        input=FeaturesInput,
        output=FeatureValues,
        effect="looks",
        scope="read",
        run=_features,
        example={"symbol": "NIFTY"},
    ),
    Tool(
        name="get_option_chain",
        title="Option chain with greeks",
        description="Quotes, implied volatilities and greeks of the watched contracts round the money, at "
        "most five minutes old.",
        input=ChainInput,
        output=OptionChain,
        effect="looks",
        scope="read",
        run=_chain,
        example={"underlying": "NIFTY", "strikes_each_side": 3},
    ),
)

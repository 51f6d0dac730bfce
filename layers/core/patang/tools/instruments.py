"""The day's list of instruments, searched; and how an instrument is named to the tools."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from patang.desk_view.instruments import InstrumentRow, instrument_row
from patang.errors import TryAgain
from patang.market.instrument_search import Wanted
from patang.market.listing import Listing
from patang.tools.caller import Caller
from patang.tools.lists import ListInput, ListReply, part, table_of
from patang.tools.tool import AnyTool, Tool

__all__ = ["TOOLS", "Identifier"]

Identifier = Annotated[
    str, Field(pattern=r"^[A-Z]{2,8}:[^\s:][^:]{0,58}$", description="EXCHANGE:TRADINGSYMBOL, like NSE:INFY")
]


class SearchInput(ListInput):
    """What is looked for. `filter_on` says where `query` is looked for, in all of them without it."""

    query: Annotated[str, Field(min_length=1, max_length=100)]
    filter_on: Literal["id", "name", "isin", "tradingsymbol", "underlying"] | None = None
    exchange: Annotated[str | None, Field(max_length=8)] = None
    instrument_type: Annotated[str | None, Field(max_length=8, description="EQ, FUT, CE, PE, INDEX")] = None
    expiry: date | None = None
    strike: Decimal | None = None
    limit: Annotated[int, Field(ge=1, le=200, description="at most so many entries")] = 20


class Instruments(ListReply):
    """The likeliest first."""

    instruments: tuple[InstrumentRow, ...]


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
    rows = tuple(instrument_row(listing) for listing in part(found, args))
    if args.compact:
        return Instruments(instruments=(), total=len(found), table=table_of(rows, _INSTRUMENT))
    return Instruments(instruments=rows, total=len(found))


def _fits(listing: Listing, args: SearchInput) -> bool:
    """Whether the words stand in the one field that is asked for."""
    fields = {"id": listing.identifier, "name": listing.name, "tradingsymbol": listing.tradingsymbol}
    where = fields.get(args.filter_on or "")
    return where is None or all(word in where.upper() for word in args.query.upper().split())


# What a table of them says.
_INSTRUMENT = ("id", "name", "instrument_type", "expiry", "strike", "lot_size", "instrument_token")

TOOLS: tuple[AnyTool, ...] = (
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
)

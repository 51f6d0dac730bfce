"""Watchlists: the desk's own, of the person who asks. The broker's API has none."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from patang.kite_replies.market import Quote
from patang.tools.caller import Caller
from patang.tools.instruments import Identifier
from patang.tools.lists import CompactInput, Table, table_of
from patang.tools.market import QUOTE_COLUMNS, market_reads
from patang.tools.tool import AccountInput, AnyTool, Tool, ToolInput, ToolReply
from patang.watchlists.service import MOST_INSTRUMENTS
from patang.watchlists.watchlist import Watchlist

__all__ = ["TOOLS"]

Name = Annotated[str, Field(min_length=1, max_length=80, description="upper and lower case are the same")]
Instruments = Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=MOST_INSTRUMENTS)]


class NoInput(ToolInput):
    """No argument."""


class NameInput(ToolInput):
    """Which list."""

    name: Name


class CreateInput(NameInput):
    """A new list."""

    instruments: Annotated[tuple[Identifier, ...], Field(max_length=MOST_INSTRUMENTS)] = ()


class RenameInput(NameInput):
    """Another name for a list."""

    new_name: Name


class InstrumentsInput(NameInput):
    """Instruments of a list."""

    instruments: Instruments


class QuotesInput(AccountInput, CompactInput):
    """Which list."""

    name: Name


class AllWatchlists(ToolReply):
    """In the order of their making."""

    watchlists: tuple[Watchlist, ...]


class Deleted(ToolReply):
    """The name of what is gone."""

    deleted: str


class WatchlistQuotes(ToolReply):
    """In the list's order; null: the broker does not quote it now. Those that it quotes are all in `table`
    where it was asked for `compact`."""

    name: str
    quotes: Mapping[str, Quote | None]
    table: Table | None = None


def _all(caller: Caller, _: NoInput) -> AllWatchlists:
    return AllWatchlists(watchlists=caller.services.watchlists().all(caller.principal.name))


def _create(caller: Caller, args: CreateInput) -> Watchlist:
    return caller.services.watchlists().create(caller.principal.name, args.name, args.instruments)


def _rename(caller: Caller, args: RenameInput) -> Watchlist:
    return caller.services.watchlists().rename(caller.principal.name, args.name, args.new_name)


def _add(caller: Caller, args: InstrumentsInput) -> Watchlist:
    return caller.services.watchlists().add(caller.principal.name, args.name, args.instruments)


def _remove(caller: Caller, args: InstrumentsInput) -> Watchlist:
    return caller.services.watchlists().remove(caller.principal.name, args.name, args.instruments)


def _reorder(caller: Caller, args: InstrumentsInput) -> Watchlist:
    return caller.services.watchlists().reorder(caller.principal.name, args.name, args.instruments)


def _delete(caller: Caller, args: NameInput) -> Deleted:
    caller.services.watchlists().delete(caller.principal.name, args.name)
    return Deleted(deleted=args.name)


def _quotes(caller: Caller, args: QuotesInput) -> WatchlistQuotes:
    reads = market_reads(caller, args.account_id)
    watched = caller.services.watchlists().one(caller.principal.name, args.name)
    found = reads.quotes(watched.instruments) if watched.instruments else {}
    if args.compact:
        quoted = {one: found[one] for one in watched.instruments if one in found}
        return WatchlistQuotes(name=watched.name, quotes={}, table=table_of(quoted, QUOTE_COLUMNS))
    return WatchlistQuotes(name=watched.name, quotes={one: found.get(one) for one in watched.instruments})


_NAMED = {"name": "Morning"}
_SHARES = {"name": "Morning", "instruments": ["NSE:INFY"]}

TOOLS: tuple[AnyTool, ...] = (
    Tool(
        name="list_watchlists",
        title="Watchlists",
        description="Your watchlists with their instruments. They are this desk's own: those of the broker's "
        "app cannot be read.",
        input=NoInput,
        output=AllWatchlists,
        effect="looks",
        scope="read",
        run=_all,
        example={},
    ),
    Tool(
        name="get_watchlist_quotes",
        title="Quotes of a watchlist",
        description="Full quotes of a watchlist's instruments in their order, rupees.",
        input=QuotesInput,
        output=WatchlistQuotes,
        effect="looks",
        scope="read",
        run=_quotes,
        example=_NAMED,
    ),
    Tool(
        name="create_watchlist",
        title="New watchlist",
        description="A new watchlist, with instruments that are listed today or empty. 20 lists, 100 "
        "instruments each.",
        input=CreateInput,
        output=Watchlist,
        effect="changes",
        scope="trade",
        run=_create,
        example=_SHARES,
        idempotent=False,
    ),
    Tool(
        name="rename_watchlist",
        title="Rename a watchlist",
        description="Another name for a watchlist.",
        input=RenameInput,
        output=Watchlist,
        effect="changes",
        scope="trade",
        run=_rename,
        example={"name": "Morning", "new_name": "Opening"},
        idempotent=False,
    ),
    Tool(
        name="add_to_watchlist",
        title="Add to a watchlist",
        description="Instruments go to the end of a watchlist; those in it already stay where they are.",
        input=InstrumentsInput,
        output=Watchlist,
        effect="changes",
        scope="trade",
        run=_add,
        example=_SHARES,
    ),
    Tool(
        name="remove_from_watchlist",
        title="Remove from a watchlist",
        description="Takes instruments out of a watchlist.",
        input=InstrumentsInput,
        output=Watchlist,
        effect="changes",
        scope="trade",
        run=_remove,
        example=_SHARES,
    ),
    Tool(
        name="reorder_watchlist",
        title="Reorder a watchlist",
        description="A new order for a watchlist: name all of its instruments.",
        input=InstrumentsInput,
        output=Watchlist,
        effect="changes",
        scope="trade",
        run=_reorder,
        example=_SHARES,
    ),
    Tool(
        name="delete_watchlist",
        title="Delete a watchlist",
        description="Deletes a watchlist for good.",
        input=NameInput,
        output=Deleted,
        effect="changes",
        scope="trade",
        run=_delete,
        example=_NAMED,
        destructive=True,
        idempotent=False,
    ),
)

"""Making, changing and deleting watchlists."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from patang.errors import BadInput, TryAgain
from patang.keys import watchlists_key
from patang.market.instrument_table import InstrumentTable
from patang.ports import Put, StateStore
from patang.records import change, create, load, replace
from patang.watchlists.watchlist import Watchlist, Watchlists

__all__ = ["MOST_INSTRUMENTS", "MOST_LISTS", "WatchlistService"]

MOST_LISTS = 20
# One call quotes 500 at most; a list of this length is looked at, not scrolled through.
MOST_INSTRUMENTS = 100
_LONGEST_NAME = 40
_MOST_TOLD = 5


class WatchlistService:
    """Every method takes the principal whose lists they are; there is no way to another's.

    `listings` gives the newest instruments list. Changes raise BadInput for a list that there is not, a name
    that is taken or unusable, an instrument that is not listed, and one too many; TryAgain while there is no
    instruments list; WriteConflict where somebody else kept writing.
    """

    def __init__(self, store: StateStore, listings: Callable[[], InstrumentTable | None]) -> None:
        self._store = store
        self._listings = listings

    def all(self, principal: str) -> tuple[Watchlist, ...]:
        """In the order of their making."""
        return self._of(principal).lists

    def one(self, principal: str, name: str) -> Watchlist:
        """Raises BadInput if there is none of that name."""
        return _known(self._of(principal), name)

    def create(self, principal: str, name: str, instruments: Sequence[str]) -> Watchlist:
        self._check_listed(instruments)
        made = Watchlist(name=_usable(name), instruments=_fitting(instruments))

        def decide(there: Watchlists) -> tuple[Watchlist, ...]:
            _check_free(there, made.name)
            if len(there.lists) >= MOST_LISTS:
                raise BadInput(f"there are {MOST_LISTS} watchlists already: delete one first")
            return (*there.lists, made)

        self._change(principal, decide)
        return made

    def rename(self, principal: str, name: str, new_name: str) -> Watchlist:
        usable = _usable(new_name)

        def decide(there: Watchlists) -> tuple[Watchlist, ...]:
            known = _known(there, name)
            if known.name.casefold() != usable.casefold():
                _check_free(there, usable)
            return _with(there, known, known.model_copy(update={"name": usable}))

        return _known(self._change(principal, decide), usable)

    def add(self, principal: str, name: str, instruments: Sequence[str]) -> Watchlist:
        """At the end; those that stand in it already stay where they are."""
        self._check_listed(instruments)
        return self._edit(principal, name, lambda there: (*there, *instruments))

    def remove(self, principal: str, name: str, instruments: Sequence[str]) -> Watchlist:
        """Those that do not stand in it are passed over."""
        gone = frozenset(instruments)
        return self._edit(principal, name, lambda there: tuple(one for one in there if one not in gone))

    def reorder(self, principal: str, name: str, instruments: Sequence[str]) -> Watchlist:
        """All that stand in it, in their new order."""

        def ordered(there: tuple[str, ...]) -> tuple[str, ...]:
            if sorted(there) != sorted(instruments):
                raise BadInput(
                    f"the new order of {name!r} must name each of its {len(there)} instruments once: "
                    f"{', '.join(there) or 'it is empty'}"
                )
            return tuple(instruments)

        return self._edit(principal, name, ordered)

    def delete(self, principal: str, name: str) -> None:
        def decide(there: Watchlists) -> tuple[Watchlist, ...]:
            known = _known(there, name)
            return tuple(one for one in there.lists if one is not known)

        self._change(principal, decide)

    def _edit(
        self, principal: str, name: str, edit: Callable[[tuple[str, ...]], tuple[str, ...]]
    ) -> Watchlist:
        def decide(there: Watchlists) -> tuple[Watchlist, ...]:
            known = _known(there, name)
            edited = _fitting(edit(known.instruments))
            return _with(there, known, known.model_copy(update={"instruments": edited}))

        return _known(self._change(principal, decide), name)

    def _of(self, principal: str) -> Watchlists:
        return load(self._store, Watchlists, watchlists_key(principal)) or Watchlists(principal=principal)

    def _change(self, principal: str, decide: Callable[[Watchlists], tuple[Watchlist, ...]]) -> Watchlists:
        def decided() -> tuple[Watchlists, list[Put]]:
            there = self._of(principal)
            after = there.evolve(lists=decide(there))
            if after == there:
                return there, []
            return after, [create(after) if there.revision == 0 else replace(after)]

        return change(self._store, decided)

    def _check_listed(self, instruments: Sequence[str]) -> None:
        table = self._listings()
        if table is None:
            raise TryAgain("the desk has no list of instruments yet: it is fetched at about 08:30 IST")
        unknown = [one for one in instruments if table.get(*_parted(one)) is None]
        if not unknown:
            return
        exchange, symbol = _parted(unknown[0])
        listed = [listing.tradingsymbol for listing in table if listing.exchange == exchange]
        near = get_close_matches(symbol, listed, n=3, cutoff=0.75)
        hint = f"; did you mean {', '.join(f'{exchange}:{one}' for one in near)}?" if near else ""
        raise BadInput(f"not listed today: {', '.join(unknown[:_MOST_TOLD])}{hint}")


def _parted(identifier: str) -> tuple[str, str]:
    exchange, _, symbol = identifier.partition(":")
    return exchange, symbol


def _usable(name: str) -> str:
    usable = " ".join(name.split())
    if not usable or len(usable) > _LONGEST_NAME or not usable.isprintable():
        raise BadInput(f"{name[:60]!r} is no name of a watchlist: give 1 to {_LONGEST_NAME} characters")
    return usable


def _fitting(instruments: Sequence[str]) -> tuple[str, ...]:
    """Each once, not too many."""
    found = tuple(dict.fromkeys(instruments))
    if len(found) > MOST_INSTRUMENTS:
        raise BadInput(f"{len(found)} instruments are too many: a watchlist holds {MOST_INSTRUMENTS}")
    return found


def _known(there: Watchlists, name: str) -> Watchlist:
    found = there.find(name)
    if found is None:
        names = ", ".join(repr(one.name) for one in there.lists)
        raise BadInput(f"there is no watchlist {name!r}; yours: {names or 'none yet'}")
    return found


def _check_free(there: Watchlists, name: str) -> None:
    taken = there.find(name)
    if taken is not None:
        raise BadInput(f"there is a watchlist {taken.name!r} already: take another name")


def _with(there: Watchlists, before: Watchlist, after: Watchlist) -> tuple[Watchlist, ...]:
    return tuple(after if one is before else one for one in there.lists)

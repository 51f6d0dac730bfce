"""A watchlist, and all of a principal's in one record: a name is his once, however many write at a time."""

from pydantic import BaseModel, ConfigDict

from patang.keys import watchlists_key
from patang.ports import Key
from patang.records import Record

__all__ = ["Watchlist", "Watchlists"]


class Watchlist(BaseModel):
    """`instruments` are EXCHANGE:TRADINGSYMBOL, in the order in which they are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    instruments: tuple[str, ...] = ()


class Watchlists(Record):
    """Those of a principal, in the order of their making."""

    principal: str
    lists: tuple[Watchlist, ...] = ()

    def key(self) -> Key:
        return watchlists_key(self.principal)

    def find(self, name: str) -> Watchlist | None:
        """By name; upper and lower case are the same."""
        return next((one for one in self.lists if one.name.casefold() == name.strip().casefold()), None)

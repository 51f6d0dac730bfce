"""All feeds: which connection carries which instruments, and which account's orders."""

from collections.abc import Callable, Collection, Iterator, Mapping

from functions.ingester.feed import Feed
from functions.ingester.inbox import Source
from patang.market.instruments import FeedMode

__all__ = ["MOST_INSTRUMENTS", "Feeds"]

# https://kite.trade/docs/connect/v3/websocket/
_INSTRUMENTS_A_CONNECTION = 3_000
_CONNECTIONS_A_KEY = 3
MOST_INSTRUMENTS = _INSTRUMENTS_A_CONNECTION * _CONNECTIONS_A_KEY


class Feeds:
    """The feeds that are kept alive. `new_feed` makes one for an account."""

    def __init__(self, new_feed: Callable[[str], Feed]) -> None:
        self._new_feed = new_feed
        self._feeds: dict[tuple[str, int], Feed] = {}
        self._place: dict[int, int] = {}

    def __iter__(self) -> Iterator[Feed]:
        return iter(self._feeds.values())

    def __len__(self) -> int:
        return len(self._feeds)

    def of(self, source: Source) -> Feed | None:
        """The feed whose connection that is; None if it was given up."""
        return next((feed for feed in self if feed.owns(source)), None)

    def watch(
        self, data_account: str, modes: Mapping[int, FeedMode], order_accounts: Collection[str]
    ) -> None:
        """From now on these instruments (`MOST_INSTRUMENTS` at most) on the data account's connections.

        An instrument stays on its connection. Each other account has one that brings its orders only.
        """
        wanted: dict[tuple[str, int], dict[int, FeedMode]] = {(data_account, 0): {}}
        wanted |= {(account, 0): {} for account in order_accounts}
        for token, number in self._placed(modes).items():
            wanted.setdefault((data_account, number), {})[token] = modes[token]
        for key in self._feeds.keys() - wanted.keys():
            self._feeds.pop(key).close()
        for key, part in wanted.items():
            if key not in self._feeds:
                self._feeds[key] = self._new_feed(key[0])
            self._feeds[key].watch(part)

    def close(self) -> None:
        for feed in self:
            feed.close()
        self._feeds.clear()

    def _placed(self, tokens: Collection[int]) -> Mapping[int, int]:
        """The number of the connection of each instrument."""
        self._place = {token: number for token, number in self._place.items() if token in tokens}
        counts = [0] * _CONNECTIONS_A_KEY
        for number in self._place.values():
            counts[number] += 1
        for token in tokens:
            if token not in self._place:
                number = next(n for n, count in enumerate(counts) if count < _INSTRUMENTS_A_CONNECTION)
                self._place[token] = number
                counts[number] += 1
        return self._place

"""A market that nobody looked at is, once somebody does, as if each of its seconds had been looked at."""

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.floor import Floor


def packets(floor: Floor) -> list[bytes]:
    return [line.packet() for line in floor.lines.values()]


def compare(market: MarketData, first: int, *minutes: int) -> None:
    """Play a floor unseen from a minute after the open to each of others, and another second by second."""
    unseen, seen = (Floor(market, 7) for _ in range(2))
    start = unseen.opening + 60 * first
    for minute in minutes:
        seconds = range(start, unseen.opening + 60 * minute + 14)
        assert unseen.play(seconds) == sum(len(seen.advance(epoch)) for epoch in seconds)
        assert unseen.lines == seen.lines
        assert packets(unseen) == packets(seen)
        start = seconds.stop


def test_every_line_is_as_if_each_second_had_been_looked_at(market: MarketData) -> None:
    compare(market, -2, -1, 0, 7, 8)


def test_books_that_the_closes_take_away_do_not_come_back(market: MarketData) -> None:
    # In the shares' last minute, after it, after the auction's print, and after the day.
    compare(market, 355, 359, 361, 380, 395)


def test_a_floor_goes_on_from_where_it_was_caught_up_with(market: MarketData) -> None:
    unseen, seen = (Floor(market, 7) for _ in range(2))
    first = range(unseen.opening, unseen.opening + 100)
    unseen.play(first)
    for epoch in first:
        seen.advance(epoch)
    for epoch in range(first.stop, first.stop + 100):
        ticked = [line.packet() for line in unseen.advance(epoch)]
        assert ticked == [line.packet() for line in seen.advance(epoch)]

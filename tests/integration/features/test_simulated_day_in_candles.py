"""A whole simulated day from the ticker's packets to candles of 1, 5, 15 minutes and the day: all equal.

The simulator keeps the candles that its ticks make; the desk decodes its packets and builds its own.
"""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from patang.market.bars import MINUTE, BarBuilder, LongBars
from patang.market.frames import decode
from patang_workbench.exchange.candles import Bars, aggregate
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.hours import Hours
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.replay import replay_market
from patang_workbench.exchange.stream import frame
from patang_workbench.exchange.synthetic import synthetic_market
from patang_workbench.exchange.tape import Density

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
# Enough ticks a minute for every candle, few enough for a day in seconds.
THIN = Density(index=8, share=4, near_option=4, far_option=1, future=4, quiet_minutes=6)
LENGTHS = (1, 5, 15, 24 * 60)
FIELDS = ("open", "high", "low", "close", "volume", "oi")
type Made = dict[int, list[tuple[int, ...]]]


class Candles:
    """The desk's candles of every line of a floor, in paise: by token, then in order of time."""

    def __init__(self, floor: Floor) -> None:
        self.tokens = np.array(sorted(floor.lines), np.int64)
        hours = floor.market.hours
        edges = [_edges(floor.lines[token], hours) for token in self.tokens.tolist()]
        opening, self.closing, auction = (np.array(column, np.int64) for column in zip(*edges, strict=True))
        self.builder = BarBuilder(opening, self.closing, auction)
        self.long = {minutes: LongBars(len(edges), minutes) for minutes in LENGTHS[1:]}
        self.made: dict[int, Made] = {minutes: {token: [] for token in floor.lines} for minutes in LENGTHS}

    def add(self, packets: list[bytes]) -> None:
        ticks = decode(frame(packets)).ticks
        self.builder.add(np.searchsorted(self.tokens, ticks["token"]), ticks)

    def close(self, minute: int) -> None:
        closed = self.builder.close(minute)
        self._keep(1, closed.bars)
        for minutes, long in self.long.items():
            long.add(closed.bars)
            if minutes < 24 * 60:
                self._keep(minutes, long.take_ended(minute, self.closing))
        self.long[24 * 60].add(closed.auction)

    def end(self) -> None:
        self._keep(24 * 60, self.long[24 * 60].bars)

    def _keep(self, minutes: int, bars: NDArray[np.void]) -> None:
        for row in np.flatnonzero(bars["ticks"]).tolist():
            prices = [round(100 * bars[name][row]) for name in FIELDS[:4]]
            units = [int(bars[name][row]) for name in FIELDS[4:]]
            self.made[minutes][int(self.tokens[row])].append((*prices, *units))


def _edges(line: Line, hours: Hours) -> tuple[int, int, int]:
    contract = line.instrument.expiry is not None
    cash = hours.index_close if line.instrument.is_index else hours.cash_close
    closing = hours.close if contract else cash
    auction = closing if contract or hours.auction_close is None else hours.auction_close
    return (int(hours.open.timestamp()), int(closing.timestamp()), int(auction.timestamp()))


def played(floor: Floor, until: int) -> Candles:
    candles = Candles(floor)
    # What a client is sent when it subscribes.
    candles.add([line.packet() for line in floor.lines.values()])
    for minute in range(floor.opening, until, MINUTE):
        seconds = range(minute, minute + MINUTE)
        candles.add([line.packet() for epoch in seconds for line in floor.advance(epoch)])
        candles.close(minute)
    candles.end()
    return candles


def kept(floor: Floor, line: Line) -> dict[int, list[tuple[int, ...]]]:
    """The simulator's own candles of the day, by their minutes."""
    bars = floor.minutes(line, floor.opening, floor.closing)
    of_length: dict[int, Bars] = {minutes: aggregate(bars, minutes) for minutes in LENGTHS[:-1]}
    of_length[24 * 60] = floor.days(line, floor.opening - 86_400 // 2, floor.closing)
    # Only contracts have an open interest; the day's is that of its last bar.
    return {minutes: [tuple(bar[1:]) for bar in found] for minutes, found in of_length.items()}


def floors() -> Iterator[object]:
    whole_day = 24 * 60
    yield pytest.param(
        lambda: Floor(synthetic_market(7, date(2026, 8, 18), 1), 7, THIN), whole_day, id="a whole day"
    )
    yield pytest.param(lambda: Floor(replay(date(2016, 8, 25)), 7, THIN), 60, id="a recorded hour")


def replay(day: date) -> object:
    if not (DATA / "index_1m").is_dir():
        pytest.skip(f"{DATA} has no recorded candles: set PATANG_DATA to the folder of market data")
    return replay_market(DATA, day, history_days=1)


@pytest.mark.parametrize(("make", "minutes_played"), floors())
def test_every_candle_of_a_day_comes_out_as_the_simulator_keeps_it(make, minutes_played):
    floor = make()
    until = min(floor.closing, floor.opening + minutes_played * MINUTE)
    candles = played(floor, until)
    compared = dict.fromkeys(LENGTHS, 0)
    for token, line in floor.lines.items():
        for minutes, expected in kept(floor, line).items():
            assert candles.made[minutes][token] == expected, (line.instrument.key, minutes)
            compared[minutes] += len(expected)
        if line.instrument.expiry is None:
            source = floor.recorded(line.instrument.key, floor.market.session)
            assert candles.made[1][token] == [tuple(bar[1:]) for bar in source if bar.start < until]
    assert candles.builder.late == 0
    print(f"\n{len(floor.lines)} instruments: {compared} candles by minutes, all equal")  # noqa: T201 (figures)

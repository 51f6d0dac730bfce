import asyncio
from collections.abc import Awaitable, Callable

import pytest

from patang_workbench.exchange.clock import MarketClock


class Wall:
    """Wall seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(
    scene: Callable[[MarketClock, Wall], Awaitable[None]], speed: float = 10.0, end: int = 10_000
) -> None:
    async def play() -> None:
        wall = Wall()
        await scene(MarketClock(1000, end, speed, wall), wall)

    asyncio.run(play())


async def stands(clock: MarketClock) -> bool:
    """Whether the next market second is not due."""
    before = clock.epoch
    try:
        await asyncio.wait_for(clock.next_second(), 0.03)
    except TimeoutError:
        return clock.epoch == before
    return False


def test_it_stands_still_until_it_is_released_and_the_second_is_due() -> None:
    async def scene(clock: MarketClock, wall: Wall) -> None:
        wall.now += 5
        assert await stands(clock)
        clock.set(paused=False)
        assert await stands(clock)
        wall.now += 0.125
        assert await clock.next_second() == 1001
        assert await stands(clock)
        clock.set(paused=True)
        wall.now += 5
        assert await stands(clock)

    run(scene)


def test_it_never_passes_its_limit_nor_its_end() -> None:
    async def scene(clock: MarketClock, wall: Wall) -> None:
        async def steps(most: int) -> None:
            for _ in range(most):
                wall.now += 0.125
                if await stands(clock):
                    return

        clock.set(paused=False, limit=1003)
        await steps(10)
        assert (clock.epoch, clock.held) == (1003, True)
        clock.set(limit=1001)
        await steps(10)
        assert clock.epoch == 1003
        clock.set(limit=None)
        await steps(10)
        assert (clock.epoch, clock.held) == (1006, True)

    run(scene, end=1006)


def test_time_lost_in_a_pause_or_behind_a_slow_listener_is_not_made_up() -> None:
    async def scene(clock: MarketClock, wall: Wall) -> None:
        clock.set(paused=False)
        wall.now += 0.125
        await clock.next_second()
        clock.set(paused=True)
        wall.now += 60
        clock.set(paused=False)
        assert await stands(clock)
        wall.now += 60
        assert await clock.next_second() == 1002
        assert await stands(clock)

    run(scene)


def test_the_speed_reached_counts_waits_for_the_limit_but_not_pauses() -> None:
    async def scene(clock: MarketClock, wall: Wall) -> None:
        async def step() -> None:
            wall.now += 0.125
            await clock.next_second()

        clock.set(paused=False, limit=1002)
        await step()
        await step()
        wall.now += 0.25
        clock.set(limit=None)
        await step()
        clock.set(paused=True)
        wall.now += 100.0
        clock.set(paused=False)
        await step()
        # From the first step to the third: two seconds in 0.125 + 0.25 + 0.125 s; the fourth follows a pause.
        assert clock.reached_speed == pytest.approx(4.0)

    run(scene)

import asyncio

import pytest

from patang_workbench.exchange.clock import MarketClock


async def walk(clock: MarketClock, seconds: float) -> int:
    """Let the clock run for so many wall seconds; returns how far it came."""
    start = clock.epoch

    async def run() -> None:
        while True:
            await clock.next_second()

    task = asyncio.create_task(run())
    await asyncio.sleep(seconds)
    task.cancel()
    return clock.epoch - start


def test_it_stands_still_until_it_is_released() -> None:
    async def scene() -> None:
        clock = MarketClock(1000, 2000, 500.0)
        assert await walk(clock, 0.05) == 0
        clock.set(paused=False)
        assert await walk(clock, 0.1) > 0
        clock.set(paused=True)
        assert await walk(clock, 0.05) == 0

    asyncio.run(scene())


def test_it_never_passes_its_limit_nor_its_end() -> None:
    async def scene() -> None:
        clock = MarketClock(1000, 1100, 1000.0)
        clock.set(paused=False, limit=1010)
        assert await walk(clock, 0.1) == 10
        assert clock.held
        clock.set(limit=1005)
        assert await walk(clock, 0.02) == 0
        clock.set(limit=None)
        await walk(clock, 0.3)
        assert clock.epoch == 1100

    asyncio.run(scene())


def test_time_lost_in_a_pause_is_not_made_up() -> None:
    async def scene() -> None:
        clock = MarketClock(0, 10_000, 20.0)
        clock.set(paused=False)
        await walk(clock, 0.1)
        clock.set(paused=True)
        await asyncio.sleep(0.5)
        clock.set(paused=False)
        assert await walk(clock, 0.1) <= 3

    asyncio.run(scene())


def test_the_speed_reached_counts_waits_for_the_limit_but_not_pauses() -> None:
    wall = 0.0
    clock = MarketClock(0, 10_000, 10.0, wall=lambda: wall)

    async def step(seconds: float) -> None:
        nonlocal wall
        wall += seconds
        await clock.next_second()

    async def scene() -> None:
        nonlocal wall
        clock.set(paused=False, limit=2)
        await step(0.125)
        await step(0.125)
        wall += 0.25
        clock.set(limit=None)
        await step(0.125)
        clock.set(paused=True)
        wall += 100.0
        clock.set(paused=False)
        await step(0.125)

    asyncio.run(scene())
    # From the first step to the third: two seconds in 0.125 + 0.25 + 0.125 s; the fourth follows a pause.
    assert clock.reached_speed == pytest.approx(4.0)

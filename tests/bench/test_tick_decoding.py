"""How much faster frames are decoded than by the official client's parser: `pytest tests/bench -s`.

A ratio within one run; the times themselves say more of the machine than of the code.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

from kiteconnect import KiteTicker

from functions.ingester.pack import decode
from tests.unit.ingester.frames import frame, full

_ROUNDS = 30
_PACKETS = 500


def _seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return median(times)


def test_decoding_a_frame_of_500_full_packets() -> None:
    message = frame(*(full((408_065 + n) << 8 | 1, n % 60) for n in range(_PACKETS)))
    theirs = _seconds(lambda: KiteTicker("key", "token")._parse_binary(message))
    ours = _seconds(lambda: decode(message))
    assert len(decode(message).ticks) == _PACKETS
    print(f"\n{_PACKETS} full packets: {theirs / ours:.0f} times the official parser's speed")  # noqa: T201 (the figure)

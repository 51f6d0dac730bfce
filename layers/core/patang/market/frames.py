"""Kite's binary frames as arrays.

A frame is a count (u16) and, for each packet, its length (u16) and its body, big-endian. A message of a
single byte is the heartbeat. What does not add up is refused as a whole: half a frame is never taken, for the
rest of it would be missing without a trace.

Where the official client's parser differs, this one does so on purpose: it takes a packet that the frame's
end cuts off for a shorter kind (a full packet cut at 44 bytes is a quote to it), drops packets of unknown
length and bytes behind the last packet without a word, and gives times as naive ones of the host's zone, and
1970 for no time at all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.market.packets import FULL, KINDS, divisors
from patang.market.ticks import TICK

__all__ = ["Decoded", "Packets", "decode", "split"]

_LENGTH = np.dtype(">u2")
_NO_FULL = np.empty(0, FULL)

_PRICES = ("last_price", "close")
_AS_THEY_ARE = ("token", "exchange_time", "volume", "oi", "buy_quantity", "sell_quantity")


@dataclass(frozen=True, slots=True, eq=False)
class Packets:
    """The packets of one kind in a frame, dtype the kind's layout, and their places in the frame from 0."""

    bodies: NDArray[np.void]
    places: NDArray[np.intp] | None

    @property
    def length(self) -> int:
        return self.bodies.dtype.itemsize


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A frame as the desk takes it.

    `ticks` (dtype TICK, in the frame's order): `exchange_time` is 0 where the packet says no time, which is
    so for modes ltp and quote, and whatever a packet does not say is 0. `full`: the packets of full mode but
    those of indices, as they came (dtype FULL); a view of the frame's bytes where it holds nothing else.
    """

    ticks: NDArray[np.void]
    full: NDArray[np.void]


def decode(frame: bytes) -> Decoded:
    """The ticks in a frame; none in a heartbeat. Raises BadInput that says what is wrong with it."""
    parts = split(frame)
    full = next((part.bodies for part in parts if part.length == FULL.itemsize), _NO_FULL)
    if len(parts) == 1:
        return Decoded(_ticks(parts[0].bodies), full)
    ticks = np.empty(sum(len(part.bodies) for part in parts), TICK)
    for part in parts:
        ticks[part.places] = _ticks(part.bodies)
    return Decoded(ticks, full)


def split(frame: bytes) -> list[Packets]:
    """The packets of a frame by kind; none in a heartbeat. Raises BadInput that says what is wrong."""
    if len(frame) <= 1:
        return []
    count = frame[0] << 8 | frame[1]
    parts = _alike(frame, count) or _mixed(frame, count)
    if parts is None:
        raise BadInput(_fault(frame, count))
    return parts


def _alike(frame: bytes, count: int) -> list[Packets] | None:
    """All packets as one view of the frame; None unless they are of one kind."""
    if count == 0 or len(frame) < 2 * _LENGTH.itemsize:
        return None
    length = frame[2] << 8 | frame[3]
    stride = _LENGTH.itemsize + length
    if length not in KINDS or len(frame) != _LENGTH.itemsize + count * stride:
        return None
    lengths = np.ndarray((count,), _LENGTH, frame, _LENGTH.itemsize, (stride,))
    if not (lengths == length).all():
        return None
    bodies = np.ndarray((count,), KINDS[length].layout, frame, 2 * _LENGTH.itemsize, (stride,))
    return [Packets(bodies, None)]


def _mixed(frame: bytes, count: int) -> list[Packets] | None:
    """The packets picked out by kind; None if they do not add up."""
    heads = _heads(frame, count)
    if heads is None:
        return None
    octets = np.frombuffer(frame, np.uint8)
    lengths = octets[heads + 1]
    parts = []
    for length, kind in KINDS.items():
        places = np.flatnonzero(lengths == length)
        if len(places):
            # Every byte of the frame as the start of a packet; those that are one are taken.
            anywhere = np.ndarray((len(frame) - length + 1,), kind.layout, frame, 0, (1,))
            parts.append(Packets(anywhere[heads[places] + _LENGTH.itemsize], places))
    all_known = sum(len(part.bodies) for part in parts) == count and not octets[heads].any()
    return parts if all_known else None


def _heads(frame: bytes, count: int) -> NDArray[np.intp] | None:
    """Where each packet's length stands, if the packets end where the frame does.

    No kind is longer than 255 bytes, so that the length's low byte leads to the next packet.
    """
    heads = [0] * count
    position = _LENGTH.itemsize
    try:
        for n in range(count):
            heads[n] = position
            position += frame[position + 1] + 2
    except IndexError:
        return None
    return np.array(heads, np.intp) if position == len(frame) else None


def _fault(frame: bytes, count: int) -> str:
    """What is wrong with a frame that does not add up."""
    size, position = len(frame), _LENGTH.itemsize
    announced = f"a frame of {size} bytes announces {count} packets"
    for n in range(1, count + 1):
        length = int.from_bytes(frame[position : position + 2])
        if position + 2 > size:
            return f"{announced} and ends before packet {n}"
        if length not in KINDS:
            return (
                f"{announced}; packet {n} has {length} bytes, which is no kind ({', '.join(map(str, KINDS))})"
            )
        position += 2 + length
        if position > size:
            return f"{announced} and ends {position - size} bytes before packet {n} does"
    return f"{announced}, which leave {size - position} bytes over"


def _ticks(packets: NDArray[np.void]) -> NDArray[np.void]:
    """Packets of one kind as ticks; what the kind does not say stays 0."""
    ticks = np.zeros(len(packets), TICK)
    said = packets.dtype.names or ()
    divisor = divisors(packets["token"])
    for name in _PRICES:
        if name in said:
            ticks[name] = packets[name] / divisor
    for name in _AS_THEY_ARE:
        if name in said:
            ticks[name] = packets[name]
    if "bids" in said:
        for name, best in (("bid", packets["bids"][:, 0]), ("ask", packets["asks"][:, 0])):
            ticks[name] = best["price"] / divisor
            ticks[f"{name}_quantity"] = best["quantity"]
    return ticks

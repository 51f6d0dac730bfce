"""Kite's binary frames as arrays.

A frame is a count (u16) and, for each packet, its length (u16) and its body, big-endian. A message of a
single byte is the heartbeat. What does not add up is refused as a whole: half a frame is never taken, for the
rest of it would be missing without a trace.

Where the official client's parser differs, this one does so on purpose: it takes a packet that the frame's
end cuts off for a shorter kind (a full packet cut at 44 bytes is a quote to it), drops packets of unknown
length and bytes behind the last packet without a word, and gives times as naive ones of the host's zone, and
1970 for no time at all.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.market.packets import FULL, KINDS, divisors
from patang.market.ticks import TICK

__all__ = ["Decoded", "Packets", "decode", "split"]

_LENGTH = np.dtype(">u2")

_LTP_BYTES = min(KINDS)

# What a kind says and a tick takes as it is.
_COUNTS = ("exchange_time", "volume", "oi", "buy_quantity", "sell_quantity")
_SAID = {
    length: tuple(name for name in _COUNTS if name in (kind.layout.names or ()))
    for length, kind in KINDS.items()
}


class Packets(NamedTuple):
    """The packets of one kind in a frame, dtype the kind's layout, and their places in the frame from 0; no
    places where the frame holds nothing else."""

    bodies: NDArray[np.void]
    places: NDArray[np.intp] | None

    @property
    def length(self) -> int:
        return self.bodies.dtype.itemsize


class Decoded(NamedTuple):
    """A frame as the desk takes it.

    `ticks` (dtype TICK, in the frame's order): `exchange_time` is 0 where the packet says no time, which is
    so for modes ltp and quote, and whatever a packet does not say is 0. `packets`: as they came, one array
    for each kind (dtype its layout); a view of the frame's bytes where all are of one kind.
    """

    ticks: NDArray[np.void]
    packets: tuple[NDArray[np.void], ...]


def decode(frame: bytes) -> Decoded:
    """The ticks in a frame; none in a heartbeat. Raises BadInput that says what is wrong with it."""
    parts = split(frame)
    packets = tuple(part.bodies for part in parts)
    if not parts:
        return Decoded(np.empty(0, TICK), packets)
    tokens = np.concatenate([bodies["token"] for bodies in packets])
    divisor = divisors(tokens)
    ticks = np.zeros(len(tokens), TICK)
    ticks["token"] = tokens
    ticks["last_price"] = np.concatenate([bodies["last_price"] for bodies in packets]) / divisor
    start = 0
    for bodies in packets:
        end = start + len(bodies)
        _fill(ticks[start:end], bodies, divisor[start:end])
        start = end
    if parts[0].places is None:
        return Decoded(ticks, packets)
    in_order = np.empty(len(ticks), TICK)
    in_order[np.concatenate([part.places for part in parts if part.places is not None])] = ticks
    return Decoded(in_order, packets)


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
    by_kind = np.argsort(lengths, kind="stable")
    bodies = heads[by_kind] + _LENGTH.itemsize
    counts = np.bincount(lengths, minlength=1)
    parts, start = [], 0
    for length in np.flatnonzero(counts).tolist():
        if length not in KINDS:
            return None
        # Every byte of the frame as the start of a packet; those that are one are taken.
        anywhere = np.ndarray((len(frame) - length + 1,), KINDS[length].layout, frame, 0, (1,))
        part = slice(start, start + int(counts[length]))
        parts.append(Packets(anywhere[bodies[part]], by_kind[part]))
        start = part.stop
    return None if octets[heads].any() else parts


def _heads(frame: bytes, count: int) -> NDArray[np.intp] | None:
    """Where each packet's length stands, if the packets end where the frame does.

    No kind is longer than 255 bytes, so that the length's low byte leads to the next packet.
    """
    low, heads, position = frame[1:], [0] * count, _LENGTH.itemsize
    try:
        for n in range(count):
            heads[n] = position
            position += low[position] + 2
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


def _fill(ticks: NDArray[np.void], packets: NDArray[np.void], divisor: NDArray[np.float64]) -> None:
    """What packets of one kind say beyond token and last price; what the kind does not say stays 0."""
    length = packets.dtype.itemsize
    for name in _SAID[length]:
        ticks[name] = packets[name]
    if length == _LTP_BYTES:
        return
    ticks["close"] = packets["close"] / divisor
    if length == FULL.itemsize:
        for name, best in (("bid", packets["bids"][:, 0]), ("ask", packets["asks"][:, 0])):
            ticks[name] = best["price"] / divisor
            ticks[f"{name}_quantity"] = best["quantity"]

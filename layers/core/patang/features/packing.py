"""Named arrays and a JSON header as bytes: how a feature state is kept between instances.

Layout: magic `PFS2`, then deflated: the header's length (u32, little-endian), the header, the arrays one
after the other, the bytes of each by significance (all first bytes, then all second ones), because
neighbouring prices, times and volumes differ in their last bytes only.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput

__all__ = ["pack_arrays", "unpack_arrays"]

_MAGIC = b"PFS2"
_LENGTH = struct.Struct("<I")

# The fastest: a state is written once a minute, and read by a cold instance only.
_LEVEL = 1


def pack_arrays(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of `arrays`, with `header` (JSON types) in front."""
    shapes = {
        name: [np.lib.format.dtype_to_descr(array.dtype), array.shape] for name, array in arrays.items()
    }
    head = json.dumps({"header": dict(header), "arrays": shapes}).encode()
    deflate = zlib.compressobj(_LEVEL)
    parts = [_MAGIC, deflate.compress(_LENGTH.pack(len(head)) + head)]
    parts += [deflate.compress(_by_significance(array)) for array in arrays.values()]
    return b"".join([*parts, deflate.flush()])


def unpack_arrays(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays, writable. Raises BadInput."""
    if data[:4] != _MAGIC:
        raise BadInput(f"not a feature state: it begins with {data[:8]!r}")
    try:
        content = zlib.decompress(data[4:])
        at = _LENGTH.size + _LENGTH.unpack_from(content)[0]
        head = json.loads(content[_LENGTH.size : at])
        arrays = {}
        for name, (kind, shape) in head["arrays"].items():
            dtype = np.dtype([tuple(field) for field in kind] if isinstance(kind, list) else kind)
            size = int(np.prod(shape)) * dtype.itemsize
            planes = np.frombuffer(content, np.uint8, size, at).reshape(dtype.itemsize, -1)
            arrays[name] = planes.T.copy().reshape(-1).view(dtype).reshape(shape)
            at += size
    except (ValueError, KeyError, TypeError, zlib.error, struct.error) as error:
        raise BadInput(f"a feature state of {len(data)} bytes does not parse: {error}") from error
    return head["header"], arrays


def _by_significance(array: NDArray[Any]) -> bytes:
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return flat.reshape(-1, array.dtype.itemsize).T.tobytes()

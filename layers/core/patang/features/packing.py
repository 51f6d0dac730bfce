"""Named arrays and a JSON header as bytes: how a feature state is kept between instances.

Layout: magic `PFS1`, the header's length (u32, little-endian), the header, the arrays one after the other.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput

__all__ = ["pack_arrays", "unpack_arrays"]

_MAGIC = b"PFS1"
_LENGTH = struct.Struct("<I")


def pack_arrays(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of `arrays`, with `header` (JSON types) in front."""
    shapes = {
        name: [np.lib.format.dtype_to_descr(array.dtype), array.shape] for name, array in arrays.items()
    }
    head = json.dumps({"header": dict(header), "arrays": shapes}).encode()
    return b"".join([_MAGIC, _LENGTH.pack(len(head)), head, *(a.tobytes() for a in arrays.values())])


def unpack_arrays(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays, writable. Raises BadInput."""
    if data[:4] != _MAGIC or len(data) < 8:
        raise BadInput(f"not a feature state: it begins with {data[:8]!r}")
    at = 8 + _LENGTH.unpack_from(data, 4)[0]
    try:
        head = json.loads(data[8:at])
        arrays = {}
        for name, (kind, shape) in head["arrays"].items():
            dtype = np.dtype([tuple(field) for field in kind] if isinstance(kind, list) else kind)
            count = int(np.prod(shape))
            arrays[name] = np.frombuffer(data, dtype, count, at).reshape(shape).copy()
            at += count * dtype.itemsize
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"a feature state of {len(data)} bytes does not parse: {error}") from error
    return head["header"], arrays

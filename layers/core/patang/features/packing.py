"""Named arrays and a JSON header as bytes: how a feature state is kept between instances.

Layout: magic `PFS2`, then deflated: the header's length (u32, little-endian), the header, the arrays one
after the other. Floats that are whole numbers of paise are kept as such, and the bytes of each array by
significance (all first bytes, then all second ones), because neighbouring prices, times and volumes differ in
their last bytes only.
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

_MOST_PAISE = 2.0**52
_NO_PAISE = -(2**62)


def pack_arrays(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of `arrays`, with `header` (JSON types) in front."""
    in_paise = {name: _paise(array) for name, array in arrays.items()}
    shapes = {
        name: [np.lib.format.dtype_to_descr(array.dtype), array.shape, in_paise[name] is not None]
        for name, array in arrays.items()
    }
    head = json.dumps({"header": dict(header), "arrays": shapes}).encode()
    deflate = zlib.compressobj(_LEVEL)
    parts = [_MAGIC, deflate.compress(_LENGTH.pack(len(head)) + head)]
    for name, array in arrays.items():
        paise = in_paise[name]
        parts.append(deflate.compress(_by_significance(array if paise is None else paise)))
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
        for name, (kind, shape, is_paise) in head["arrays"].items():
            dtype = np.dtype([tuple(field) for field in kind] if isinstance(kind, list) else kind)
            size = int(np.prod(shape)) * dtype.itemsize
            planes = np.frombuffer(content, np.uint8, size, at).reshape(dtype.itemsize, -1)
            flat = planes.T.copy().reshape(-1)
            array = _rupees(flat.view(np.int64)) if is_paise else flat.view(dtype)
            arrays[name] = array.reshape(shape)
            at += size
    except (ValueError, KeyError, TypeError, zlib.error, struct.error) as error:
        raise BadInput(f"a feature state of {len(data)} bytes does not parse: {error}") from error
    return head["header"], arrays


def _paise(array: NDArray[Any]) -> NDArray[np.int64] | None:
    """Rupees as whole paise, NaN as the least number; None where that would not give the same floats back."""
    if array.dtype != np.float64:
        return None
    missing = np.isnan(array)
    with np.errstate(over="ignore"):
        rounded = np.rint(100 * np.where(missing, 0.0, array))
    if not (np.abs(rounded) < _MOST_PAISE).all():
        return None
    paise: NDArray[np.int64] = np.where(missing, _NO_PAISE, rounded).astype(np.int64)
    same = _rupees(paise).view(np.int64) == np.ascontiguousarray(array).view(np.int64)
    return paise if same.all() else None


def _rupees(paise: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(paise == _NO_PAISE, np.nan, paise / 100)


def _by_significance(array: NDArray[Any]) -> bytes:
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return flat.reshape(-1, array.dtype.itemsize).T.tobytes()

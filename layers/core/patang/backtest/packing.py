"""Arrays as one object of a store: what a research job reads, the same bytes for the same content."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patang.backtest.history import SymbolHistory
from patang.errors import BadInput
from patang.market.instruments import Instrument
from patang.training.dataset import Dataset

__all__ = ["name_of", "pack_dataset", "pack_symbol", "unpack_dataset", "unpack_symbol"]

# A zip entry's own time would make other bytes of the same content.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
_FACTS: Final = "facts"
_ARRAYS: Final = SymbolHistory.__slots__[1:]

type Arrays = Mapping[str, NDArray[Any]]


def name_of(packed: bytes) -> str:
    """The name of a packed object, which is made of its content: who has the name has the data."""
    return f"{hashlib.sha256(packed).hexdigest()}.npz"


def pack_symbol(bars: SymbolHistory) -> bytes:
    """The bars of a symbol with their features; numpy's `load` reads the arrays too."""
    facts = {"instrument": bars.instrument.model_dump(mode="json")}
    return _packed(facts, {name: getattr(bars, name) for name in _ARRAYS})


def unpack_symbol(packed: bytes) -> SymbolHistory:
    """What `pack_symbol` packed, to the bit. Raises BadInput for anything else."""
    facts, arrays = _unpacked(packed, _ARRAYS)
    return SymbolHistory(Instrument.model_validate(facts["instrument"]), **arrays)


def pack_dataset(data: Dataset) -> bytes:
    """The rows of a data set, in their order."""
    values = {field.name: getattr(data, field.name) for field in fields(data)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    return _packed({name: value for name, value in values.items() if name not in arrays}, arrays)


def unpack_dataset(packed: bytes) -> Dataset:
    """What `pack_dataset` packed, to the bit. Raises BadInput for anything else."""
    named = tuple(field.name for field in fields(Dataset) if field.name not in ("strategy", "names"))
    facts, arrays = _unpacked(packed, named)
    return Dataset(strategy=facts["strategy"], names=tuple(facts["names"]), **arrays)


def _packed(facts: Mapping[str, Any], arrays: Arrays) -> bytes:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    written = {**arrays, _FACTS: np.frombuffer(text.encode(), np.uint8)}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in sorted(written.items()):
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", _NO_TIME), entry.getvalue(), zipfile.ZIP_DEFLATED, 1
            )
    return file.getvalue()


def _unpacked(packed: bytes, names: tuple[str, ...]) -> tuple[Mapping[str, Any], dict[str, NDArray[Any]]]:
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as found:
            return json.loads(found[_FACTS].tobytes()), {name: found[name] for name in names}
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(
            f"{len(packed)} bytes that should hold {', '.join(sorted(names))} do not ({error}): "
            "prepare the run again"
        ) from error

"""The official client without its streaming half.

`import kiteconnect` starts Twisted's reactor, which costs a cold function about a second and is not in the
Lambda layer at all. Only the package's `__init__` asks for it, so `kiteconnect.connect` is imported under a
stand-in for the package that has its path and never ran. The stand-in is taken away again: a later, ordinary
`import kiteconnect` (the ingester's) runs the real one and meets the same classes.
"""

import importlib
import importlib.util
import sys
from types import ModuleType

__all__ = ["KiteConnect", "exceptions"]

_PACKAGE = "kiteconnect"


def _load(module: str) -> ModuleType:
    if _PACKAGE in sys.modules:
        return importlib.import_module(module)
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None:
        raise ModuleNotFoundError(
            "the package kiteconnect is missing: this function was deployed without the layer `kite`"
        )
    sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    try:
        return importlib.import_module(module)
    finally:
        del sys.modules[_PACKAGE]


KiteConnect = _load("kiteconnect.connect").KiteConnect
exceptions = _load("kiteconnect.exceptions")

"""Which faults a day has: drawn from its seed, so that every day is bad in a way of its own."""

import random
from collections.abc import Mapping
from typing import Any

from patang_workbench.chaos.steps import Mishaps

__all__ = ["mishaps", "storms"]

_PLACE = {"method": "POST", "path": r"/orders/\w+"}
_CHANGE = {"method": "PUT", "path": r"/orders/.*"}
_CANCEL = {"method": "DELETE", "path": r"/orders/.*"}
_TRIGGERS = {"path": r"/gtt/triggers.*"}
_SENDS = (_PLACE, _CHANGE, _CANCEL, *({**_TRIGGERS, "method": m} for m in ("POST", "PUT", "DELETE")))


def mishaps(chance: random.Random, badness: float) -> Mishaps:
    """What happens to the desk's own processes; `badness` from 0 (nothing) on."""
    return Mishaps(
        killed=chance.uniform(0.0, 0.10) * badness,
        throttled=chance.uniform(0.0, 0.03) * badness,
        conflict=chance.uniform(0.0, 0.05) * badness,
        overtaken=chance.uniform(0.02, 0.2) * badness,
    )


def storms(chance: random.Random, badness: float) -> list[Mapping[str, Any]]:
    """Faults of the exchange and of the way to it, in the words of exchange.fault."""
    if badness <= 0:
        return []
    found: list[Mapping[str, Any]] = []
    for send in _SENDS:
        late = {"reply": chance.choice(("timed_out_400", "http_502", "half_open")), "delay": 8.0}
        found += [
            _often(chance, badness, 0.05, kind="timeout", delay=12.0, **send),
            _often(chance, badness, 0.03, kind="half_open", delay=30.0, **send),
            _often(chance, badness, 0.03, kind="half_open", delay=30.0, taken=False, **send),
            _often(chance, badness, 0.04, kind="late_accept", **late, **send),
            _often(chance, badness, 0.04, kind="timed_out_400", **send),
            _often(chance, badness, 0.03, kind="http_429", **send),
            _often(chance, badness, 0.03, kind="http_502", **send),
            _often(chance, badness, 0.03, kind="http_502", taken=True, **send),
        ]
    reads = {"method": "GET", "path": "/.*"}
    found += [
        _often(chance, badness, 0.02, kind="http_429", **reads),
        _often(chance, badness, 0.02, kind="http_502", **reads),
        _often(chance, badness, 0.02, kind="timeout", delay=12.0, **reads),
        _often(chance, badness, 0.05, kind="stale_book", delay=8.0),
        _often(chance, badness, 0.03, kind="reject", message="RMS: blocked by the chaos campaign."),
        _often(chance, badness, 0.25, kind="partial_fills", pieces=chance.randint(2, 5)),
        _often(chance, badness, 0.5, kind="fill_race", race=chance.choice(("filled", "partly", "refused"))),
        _often(chance, badness, 0.15, kind="duplicate_update", delay=20.0),
        _often(chance, badness, 0.15, kind="reordered_update", delay=10.0),
        _often(chance, badness, 0.10, kind="delayed_update", delay=chance.uniform(5, 60)),
        _often(chance, badness, 0.10, kind="missing_update"),
    ]
    return found


def _often(chance: random.Random, badness: float, most: float, **fault: Any) -> Mapping[str, Any]:
    probability = min(max(chance.uniform(0.0, most) * badness, 1e-6), 1.0)
    return {**fault, "probability": round(probability, 6)}

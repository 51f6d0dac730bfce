"""A desk on which every free word is an attack: names of instruments, reasons, notes, labels, the broker's
answers."""

import json
from typing import Any

from tests.unit.api.sample_desk import SampleDesk
from tests.unit.api.whole_desk import whole_desk

__all__ = ["BREAKOUT", "MARK", "attacked_desk"]

MARK = "xss-mark"
# Away from the address that it is put into, out of an attribute in either quotes, a title, a text field, a
# script.
BREAKOUT = f"../..//x?a#\"'></title></textarea></script><img src={MARK} onerror=alert(1)>"
# What is somebody's own words, wherever in a record it stands.
_WORDS = frozenset(
    {
        "symbol",
        "tradingsymbol",
        "underlying",
        "reason",
        "note",
        "text",
        "message",
        "status_message",
        "label",
        "actor",
        "decided_by",
        "written_by",
        "broker_status",
        "broker_order_id",
        "told",
        "words",
        "name",
        "outcome",
        "model_version",
        "uuid",
    }
)
# Records inside a record.
_INSIDE_JSON = "event_json"


def attacked_desk(address: str = "http://testserver") -> SampleDesk:
    """`whole_desk`, spoilt. Raises AssertionError where it has no longer what is to be spoilt."""
    desk = whole_desk(address)
    hit: set[str] = set()
    for store in (desk.store, desk.audit_store):
        for key, item in list(store.items.items()):
            store.items[key] = _spoilt(item, "", hit)
    assert hit == _WORDS, f"nothing of the desk is called {_WORDS - hit}"
    return desk


def _spoilt(found: Any, name: str, hit: set[str]) -> Any:
    if isinstance(found, dict):
        return {key: _spoilt(value, key, hit) for key, value in found.items()}
    if isinstance(found, list):
        return [_spoilt(value, name, hit) for value in found]
    if isinstance(found, str) and name == _INSIDE_JSON:
        return json.dumps(_spoilt(json.loads(found), "", hit))
    if isinstance(found, str) and name in _WORDS:
        hit.add(name)
        return BREAKOUT
    return found

"""Ids of intents. They double as the orders' tags, of which the broker takes 20 alphanumerics."""

import hashlib
import re
from datetime import date
from typing import Literal

__all__ = ["Purpose", "intent_id", "intent_letter", "intent_prefixes", "is_intent_id"]

type Purpose = Literal[
    "entry",
    "exit",
    "protect",
    "order",
    "modify",
    "cancel",
    "gtt_place",
    "gtt_modify",
    "gtt_delete",
    "convert",
    "alert_place",
    "alert_modify",
    "alert_delete",
]

_LETTERS: dict[Purpose, str] = {
    "entry": "N",
    "exit": "X",
    "protect": "S",
    "order": "O",
    "modify": "M",
    "cancel": "C",
    "gtt_place": "G",
    "gtt_modify": "H",
    "gtt_delete": "D",
    "convert": "V",
    "alert_place": "A",
    "alert_modify": "B",
    "alert_delete": "E",
}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HASH_LENGTH = 13


def intent_id(account: str, purpose: Purpose, day: date, *of: str | int) -> str:
    """The id of the one intent with this purpose; `of` says what it is for, such as an order or a position.

    The same arguments give the same id, so a repeated step finds what it made before. A letter for the
    purpose, the day as YYMMDD, and 67 bits of a SHA-256 in base 36.
    """
    digest = hashlib.sha256("\x1f".join((account, purpose, day.isoformat(), *map(str, of))).encode())
    number = int.from_bytes(digest.digest())
    figures = []
    for _ in range(_HASH_LENGTH):
        number, figure = divmod(number, 36)
        figures.append(_DIGITS[figure])
    return f"{_LETTERS[purpose]}{day:%y%m%d}{''.join(figures)}"


def intent_letter(purpose: Purpose) -> str:
    """How the ids of a purpose begin."""
    return _LETTERS[purpose]


def intent_prefixes(day: date) -> tuple[str, ...]:
    """How the ids of a day's intents begin, one a purpose."""
    return tuple(f"{letter}{day:%y%m%d}" for letter in _LETTERS.values())


def is_intent_id(text: str) -> bool:
    """Whether this could be the id of an intent, of any desk."""
    return re.fullmatch(rf"[{''.join(_LETTERS.values())}]\d{{6}}[0-9A-Z]{{{_HASH_LENGTH}}}", text) is not None

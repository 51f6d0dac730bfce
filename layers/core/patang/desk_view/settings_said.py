"""Settings in words: what one is called, and its value with its unit, as an Indian trader reads them."""

import ast
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, NamedTuple

from patang.desk_view.money import grouped, rupees
from patang.settings.inputs import inputs
from patang.settings.names import name_of
from patang.settings.table import table

__all__ = ["SaidChange", "changes_said", "in_section", "said"]

# What stands behind one and behind several; the units of other settings say what kind of text they are.
_COUNTED: Final = {
    "positions": ("position", "positions"),
    "stops": ("stop", "stops"),
    "orders": ("order", "orders"),
    "sessions": ("session", "sessions"),
    "strikes": ("strike", "strikes"),
    "units": ("unit", "units"),
    "hours": ("hour", "hours"),
    "minutes": ("minute", "minutes"),
    "seconds": ("second", "seconds"),
    "milliseconds": ("millisecond", "milliseconds"),
    "exceptions a minute": ("error a minute", "errors a minute"),
    "standard deviations": ("standard deviation", "standard deviations"),
    "multiples of ATR(14)": ("× ATR(14)", "× ATR(14)"),
}
_IN_WORDS: Final = frozenset({"word", "words"})


class SaidChange(NamedTuple):
    """A setting that was changed, and what it was and became, in words."""

    path: str
    name: str
    before: str
    after: str


def changes_said(kind: str, details: Mapping[str, Any]) -> tuple[SaidChange, ...]:
    """What an event of the audit log tells of settings that were changed; none of any other kind."""
    changes = details.get("changes")
    if kind != "SETTINGS_CHANGED" or not isinstance(changes, Mapping):
        return ()
    return tuple(
        SaidChange(str(path), name_of(str(path)), _written(str(path), pair[0]), _written(str(path), pair[1]))
        for path, pair in changes.items()
        if isinstance(pair, list | tuple) and len(pair) == 2
    )


def in_section(path: str) -> str:
    """Its name where the heading says the rest: "Options: target" is "Target" beneath "Long options"."""
    head, colon, rest = name_of(path).partition(": ")
    named = rest if colon and head in ("Options", "Shares", "Broker") else name_of(path)
    return named[0].upper() + named[1:]


def said(path: str, value: Any) -> str:
    """A value (JSON's) of the setting at `path`; a path that only an older version knew is told without its
    unit."""
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    kind, unit = _known().get(path, ("text", ""))
    if isinstance(value, list):
        return _listed(value, kind)
    if kind in ("whole", "number"):
        try:
            return _figure(value, unit)
        except InvalidOperation:
            # No figure: of another version's, or of a log that somebody else wrote.
            return str(value)
    if kind == "time":
        return f"{value} IST"
    return _words(str(value)) if kind in _IN_WORDS else str(value)


def _written(path: str, text: object) -> str:
    """A value as the log holds it: the text of a value of Python's."""
    if not isinstance(text, str):
        return said(path, text)
    # A list's, of what the tree had taken before; a text that only begins like one stays what it is.
    if text in ("None", "True", "False") or text.startswith("["):
        try:
            return said(path, ast.literal_eval(text))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text
    return said(path, text)


@cache
def _known() -> Mapping[str, tuple[str, str]]:
    kinds = inputs()
    return {row.path: (kinds[row.path].kind, row.unit) for row in table()}


def _figure(value: Any, unit: str) -> str:
    if unit.startswith("rupees"):
        return f"{rupees(Decimal(str(value)))}{unit.removeprefix('rupees')}"
    text = grouped(value)
    if unit.startswith("percent"):
        return f"{text} %{unit.removeprefix('percent')}"
    if unit in _COUNTED:
        one, several = _COUNTED[unit]
        return f"{text} {one if Decimal(str(value)) == 1 else several}"
    return text


def _listed(value: list[Any], kind: str) -> str:
    if all(isinstance(one, dict) for one in value):
        return "; ".join(_entry(one) for one in value)
    return ", ".join(_words(str(one)) if kind in _IN_WORDS else str(one) for one in value)


def _entry(entry: Mapping[str, Any]) -> str:
    """An entry of a list, such as an event: its columns without what is not said."""
    told = {name: one for name, one in entry.items() if one not in (None, False, [])}
    return ", ".join(f"{_words(name)} {_column(one)}" for name, one in told.items())


def _column(value: Any) -> str:
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, list):
        return ", ".join("-".join(map(str, one)) if isinstance(one, list) else str(one) for one in value)
    return str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")

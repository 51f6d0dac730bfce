"""Settings in words: what one is called, and its value with its unit, as an Indian trader reads them."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final

from patang.desk_view.money import grouped, rupees
from patang.settings.inputs import inputs
from patang.settings.names import name_of
from patang.settings.table import table

__all__ = ["in_section", "said"]

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
        return _figure(value, unit)
    if kind == "time":
        return f"{value} IST"
    return _words(str(value)) if kind in _IN_WORDS else str(value)


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
    if isinstance(value[0], dict):
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

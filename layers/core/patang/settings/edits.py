"""Changing some settings by their paths, and saying at each of them what is wrong with it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import ValidationError

from patang.errors import BadInput
from patang.settings.effective import leaves
from patang.settings.fields import CLOCK_TIME
from patang.settings.tree import Settings

__all__ = ["SET_BY_OPERATOR", "WrongField", "WrongSettings", "edited"]

# Whoever turns these turns the access token, or the link that asks for a yes, to another machine: they are
# changed by whoever deploys the desk (`patang settings put`), not by a token with the scope admin.
SET_BY_OPERATOR = frozenset(
    {"kite.root", "kite.ticker_root", "kite.login_root", "public_url", "egress_echo_url"}
)

_NO_TIME = "Input should be a time as HH:MM, 00:00 to 23:59"


class WrongField(NamedTuple):
    """`path`: the setting, dotted, or empty where the whole does not fit together."""

    path: str
    message: str


class WrongSettings(BadInput):
    """Settings that are not accepted, with what is wrong at each field."""

    def __init__(self, fields: tuple[WrongField, ...]) -> None:
        super().__init__("; ".join(f"{field.path or 'together'}: {field.message}" for field in fields))
        self.fields = fields


def edited(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """`settings` with these values (JSON's) by dotted path, validated as a whole.

    Raises WrongSettings for a path that is no setting or that only the operator changes, and for a value
    that is not allowed.
    """
    known = [path for path, _, _ in leaves(settings)]
    wrong = [WrongField(path, _unknown(path, known)) for path in values if path not in known]
    wrong += [
        WrongField(path, "is changed by whoever deploys the desk, with `patang settings put`")
        for path in sorted(SET_BY_OPERATOR & values.keys())
    ]
    if wrong:
        raise WrongSettings(tuple(wrong))
    tree = settings.model_dump(mode="json")
    for path, value in values.items():
        *sections, name = path.split(".")
        place = tree
        for section in sections:
            place = place[section]
        place[name] = value
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise WrongSettings(tuple(_fields(error))) from error


def _unknown(path: str, known: list[str]) -> str:
    near = get_close_matches(path, known, n=2, cutoff=0.6)
    return f"there is no such setting{f'; did you mean {" or ".join(near)}?' if near else ''}"


def _fields(error: ValidationError) -> list[WrongField]:
    found = []
    for wrong in error.errors(include_url=False):
        path, value = ".".join(map(str, wrong["loc"])), wrong["input"]
        message = wrong["msg"].removeprefix("Value error, ")
        if wrong.get("ctx", {}).get("pattern") == CLOCK_TIME:
            message = _NO_TIME
        # What is wrong with a whole section names its fields and their values itself.
        found.append(WrongField(path, message if isinstance(value, dict) else f"{message}, not {value!r}"))
    return found

"""What an alert watches and the orders of its basket, read from the form that clients send."""

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from patang_workbench.exchange.checks import check_terms
from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.forms import json_text, price, read_terms, required
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Terms

__all__ = ["AlertTerms", "Side", "read_alert"]

_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
}
_ATTRIBUTES: Mapping[str, Callable[[Line], int]] = {
    "LastTradedPrice": lambda line: line.last,
    "OpenPrice": lambda line: line.open,
    "HighPrice": lambda line: line.high,
    "LowPrice": lambda line: line.low,
    "ClosePrice": lambda line: line.previous_close,
}
_NAME = re.compile(r".{1,100}")


class Side(NamedTuple):
    """An attribute of an instrument; `exchange` as it was asked for, INDICES for an index."""

    line: Line
    exchange: str
    attribute: str

    @property
    def value(self) -> int:
        """Paise."""
        return _ATTRIBUTES[self.attribute](self.line)


class AlertTerms(NamedTuple):
    """`right` is paise or another side; `orders` are what an alert of type ato places."""

    kind: str
    name: str
    left: Side
    comparison: str
    right: Side | int
    orders: tuple[Terms, ...]

    @property
    def met(self) -> bool:
        right = self.right.value if isinstance(self.right, Side) else self.right
        return _COMPARISONS[self.comparison](self.left.value, right)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it watches."""
        return (self.left.line, self.right.line) if isinstance(self.right, Side) else (self.left.line,)


def read_alert(form: Mapping[str, str], floor: Floor, day: Any) -> AlertTerms:
    """Raises InputError for what the broker refuses."""
    kind, name, comparison = (required(form, field) for field in ("type", "name", "operator"))
    if kind not in ("simple", "ato"):
        raise InputError(f"Invalid `type`: {kind!r}; use simple or ato.")
    if not _NAME.fullmatch(name):
        raise InputError("`name` has 100 characters at most.")
    if comparison not in _COMPARISONS:
        raise InputError(f"Invalid `operator`: {comparison!r}; use one of {', '.join(_COMPARISONS)}.")
    right_type = required(form, "rhs_type")
    if right_type not in ("constant", "instrument"):
        raise InputError(f"Invalid `rhs_type`: {right_type!r}; use constant or instrument.")
    required(form, "rhs_constant" if right_type == "constant" else "rhs_tradingsymbol")
    right = price(form, "rhs_constant") if right_type == "constant" else _side(form, "rhs", floor)
    orders = _basket(form, floor, day) if kind == "ato" else ()
    terms = AlertTerms(kind, name, _side(form, "lhs", floor), comparison, right, orders)
    if terms.met:
        raise InputError("Rule condition is already met.")
    return terms


def _side(form: Mapping[str, str], which: str, floor: Floor) -> Side:
    exchange, symbol = required(form, f"{which}_exchange"), required(form, f"{which}_tradingsymbol")
    attribute = required(form, f"{which}_attribute")
    if attribute not in _ATTRIBUTES:
        raise InputError(f"Invalid `{which}_attribute`: {attribute!r}; use one of {', '.join(_ATTRIBUTES)}.")
    line = floor.by_key.get(f"{'NSE' if exchange == 'INDICES' else exchange}:{symbol}")
    if line is None or line.instrument.is_index != (exchange == "INDICES"):
        raise InputError(f"There is no instrument {exchange}:{symbol} to watch.")
    return Side(line, exchange, attribute)


def _basket(form: Mapping[str, str], floor: Floor, day: Any) -> tuple[Terms, ...]:
    try:
        basket = json.loads(required(form, "basket"))
        rows = [(row, dict(row["params"])) for row in basket["items"]]
    except (ValueError, TypeError, KeyError):
        raise InputError("`basket` is a JSON object with `items`, each with its `params`.") from None
    if not 1 <= len(rows) <= 20:
        raise InputError("A basket has 1 to 20 items.")
    found = []
    for row, params in rows:
        fields = {
            name: json_text(value) for name, value in params.items() if not isinstance(value, list | dict)
        }
        fields |= {
            "exchange": str(row.get("exchange", "")),
            "tradingsymbol": str(row.get("tradingsymbol", "")),
        }
        terms = read_terms(fields, fields.pop("variety", "regular"))
        line = floor.by_key.get(f"{terms.exchange}:{terms.tradingsymbol}")
        check_terms(terms, line, day, by_api=True)
        found.append(terms)
    return tuple(found)

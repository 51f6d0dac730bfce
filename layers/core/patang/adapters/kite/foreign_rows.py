"""Rows of the order book, and triggers, that do not parse: an error where they may be the desk's own, else
left out, so that what somebody else has placed does not keep the desk from seeing its own orders.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from patang.errors import BadInput
from patang.execution.ids import is_intent_id
from patang.ports import Metrics

__all__ = ["ForeignRows"]


class ForeignRows:
    """`concerns` says whether the desk holds or trades an instrument (EXCHANGE:TRADINGSYMBOL) now."""

    def __init__(self, concerns: Callable[[str], bool], metrics: Metrics) -> None:
        self._concerns = concerns
        self._metrics = metrics

    def orders[Row](
        self, rows: Iterable[Mapping[str, Any]], parse: Callable[[Mapping[str, Any]], Row]
    ) -> list[Row]:
        """The rows read. One that does not parse is left out if it has no tag of a desk's and is of an
        instrument that does not concern the desk: what a trigger or a cover order has placed has no tag, and
        whatever sells what we hold counts. Raises BadInput for any other."""
        return self._read(rows, parse, lambda row: None if _has_our_tag(row) else _instrument(row))

    def triggers[Row](
        self, rows: Iterable[Mapping[str, Any]], parse: Callable[[Mapping[str, Any]], Row]
    ) -> list[Row]:
        """The same of triggers, which have no tags. Raises BadInput where one may be ours."""
        return self._read(rows, parse, _watched)

    def _read[Row](
        self,
        rows: Iterable[Mapping[str, Any]],
        parse: Callable[[Mapping[str, Any]], Row],
        foreign_instrument: Callable[[Mapping[str, Any]], str | None],
    ) -> list[Row]:
        found = []
        for row in rows:
            try:
                found.append(parse(row))
            except BadInput as error:
                instrument = foreign_instrument(row)
                if instrument is None or self._concerns(instrument):
                    raise
                self._metrics.alarm("broker_row_left_out", instrument=instrument, error=str(error))
        return found


def _has_our_tag(order: Mapping[str, Any]) -> bool:
    tags = order.get("tags")
    words = (order.get("tag"), *(tags if isinstance(tags, list | tuple) else ()))
    return any(isinstance(word, str) and is_intent_id(word) for word in words)


def _watched(trigger: Mapping[str, Any]) -> str | None:
    condition = trigger.get("condition")
    return _instrument(condition) if isinstance(condition, Mapping) else None


def _instrument(row: Mapping[str, Any]) -> str | None:
    """EXCHANGE:TRADINGSYMBOL, or None where not even that can be read."""
    exchange, tradingsymbol = row.get("exchange"), row.get("tradingsymbol")
    if not all(isinstance(word, str) and word for word in (exchange, tradingsymbol)):
        return None
    return f"{exchange}:{tradingsymbol}"

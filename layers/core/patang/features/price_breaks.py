"""Shares whose price the exchange has rebased overnight: a split, a bonus, a special dividend."""

from collections.abc import Mapping
from typing import Any

__all__ = ["suspected_rebasing"]

# The closing price is a mean of the last half hour or the auction's; a split, a bonus or a special dividend
# moves the price by a tenth and more.
_MOST_PCT = 5.0


def suspected_rebasing(closes: Mapping[str, float], quotes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each share whose price of before today is not the one that was archived.

    `closes` are those of the session before by symbol, `quotes` the broker's by EXCHANGE:TRADINGSYMBOL. Until
    the broker has begun its day, a quote's last price is still that of the session before, and its close the
    one of a session earlier: only if both are far from the archived price has something happened.
    """
    found = []
    for identifier, quote in quotes.items():
        was = closes.get(identifier.partition(":")[2])
        told = [price for price in (quote.get("last_price"), (quote.get("ohlc") or {}).get("close")) if price]
        if was and told and all(abs(price / was - 1) * 100 > _MOST_PCT for price in told):
            found.append(
                f"{identifier} closed at {was:g} and is said to have closed at {told[-1]:g}: "
                "a corporate action is suspected, check its levels and positions"
            )
    return found

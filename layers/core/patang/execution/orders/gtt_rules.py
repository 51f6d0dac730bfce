"""The rules of triggers (GTT): among their own fields, and beside the market.

Sources: https://kite.trade/docs/connect/v3/gtt/ (LIMIT only, one year, CNC, MTF and NRML; a two-leg trigger
has its stop below and its target above the last price) and the broker's support page on how near a trigger
may be (0.25 % of the last price, 9 paise below 50 rupees).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from patang.execution.orders.broken import Broken, told
from patang.execution.orders.form_rules import product_broken
from patang.execution.orders.market_facts import MarketFacts
from patang.execution.prices import band_pct, on_tick, tick_floor

__all__ = ["MOST_TRIGGERS", "LegWords", "gtt_form_broken", "gtt_market_broken"]

# Active ones of an account.
MOST_TRIGGERS = 500
_LEGS = {"single": 1, "two-leg": 2}
_NEAREST_PCT = Decimal("0.25")
_CHEAP, _NEAREST_CHEAP = Decimal(50), Decimal("0.09")


class LegWords(Protocol):
    """What the rules ask of the order that a trigger places."""

    @property
    def transaction_type(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def product(self) -> str: ...
    @property
    def price(self) -> Decimal: ...


def gtt_form_broken(
    kind: str, exchange: str, triggers: Sequence[Decimal], legs: Sequence[LegWords]
) -> tuple[Broken, ...]:
    """Every field that goes against another."""
    return told(_form(kind, exchange, triggers, legs))


def gtt_market_broken(
    triggers: Sequence[Decimal], legs: Sequence[LegWords], facts: MarketFacts
) -> tuple[Broken, ...]:
    """Every field that the broker would refuse now, or whose order would be refused once it triggers."""
    return told(_market(triggers, legs, facts))


def _form(
    kind: str, exchange: str, triggers: Sequence[Decimal], legs: Sequence[LegWords]
) -> Iterator[Broken | None]:
    wanted = _LEGS[kind]
    if len(triggers) != wanted:
        yield Broken("trigger_values", _listed(triggers), f"a {kind} trigger has {wanted}")
    if len(legs) != wanted:
        yield Broken("legs", str(len(legs)), f"a {kind} trigger has {wanted}, one a trigger value")
    if any(value <= 0 for value in triggers):
        yield Broken("trigger_values", _listed(triggers), "give prices above 0")
    if list(triggers) != sorted(set(triggers)):
        yield Broken("trigger_values", _listed(triggers), "give the stop first, then the target above it")
    for number, leg in enumerate(legs):
        if leg.quantity <= 0:
            yield Broken(f"legs[{number}].quantity", str(leg.quantity), "give at least 1")
        if leg.price <= 0:
            yield Broken(f"legs[{number}].price", str(leg.price), "give its limit, above 0")
        yield product_broken(exchange, leg.product, f"legs[{number}].product")
    if wanted == 2 and len({(leg.transaction_type, leg.product) for leg in legs}) > 1:
        yield Broken("legs", "different", "both sides of a two-leg trigger go the same way, in one product")


def _market(
    triggers: Sequence[Decimal], legs: Sequence[LegWords], facts: MarketFacts
) -> Iterator[Broken | None]:
    found = facts.instrument
    if found.instrument_type == "INDEX":
        yield Broken(
            "tradingsymbol", found.tradingsymbol, "an index does not trade: name a share or a contract"
        )
    for value in triggers:
        yield _off_tick("trigger_values", value, found.tick_size)
    for number, (value, leg) in enumerate(zip(triggers, legs, strict=True)):
        yield _off_tick(f"legs[{number}].price", leg.price, found.tick_size)
        if leg.quantity % found.lot_size:
            remedy = f"give a multiple of the lot of {found.lot_size}"
            yield Broken(f"legs[{number}].quantity", str(leg.quantity), remedy)
        if facts.largest is not None and leg.quantity > facts.largest:
            remedy = f"its order would be frozen: {facts.largest} at most"
            yield Broken(f"legs[{number}].quantity", str(leg.quantity), remedy)
        yield _far(number, value, leg, facts)
    if facts.quote is not None:
        yield from _beside(triggers, facts.quote.last_price)


def _beside(triggers: Sequence[Decimal], last: Decimal) -> Iterator[Broken | None]:
    nearest = _NEAREST_CHEAP if last <= _CHEAP else last * _NEAREST_PCT / 100
    if any(abs(value - last) < nearest for value in triggers):
        remedy = f"keep {nearest:.2f} away from the last price of {last}"
        yield Broken("trigger_values", _listed(triggers), remedy)
    if len(triggers) == 2 and not triggers[0] < last < triggers[1]:
        remedy = f"the stop belongs below the last price of {last}, the target above it"
        yield Broken("trigger_values", _listed(triggers), remedy)


def _far(number: int, trigger: Decimal, leg: LegWords, facts: MarketFacts) -> Broken | None:
    """The limit may be on the losing side of its trigger, so that it trades, but not by a slip."""
    worse = leg.price - trigger if leg.transaction_type == "BUY" else trigger - leg.price
    allowed = band_pct(trigger, option=facts.instrument.is_option) + facts.drift_pct
    away: Decimal = worse / trigger * 100
    if away <= allowed:
        return None
    text = f"it is {away:.1f} % beyond its trigger {trigger}, more than {allowed} %"
    return Broken(f"legs[{number}].price", str(leg.price), text)


def _off_tick(field: str, price: Decimal, tick: Decimal) -> Broken | None:
    if on_tick(price, tick):
        return None
    lower = tick_floor(price, tick)
    return Broken(field, str(price), f"give a multiple of the tick of {tick}: {lower} or {lower + tick}")


def _listed(values: Sequence[Decimal]) -> str:
    return ", ".join(map(str, values)) or "none"

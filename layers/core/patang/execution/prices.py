"""Prices of orders: on the tick, marketable, and never further away than protection allows.

The bands are the broker's automatic market protection, percent of the last price
(Kite Connect 3, orders, market protection, as of 2026-04-01).

The limit price protection of options is the exchange's: 40 % either way of the mean of the last 30 seconds'
trades above 50 rupees, 20 rupees below (as described in tradingqna.com/t/193460, 2026). Here it is taken
around the last price. How far the limit of a stop on a contract may be from its trigger: exchange code
16448, circular 54/2023 (options 20 % or 10 rupees, futures 3 % or 1.5 rupees, from which trigger of 50
rupees on).
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

__all__ = [
    "band_pct",
    "buy_limit",
    "exit_limit",
    "is_option",
    "on_tick",
    "price_protection",
    "protected_price",
    "sell_limit",
    "stop_limit_range",
    "tick_ceiling",
    "tick_floor",
]

_OPTION_BANDS = ((10, Decimal(5)), (100, Decimal(3)), (500, Decimal(2)))
_OTHER_BANDS = ((100, Decimal(2)), (500, Decimal(1)))
_ABOVE = {True: Decimal(1), False: Decimal("0.5")}

_CHEAP = Decimal(50)

# What an entry may pay above the ask it saw: enough for the ask to move a little while the order travels.
_ENTRY_ALLOWANCE_PCT = Decimal("0.2")


def is_option(exchange: str, symbol: str) -> bool:
    return exchange in ("NFO", "BFO") and symbol.endswith(("CE", "PE"))


def band_pct(price: Decimal, *, option: bool) -> Decimal:
    """How far from the last price, in percent, a marketable order may go."""
    for limit, percent in _OPTION_BANDS if option else _OTHER_BANDS:
        if price < limit:
            return percent
    return _ABOVE[option]


def on_tick(price: Decimal, tick: Decimal) -> bool:
    return price % tick == 0


def tick_floor(price: Decimal, tick: Decimal) -> Decimal:
    """The highest price on the tick that is not above `price`."""
    return _to_tick(price, tick, ROUND_FLOOR)


def tick_ceiling(price: Decimal, tick: Decimal) -> Decimal:
    """The lowest price on the tick that is not below `price`."""
    return _to_tick(price, tick, ROUND_CEILING)


def price_protection(last_price: Decimal) -> tuple[Decimal, Decimal]:
    """The lowest and the highest limit that the exchange takes of an option at this price."""
    away = last_price * Decimal("0.4") if last_price > _CHEAP else Decimal(20)
    return max(last_price - away, Decimal(0)), last_price + away


def stop_limit_range(trigger: Decimal, *, option: bool) -> Decimal:
    """How far, in rupees, the limit of a stop on a contract may be from its trigger."""
    if trigger <= _CHEAP:
        return Decimal(10) if option else Decimal("1.5")
    return trigger * (Decimal("0.2") if option else Decimal("0.03"))


def protected_price(
    last_price: Decimal, tick: Decimal, percent: Decimal, *, option: bool, buying: bool
) -> Decimal:
    """The worst price of a MARKET order with this market protection (-1: the broker's band), on the tick."""
    allowed = band_pct(last_price, option=option) if percent < 0 else percent
    if buying:
        return _to_tick(last_price * (1 + allowed / 100), tick, ROUND_CEILING)
    return max(_to_tick(last_price * (1 - allowed / 100), tick, ROUND_FLOOR), tick)


def buy_limit(ask: Decimal, tick: Decimal, cap: Decimal) -> Decimal:
    """The limit of a marketable entry: the ask and a small allowance, on the tick, at most `cap`."""
    wanted = _to_tick(ask * (1 + _ENTRY_ALLOWANCE_PCT / 100), tick, ROUND_CEILING)
    return min(wanted, tick_floor(cap, tick))


def sell_limit(best: Decimal, tick: Decimal, *, option: bool) -> Decimal:
    """The limit of a marketable exit: below the best price to sell at by its band, at least one tick."""
    wanted = best * (1 - band_pct(best, option=option) / 100)
    return max(_to_tick(wanted, tick, ROUND_FLOOR), tick)


def exit_limit(last_price: Decimal, bid: Decimal | None, tick: Decimal, *, option: bool) -> Decimal:
    """The limit of an exit by what was seen: the bid, where there is one and the last trade was not lower."""
    return sell_limit(min(bid, last_price) if bid else last_price, tick, option=option)


def _to_tick(price: Decimal, tick: Decimal, rounding: str) -> Decimal:
    return (price / tick).to_integral_value(rounding) * tick

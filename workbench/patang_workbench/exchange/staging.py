"""Prices set by hand, for what a market rarely does: a gap over a stop's limit, an empty book, a trigger."""

from collections.abc import Mapping
from typing import Any

from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.forms import price, required, units
from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Level, Line

__all__ = ["stage"]

_NO_LEVEL: Level = (0, 0, 0)


def stage(exchange: Exchange, body: Mapping[str, Any]) -> dict[str, Any]:
    """Hold an instrument at a price, or let it go on by itself.

    `instrument` like NFO:NIFTY26AUGFUT; `last`, `bid` and `ask` in rupees, the latter two a tick around the
    first where they are not given, 0 for an empty side; `units` at each of them, a thousand lots where not
    given. Orders and triggers see the price at once. `release` ends it: the instrument's next trade counts
    again. Raises InputError.
    """
    fields = {name: str(value) for name, value in body.items() if value is not None}
    line = exchange.floor.by_key.get(required(fields, "instrument"))
    if line is None:
        raise InputError(f"There is no instrument {fields['instrument']!r}; use one like NSE:INFY.")
    if fields.get("release") == "True":
        exchange.floor.staged.discard(line.instrument.token)
    else:
        _hold(exchange, line, fields)
    return {
        "instrument": line.instrument.key,
        "held": line.instrument.token in exchange.floor.staged,
        "last": rupees(line.last),
        "bid": rupees(line.bid),
        "ask": rupees(line.ask),
    }


def _hold(exchange: Exchange, line: Line, fields: Mapping[str, str]) -> None:
    row, epoch = line.instrument, exchange.clock.epoch
    last = price(fields, "last")
    if last <= 0:
        raise InputError("`last` is missing; give a price above 0, or `release`.")
    exchange.floor.staged.add(row.token)
    line.trade(epoch, last, 0)
    if not row.is_index:
        shown = units(fields, "units", row.lot * 1000)
        bid, ask = price(fields, "bid", last - row.tick), price(fields, "ask", last + row.tick)
        line.show(_side(bid, shown), _side(ask, shown))
    exchange.meet([line])


def _side(paise: int, shown: int) -> tuple[Level, ...]:
    return ((paise, shown, 1) if paise > 0 and shown else _NO_LEVEL, *[_NO_LEVEL] * 4)

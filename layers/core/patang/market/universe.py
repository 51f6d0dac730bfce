"""The day's universe: choosing it from the broker's dump, keeping it, loading it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from patang.errors import BadInput
from patang.keys import universe_key
from patang.market.instruments import INDEX_NAMES, Instrument, Universe
from patang.market.sessions import IST, expiry_moment
from patang.ports import Key, ObjectStore, StateStore, WriteConflict
from patang.records import Record, create, load, replace
from patang.settings import Settings

__all__ = [
    "Choice",
    "choose_universe",
    "index_identifiers",
    "load_universe",
    "parse_instrument",
    "save_universe",
]

_WRITES = 5


class UniversePointer(Record):
    """Names the object that holds a day's universe."""

    day: date
    path: str
    instruments: int

    def key(self) -> Key:
        return universe_key(self.day)


@dataclass(frozen=True, slots=True)
class Choice:
    """A universe, and what was wished for and not found."""

    universe: Universe
    problems: tuple[str, ...]


def save_universe(store: StateStore, objects: ObjectStore, universe: Universe) -> None:
    """Keep a day's universe in the place of any before; the path carries the content's hash."""
    content = universe.model_dump_json().encode()
    path = f"universe/{universe.day.isoformat()}-{hashlib.sha256(content).hexdigest()[:12]}.json"
    objects.put(path, content, content_type="application/json")
    pointer = UniversePointer(day=universe.day, path=path, instruments=len(universe.instruments))
    for attempt in range(_WRITES):
        before = load(store, UniversePointer, pointer.key())
        latest = pointer.evolve(revision=0 if before is None else before.revision)
        try:
            store.write(create(latest) if before is None else replace(latest))
        except WriteConflict:
            if attempt == _WRITES - 1:
                raise
        else:
            return


def load_universe(store: StateStore, objects: ObjectStore, day: date) -> Universe | None:
    """The universe of a day, or None before the morning has chosen it. Raises BadInput if it is broken."""
    pointer = load(store, UniversePointer, universe_key(day))
    if pointer is None:
        return None
    content = objects.get(pointer.path)
    if content is None:
        raise BadInput(f"the universe of {day} should be at {pointer.path}, which the store does not hold")
    try:
        return Universe.model_validate_json(content)
    except ValidationError as error:
        raise BadInput(f"the universe at {pointer.path} does not parse: {error}") from error


def parse_instrument(row: Mapping[str, Any]) -> Instrument:
    """An instrument from a row of the broker's dump, as the official client gives it. Raises BadInput."""
    expiry = row.get("expiry") or None
    strike = Decimal(str(row.get("strike") or 0))
    try:
        return Instrument(
            instrument_token=int(row["instrument_token"]),
            exchange=str(row["exchange"]),
            tradingsymbol=str(row["tradingsymbol"]),
            name=str(row.get("name") or row["tradingsymbol"]),
            instrument_type="INDEX" if row["segment"] == "INDICES" else row["instrument_type"],
            segment=str(row["segment"]),
            tick_size=Decimal(str(row["tick_size"])),
            lot_size=max(int(row["lot_size"]), 1),
            expiry=date.fromisoformat(expiry) if isinstance(expiry, str) else expiry,
            strike=strike or None,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(f"a row of the instruments dump does not parse: {dict(row)}: {error}") from error


def index_identifiers(settings: Settings) -> dict[str, str]:
    """EXCHANGE:TRADINGSYMBOL of each index that the settings watch, by its symbol."""
    listed = {symbol: tradingsymbol for tradingsymbol, symbol in INDEX_NAMES.items()}
    return {s: f"NSE:{listed[s]}" for s in settings.universe.indices if s in listed}


def choose_universe(
    day: date,
    cash_rows: Sequence[Mapping[str, Any]],
    derivative_rows: Sequence[Mapping[str, Any]],
    last_prices: Mapping[str, Decimal],
    settings: Settings,
) -> Choice:
    """Indices, equities, and round each index the options of the nearest expiry that leaves enough time.

    The rows are those of the dump's NSE and NFO; `last_prices` is by the symbol of the index.
    What the dump does not list is named in the problems and left out.
    """
    wanted = settings.universe
    cash = {str(row["tradingsymbol"]): row for row in cash_rows}
    listed = {symbol: tradingsymbol for tradingsymbol, symbol in INDEX_NAMES.items()}
    chosen: list[Instrument] = []
    problems: list[str] = []
    for name in (*wanted.indices, *wanted.equities):
        row = cash.get(listed.get(name, name) if name in wanted.indices else name)
        if row is None:
            problems.append(f"{name} is not in the instruments of NSE: it is not watched")
        else:
            chosen.append(parse_instrument(row))
    for name in wanted.indices:
        options = _options(day, name, derivative_rows, last_prices.get(name), settings)
        if not options:
            problems.append(f"no options on {name} with enough time to their expiry, or no last price of it")
        chosen.extend(options)
    return Choice(Universe(day=day, instruments=tuple(chosen)), tuple(problems))


def _options(
    day: date,
    underlying: str,
    rows: Iterable[Mapping[str, Any]],
    last_price: Decimal | None,
    settings: Settings,
) -> list[Instrument]:
    """Calls and puts of the strikes next to the money, by strike."""
    if last_price is None:
        return []
    of_index = [r for r in rows if r["name"] == underlying and r["instrument_type"] in ("CE", "PE")]
    options = [parse_instrument(row) for row in of_index]
    last_entry = datetime.combine(day, time.fromisoformat(settings.options.last_entry), IST)
    needed = last_entry + timedelta(minutes=settings.options.min_minutes_to_expiry)
    expiries = {o.expiry for o in options if o.expiry is not None and expiry_moment(o.expiry) >= needed}
    nearest = [o for o in options if o.expiry == min(expiries, default=None) and o.strike is not None]
    strikes = sorted({o.strike for o in nearest if o.strike is not None})
    if not strikes:
        return []
    middle = min(range(len(strikes)), key=lambda n: abs(strikes[n] - last_price))
    each_side = settings.universe.strikes_each_side
    near = set(strikes[max(middle - each_side, 0) : middle + each_side + 1])
    kept = [option for option in nearest if option.strike in near]
    return sorted(kept, key=lambda o: (o.strike or 0, o.instrument_type))

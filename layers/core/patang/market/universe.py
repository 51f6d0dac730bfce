"""The day's universe: choosing it from the broker's dump, keeping it, loading it."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import ValidationError

from patang.errors import BadInput
from patang.keys import universe_key
from patang.market.instruments import INDEX_NAMES, Instrument, Universe
from patang.market.sessions import IST, expiry_moment
from patang.ports import Key, ObjectStore, StateStore, WriteConflict
from patang.records import Record, create, load, replace
from patang.settings import OptionSettings, Settings

__all__ = [
    "Choice",
    "choose_universe",
    "first_expiry_to_enter",
    "index_identifiers",
    "load_universe",
    "parse_instrument",
    "save_universe",
]

_WRITES = 5
# The current and the next.
_EXPIRIES = 2


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
            strike=Decimal(str(row.get("strike") or 0)) or None,
        )
    except (KeyError, ValueError, TypeError, ArithmeticError) as error:
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
    *,
    held: Iterable[str] = (),
    isins: Mapping[str, str] | None = None,
) -> Choice:
    """All that may be watched on `day`: indices, equities, the near future of each index, the options round
    each index of the current and the next expiry (and of the nearest that the settings allow to be entered,
    if it is later), and whatever is held.

    The rows are those of the dump's NSE and NFO, and of other exchanges on which something is held.
    `last_prices` is by the symbol of the index, `held` the identifiers of open positions and live orders,
    `isins` by the tradingsymbol of the share. What the dump does not list, or what of it does not parse, is
    named in the problems and left out.
    """
    wanted, isins = settings.universe, isins or {}
    cash = {str(row["tradingsymbol"]): row for row in cash_rows}
    listed = {symbol: tradingsymbol for tradingsymbol, symbol in INDEX_NAMES.items()}
    problems: list[str] = []
    rows: list[Mapping[str, Any]] = []
    for name in (*wanted.indices, *wanted.equities):
        row = cash.get(listed.get(name, name) if name in wanted.indices else name)
        if row is None:
            problems.append(f"{name} is not in the instruments of NSE: it is not watched")
        else:
            rows.append(row)
    for name in wanted.indices:
        contracts = _contracts(day, name, derivative_rows, problems)
        rows += _near_future(day, name, contracts, problems)
        rows += _options(day, name, contracts, last_prices.get(name), settings, problems)
    rows += _held(held, (*cash_rows, *derivative_rows), problems)
    underlyings = {str(row["name"]) for row in derivative_rows if row["exchange"] == "NFO"}
    chosen = (_chosen(row, isins, underlyings, problems) for row in rows)
    instruments = {instrument.identifier: instrument for instrument in chosen if instrument is not None}
    return Choice(Universe(day=day, instruments=tuple(instruments.values())), tuple(problems))


def _chosen(
    row: Mapping[str, Any], isins: Mapping[str, str], underlyings: Collection[str], problems: list[str]
) -> Instrument | None:
    try:
        instrument = parse_instrument(row)
    except BadInput as error:
        problems.append(str(error))
        return None
    if instrument.instrument_type != "EQ":
        return instrument
    symbol = instrument.tradingsymbol
    return instrument.model_copy(update={"isin": isins.get(symbol), "has_derivatives": symbol in underlyings})


class _Contract(NamedTuple):
    expiry: date
    strike: Decimal
    kind: str
    row: Mapping[str, Any]


def _contracts(
    day: date, name: str, rows: Iterable[Mapping[str, Any]], problems: list[str]
) -> list[_Contract]:
    """The futures and options on `name` that have not expired."""
    found = []
    for row in rows:
        if row["name"] != name or row["instrument_type"] not in ("CE", "PE", "FUT"):
            continue
        try:
            contract = _Contract(_expiry(row), Decimal(str(row["strike"])), str(row["instrument_type"]), row)
        except (ValueError, TypeError, ArithmeticError) as error:
            problems.append(f"expiry or strike of {row['tradingsymbol']} does not parse: {error}")
            continue
        if contract.expiry >= day:
            found.append(contract)
    return found


def first_expiry_to_enter(expiries: Iterable[date], day: date, options: OptionSettings) -> date | None:
    """The nearest expiry that still leaves an entry at the day's last moment its least time; one all day."""
    last_entry = datetime.combine(day, time.fromisoformat(options.last_entry), IST)
    needed = last_entry + timedelta(minutes=options.min_minutes_to_expiry)
    return min((expiry for expiry in expiries if expiry_moment(expiry) >= needed), default=None)


def _near_future(
    day: date, name: str, contracts: Iterable[_Contract], problems: list[str]
) -> list[Mapping[str, Any]]:
    """The future of the nearest expiry; on its last day the next one, where trading has gone to."""
    futures = [contract for contract in contracts if contract.kind == "FUT"]
    if not futures:
        problems.append(f"no future on {name} is listed: nothing stands in for its volume and book")
        return []
    return [min(futures, key=lambda future: (future.expiry == day, future.expiry)).row]


def _options(
    day: date,
    name: str,
    contracts: Iterable[_Contract],
    last_price: Decimal | None,
    settings: Settings,
    problems: list[str],
) -> list[Mapping[str, Any]]:
    """Calls and puts within the band, by expiry, strike and type."""
    if last_price is None:
        problems.append(f"no last price of {name}: its options are not watched")
        return []
    options = [contract for contract in contracts if contract.kind != "FUT"]
    listed = sorted({option.expiry for option in options})
    if len(listed) < _EXPIRIES:
        problems.append(f"{len(listed)} of {_EXPIRIES} expiries of options on {name} are listed")
    expiries = {*listed[:_EXPIRIES], first_expiry_to_enter(listed, day, settings.options)}
    band_pct = settings.universe.chain_band_pct
    width = last_price * band_pct / 100
    kept = [o for o in options if o.expiry in expiries and abs(o.strike - last_price) <= width]
    if listed and not kept:
        problems.append(f"no strike of {name} lies within {band_pct} % of its last price {last_price}")
    return [option.row for option in sorted(kept, key=lambda o: o[:3])]


def _held(
    held: Iterable[str], rows: Iterable[Mapping[str, Any]], problems: list[str]
) -> list[Mapping[str, Any]]:
    wanted = sorted(set(held))
    if not wanted:
        return []
    listed = {f"{row['exchange']}:{row['tradingsymbol']}": row for row in rows}
    for identifier in wanted:
        if identifier not in listed:
            problems.append(f"{identifier} is held or ordered, but the dump does not list it: no price of it")
    return [listed[identifier] for identifier in wanted if identifier in listed]


def _expiry(row: Mapping[str, Any]) -> date:
    """The day a contract ends: the official client gives a date, a dump that was kept gives text."""
    expiry = row["expiry"]
    return expiry if isinstance(expiry, date) else date.fromisoformat(expiry)

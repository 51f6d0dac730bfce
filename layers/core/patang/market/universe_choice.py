"""Choosing what may be watched on a day, from what the broker lists."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patang.errors import BadInput
from patang.market.expiries import first_expiry_to_enter
from patang.market.instrument_hours import segment_of
from patang.market.instrument_table import InstrumentTable
from patang.market.instruments import INDEX_NAMES, Instrument, Universe
from patang.market.listing import Listing
from patang.settings import Settings

__all__ = ["Choice", "choose_universe", "index_identifiers"]

# The current and the next.
_EXPIRIES = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """A universe, and what was wished for and not found."""

    universe: Universe
    problems: tuple[str, ...]


def index_identifiers(settings: Settings) -> dict[str, str]:
    """EXCHANGE:TRADINGSYMBOL of each index that the settings watch, by its symbol."""
    listed = {symbol: tradingsymbol for tradingsymbol, symbol in INDEX_NAMES.items()}
    return {s: f"NSE:{listed[s]}" for s in settings.universe.indices if s in listed}


def choose_universe(
    day: date,
    table: InstrumentTable,
    last_prices: Mapping[str, Decimal],
    settings: Settings,
    held: Iterable[str] = (),
) -> Choice:
    """All that may be watched on `day`: indices, equities, the near future of each index, the options round
    each index of the current and the next expiry (and of the nearest that the settings allow to be entered,
    if it is later), and whatever is held.

    `last_prices` is by the symbol of the index, `held` the identifiers of open positions and live orders.
    What is not listed, or of a kind that a desk does not trade, is named in the problems and left out.
    """
    wanted = settings.universe
    named = {symbol: tradingsymbol for tradingsymbol, symbol in INDEX_NAMES.items()}
    problems: list[str] = []
    listed: list[Listing] = []
    for name in (*wanted.indices, *wanted.equities):
        listing = table.get("NSE", named.get(name, name) if name in wanted.indices else name)
        if listing is None:
            problems.append(f"{name} is not in the instruments of NSE: it is not watched")
        else:
            listed.append(listing)
    contracts = _contracts(day, table)
    for name in wanted.indices:
        listed += _near_future(day, name, contracts.get(name, ()), problems)
        listed += _options(day, name, contracts.get(name, ()), last_prices.get(name), settings, problems)
    listed += _held(held, table, problems)
    instruments = {listing.identifier: _instrument(listing, problems) for listing in listed}
    found = _one_a_symbol((i for i in instruments.values() if i is not None), problems)
    return Choice(Universe(day=day, instruments=found), tuple(problems))


def _one_a_symbol(instruments: Iterable[Instrument], problems: list[str]) -> tuple[Instrument, ...]:
    """Candles and features are by symbol: of a share held on a second exchange too, the first is watched."""
    by_symbol: dict[str, Instrument] = {}
    for instrument in instruments:
        first = by_symbol.setdefault(instrument.symbol, instrument)
        if first is not instrument:
            problems.append(
                f"{instrument.identifier} is not watched beside {first.identifier}: no price of it"
            )
    return tuple(by_symbol.values())


def _instrument(listing: Listing, problems: list[str]) -> Instrument | None:
    """As it is watched, or None where its hours are not known."""
    try:
        instrument = listing.instrument()
        segment_of(instrument)
    except BadInput as error:
        problems.append(f"{error}: it is not watched")
        return None
    return instrument


def _contracts(day: date, table: InstrumentTable) -> dict[str, list[tuple[date, Listing]]]:
    """NFO's futures and options that have not expired, with their expiry, by what they are on."""
    found: dict[str, list[tuple[date, Listing]]] = {}
    for listing in table:
        expiry = listing.expiry
        if listing.exchange == "NFO" and expiry is not None and expiry >= day:
            found.setdefault(listing.name, []).append((expiry, listing))
    return found


def _near_future(
    day: date, name: str, contracts: Iterable[tuple[date, Listing]], problems: list[str]
) -> list[Listing]:
    """The future of the nearest expiry; on its last day the next one, where trading has gone to."""
    futures = [(expiry, listing) for expiry, listing in contracts if listing.instrument_type == "FUT"]
    if not futures:
        problems.append(f"no future on {name} is listed: nothing stands in for its volume and book")
        return []
    return [min(futures, key=lambda future: (future[0] == day, future[0]))[1]]


def _options(
    day: date,
    name: str,
    contracts: Iterable[tuple[date, Listing]],
    last_price: Decimal | None,
    settings: Settings,
    problems: list[str],
) -> list[Listing]:
    """Calls and puts within the band, by expiry, strike and type."""
    if last_price is None:
        problems.append(f"no last price of {name}: its options are not watched")
        return []
    options = [
        (expiry, listing.strike, listing)
        for expiry, listing in contracts
        if listing.instrument_type in ("CE", "PE") and listing.strike is not None
    ]
    expiries = sorted({expiry for expiry, _, _ in options})
    if len(expiries) < _EXPIRIES:
        problems.append(f"{len(expiries)} of {_EXPIRIES} expiries of options on {name} are listed")
    near = {*expiries[:_EXPIRIES], first_expiry_to_enter(expiries, day, settings.options, settings.sessions)}
    band_pct = settings.universe.chain_band_pct
    width = last_price * band_pct / 100
    kept = [option for option in options if option[0] in near and abs(option[1] - last_price) <= width]
    if expiries and not kept:
        problems.append(f"no strike of {name} lies within {band_pct} % of its last price {last_price}")
    kept.sort(key=lambda option: (option[0], option[1], option[2].instrument_type))
    return [listing for _, _, listing in kept]


def _held(held: Iterable[str], table: InstrumentTable, problems: list[str]) -> list[Listing]:
    found = []
    for identifier in sorted(set(held)):
        exchange, _, tradingsymbol = identifier.partition(":")
        listing = table.get(exchange, tradingsymbol)
        if listing is None:
            problems.append(f"{identifier} is held or ordered, but the dump does not list it: no price of it")
        else:
            found.append(listing)
    return found

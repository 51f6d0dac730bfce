"""What the chosen universe offers to buy: from the desk's own quotes, else from what a person assumes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from patang.market.candles import ClosedMinute
from patang.market.chain_snapshot import ChainRow, ChainSnapshot
from patang.market.contract_terms import UNDERLYINGS, lot_size
from patang.market.instruments import Universe
from patang.ports import ObjectStore
from patang.risk.affordability import Purchase
from patang.settings import Settings

__all__ = ["Assumed", "assumed_purchases", "quoted_purchases"]

_TICK = Decimal("0.05")
_DAYS_BACK = 7


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is taken where no quote is at hand: rupees a unit; `atr_pct` of one-minute bars, percent of the
    price; `lot` in place of the exchange's."""

    premium: Decimal = Decimal(100)
    share_price: Decimal = Decimal(1_500)
    atr_pct: Decimal = Decimal("0.1")
    lot: int | None = None


def assumed_purchases(settings: Settings, day: date, assumed: Assumed) -> list[Purchase]:
    """A contract of each underlying at the least premium allowed and at the assumed one, and a share."""
    found: list[Purchase] = []
    if settings.options.enabled:
        for underlying in settings.options.underlyings:
            lot = assumed.lot or (_lot(underlying, day) if underlying in UNDERLYINGS else None)
            premiums = {settings.options.min_premium_inr: "least premium", assumed.premium: "assumed premium"}
            for premium, source in premiums.items() if lot else ():
                found.append(_option(settings, underlying, underlying, "NFO", lot, _TICK, premium, source))
    if settings.equity.enabled and settings.universe.equities:
        atr = assumed.share_price * assumed.atr_pct / 100
        found.append(_share(settings, "a share", assumed.share_price, atr, Decimal("0.05"), "assumed price"))
    return found


def quoted_purchases(
    settings: Settings, objects: ObjectStore, universe: Universe | None, day: date
) -> list[Purchase]:
    """Of each underlying the cheapest contract in the delta band in its newest chain of a week, and every
    share in the newest closed minute."""
    if universe is None:
        return []
    listed = universe.by_identifier()
    found: list[Purchase] = []
    for underlying in settings.options.underlyings if settings.options.enabled else ():
        content = _newest(objects, "chains", day, f"/{underlying}.json")
        chain = None if content is None else ChainSnapshot.model_validate_json(content)
        rows = [] if chain is None else [row for row in chain.rows if _fits(row, settings)]
        if chain is not None and rows:
            row = min(rows, key=lambda row: row.ask or 0)
            contract = listed.get(row.identifier)
            if contract is not None:
                price = _on_tick(Decimal(str(row.ask)), contract.tick_size)
                told = f"quoted {chain.as_of:%Y-%m-%d %H:%M}"
                found.append(
                    _option(
                        settings,
                        contract.tradingsymbol,
                        underlying,
                        contract.exchange,
                        contract.lot_size,
                        contract.tick_size,
                        price,
                        told,
                    )
                )
    return found + (_quoted_shares(settings, objects, universe, day) if settings.equity.enabled else [])


def _quoted_shares(settings: Settings, objects: ObjectStore, universe: Universe, day: date) -> list[Purchase]:
    content = _newest(objects, "minutes", day, ".json")
    if content is None:
        return []
    minute = ClosedMinute.model_validate_json(content)
    closes = {candle.symbol: candle.close for candle in minute.candles}
    place = minute.feature_names.index("atr_14") if "atr_14" in minute.feature_names else None
    found = []
    for share in universe.instruments:
        values = minute.features.get(share.symbol)
        atr = None if values is None or place is None else values[place]
        if share.symbol in settings.universe.equities and share.symbol in closes and atr:
            price = _on_tick(Decimal(str(closes[share.symbol])), share.tick_size)
            told = f"closed {minute.minute:%Y-%m-%d %H:%M}"
            found.append(_share(settings, share.symbol, price, Decimal(str(atr)), share.tick_size, told))
    return found


def _fits(row: ChainRow, settings: Settings) -> bool:
    options = settings.options
    if row.ask is None or row.delta is None or Decimal(str(row.ask)) < options.min_premium_inr:
        return False
    return options.min_delta <= abs(row.delta) <= options.max_delta


def _option(
    settings: Settings,
    symbol: str,
    underlying: str,
    exchange: str,
    lot: int,
    tick: Decimal,
    premium: Decimal,
    source: str,
) -> Purchase:
    options = settings.options
    return Purchase(
        strategy="long_options",
        symbol=symbol,
        underlying=underlying,
        exchange=exchange,
        lot_size=lot,
        tick_size=tick,
        price=premium,
        stop=_on_tick(premium * (1 - options.premium_stop_pct / 100), tick),
        target=_on_tick(premium * (1 + options.premium_target_pct / 100), tick),
        holding_period="intraday",
        source=source,
    )


def _share(
    settings: Settings, symbol: str, price: Decimal, atr: Decimal, tick: Decimal, source: str
) -> Purchase:
    equity = settings.equity
    return Purchase(
        strategy="equity",
        symbol=symbol,
        underlying=symbol,
        exchange="NSE",
        lot_size=1,
        tick_size=tick,
        price=price,
        stop=_on_tick(price - Decimal(str(equity.stop_atr)) * atr, tick),
        target=_on_tick(price + Decimal(str(equity.target_atr)) * atr, tick),
        holding_period=equity.holding_period,
        source=source,
    )


def _lot(underlying: str, day: date) -> int:
    return lot_size(underlying, day + timedelta(days=_DAYS_BACK))


def _newest(objects: ObjectStore, kind: str, day: date, ending: str) -> bytes | None:
    """The newest object of a kind, within a week."""
    for back in range(_DAYS_BACK):
        paths: Iterable[str] = objects.list(f"{kind}/{day - timedelta(days=back)}/")
        path = max((path for path in paths if path.endswith(ending)), default=None)
        if path is not None:
            return objects.get(path)
    return None


def _on_tick(price: Decimal, tick: Decimal) -> Decimal:
    return max((price / tick).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * tick, tick)

"""Recorded option chains: our volatilities beside those that the exchange printed, and the chains of 2026."""

import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from patang.market.candles import Quote
from patang.market.chain_snapshot import ChainSnapshot, chain_snapshot
from patang.market.greeks import implied_volatility, years_to
from patang.market.option_chain import parity_spot, volatility_view
from patang.market.sessions import IST
from patang.market.volatility import INDIA_VIX, VolatilityHistory, daily_volatility, year_before
from tests.unit.market.market_day import option

# NSE prices its chain on the spot's last price, at ten percent a year.
NSE_RATE = 0.10


def recorded(name: str) -> Path:
    root = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
    file = root / "options_intraday" / name
    if not file.is_file():
        pytest.skip(f"{file} is absent: set PATANG_DATA to the folder of recorded market data")
    return file


def chains(file: Path, underlying: str) -> Iterator[tuple[datetime, date, dict[str, np.ndarray]]]:
    """(moment, expiry, columns) of each chain of an expiry that has two days to two months left."""
    table = pq.read_table(file, filters=[("underlying", "=", underlying)])
    names = [name for name in table.column_names if name not in ("ts", "expiry", "underlying")]
    keys = list(zip(*(table[name].to_pylist() for name in ("ts", "expiry")), strict=True))
    columns = {name: table[name].to_numpy() for name in names}
    rows: dict[Any, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    for (moment, expiry), of in sorted(rows.items()):
        as_of = moment.astimezone(IST)
        if 2 / 365 < years_to(expiry, as_of) < 60 / 365:
            yield as_of, expiry, {name: column[of] for name, column in columns.items()}


def both_sides(is_call, strike, values) -> np.ndarray:
    """Call less put of each strike that has both values."""
    calls, puts = (dict(zip(strike[side], values[side], strict=True)) for side in (is_call, ~is_call))
    gaps = np.array([calls[k] - puts[k] for k in calls.keys() & puts.keys()])
    return gaps[np.isfinite(gaps)]


def test_our_volatilities_are_the_exchanges_where_its_convention_is_taken():
    """BANKNIFTY, 2023 and 2024. Only after the close are price, spot and volatility of one moment."""
    off = []
    for as_of, expiry, chain in chains(
        recorded("BANKNIFTY_nse_chain_snapshots_2023_2025.parquet"), "BANKNIFTY"
    ):
        if (as_of.hour, as_of.minute) != (15, 30):
            continue
        strike, spot = chain["strike"].astype(float), float(chain["spot"][0])
        traded = (chain["iv"] > 0) & (chain["volume"] > 0) & (np.abs(strike / spot - 1) < 0.05)
        found = implied_volatility(
            chain["opt"] == "CE", spot, strike, years_to(expiry, as_of), np.round(chain["ltp"], 2), NSE_RATE
        )
        off.append((np.abs(found - chain["iv"] / 100))[traded])
    points = 100 * np.concatenate(off)
    known = points[np.isfinite(points)]
    shares = {limit: float(np.mean(known <= limit)) for limit in (0.01, 0.1, 0.5, 1.0)}
    assert len(known) > 0.99 * len(points) > 10_000
    assert np.median(known) < 0.05
    assert shares[1.0] > 0.9


def test_calls_and_puts_agree_on_the_spot_they_trade_on():
    """The exchange's own differ by two points: its spot is late, and its rate is not the market's."""
    of_money, ours, theirs = [], [], []
    for as_of, expiry, chain in chains(
        recorded("BANKNIFTY_nse_chain_snapshots_2023_2025.parquet"), "BANKNIFTY"
    ):
        strike, spot, years = chain["strike"].astype(float), float(chain["spot"][0]), years_to(expiry, as_of)
        is_call, premium = chain["opt"] == "CE", np.round(chain["ltp"].astype(float), 2)
        used = (chain["iv"] > 0) & (chain["volume"] > 0) & (np.abs(strike / spot - 1) < 0.03)
        if used[is_call].sum() < 5 or used[~is_call].sum() < 5:
            continue
        on = parity_spot(is_call, strike, years, premium, spot)
        found = implied_volatility(is_call, on, strike, years, premium)
        gaps = both_sides(is_call[used], strike[used], found[used])
        printed = both_sides(is_call[used], strike[used], chain["iv"][used] / 100)
        if not len(gaps):
            continue
        ours.append(np.median(np.abs(gaps)))
        theirs.append(np.median(np.abs(printed)))
        money = strike[used][np.argmin(np.abs(strike[used] - on))]
        at_money = chain["iv"][used & (strike == money)] / 100
        if len(at_money) == 2:
            view = volatility_view(is_call, strike, years, premium, spot)
            of_money.append(abs(view.at_the_money - at_money.mean()))
    assert len(ours) > 300
    assert np.median(ours) < 0.005 < 0.015 < np.median(theirs)
    assert np.mean(np.array(ours) < np.array(theirs)) > 0.85
    assert np.median(of_money) < 0.0025


@pytest.mark.parametrize("underlying", ["NIFTY", "BANKNIFTY"])
def test_the_chains_of_2026_tell_a_steady_volatility_and_skew(underlying):
    """Six sessions, last prices only."""
    views = []
    for as_of, expiry, chain in chains(recorded("index_chain_snapshots_2026-01_02.parquet"), underlying):
        strike, spot = np.tile(chain["strike"].astype(float), 2), float(chain["spot"][0])
        is_call = np.repeat([True, False], len(chain["strike"]))
        premium = np.round(np.concatenate([chain["ce_ltp"], chain["pe_ltp"]]).astype(float), 2)
        views.append(volatility_view(is_call, strike, years_to(expiry, as_of), premium, spot))
    money, skew = (np.array([getattr(view, name) for view in views]) for name in ("at_the_money", "skew"))
    assert len(views) > 100
    assert np.isfinite(money).mean() > 0.98
    assert np.isfinite(skew).mean() > 0.95
    assert 0.08 < np.nanmin(money) < np.nanmax(money) < 0.30
    assert np.nanmedian(np.abs(np.diff(money))) < 0.004, "from one snapshot to the next, minutes later"
    assert np.nanmedian(skew) > 0, "puts of an index are dearer than calls"


def test_india_vix_stands_for_the_days_of_an_own_volatility():
    """BANKNIFTY and INDIAVIX of August to December 2023: 38 days have both."""
    daily = recorded("BANKNIFTY_nse_chain_snapshots_2023_2025.parquet").parents[1] / "daily"
    index = pq.read_table(
        daily / "indices_daily_2015_2025_yfinance.parquet", filters=[("symbol", "=", "INDIAVIX")]
    ).to_pylist()
    vix = {row["date"]: row["close"] / 100 for row in index}
    of_day: dict[date, dict[date, list[float]]] = {}
    for as_of, expiry, chain in chains(
        recorded("BANKNIFTY_nse_chain_snapshots_2023_2025.parquet"), "BANKNIFTY"
    ):
        strike, premium = chain["strike"].astype(float), np.round(chain["ltp"].astype(float), 2)
        years, spot = years_to(expiry, as_of), float(chain["spot"][0])
        view = volatility_view(chain["opt"] == "CE", strike, years, premium, spot)
        of_day.setdefault(as_of.date(), {}).setdefault(expiry, []).append(view.at_the_money)
    own = {day: daily_volatility(seen[min(seen)]) for day, seen in of_day.items()}
    both = sorted(own.keys() & vix.keys())
    ratio = float(np.median([own[day] / vix[day] for day in both]))
    assert len(both) >= 35
    assert 0.9 < ratio < 1.15
    assert np.median([abs(own[day] - ratio * vix[day]) for day in both]) < 0.01
    last = both[-1]
    known, whole = (
        VolatilityHistory(name=name).joined({d: iv for d, iv in days.items() if d < last})
        for name, days in (("BANKNIFTY", own), (INDIA_VIX, vix))
    )
    year = year_before(last, known, whole)
    assert year.own_days == len(both) - 1
    assert year.own_days + year.vix_days >= 240
    # The year's highest volatility of both is in its last week.
    assert year.rank(own[last]) > 0.9


@pytest.mark.parametrize(("underlying", "width"), [("NIFTY", 50), ("BANKNIFTY", 100)])
def test_a_recorded_chain_as_it_is_kept(underlying, width):
    """Deltas fall from strike to strike, and a call's less a put's is one."""
    file = recorded("index_chain_snapshots_2026-01_02.parquet")
    # The recorder's first chain of BANKNIFTY lacks the prices round the money.
    as_of, expiry, chain = list(chains(file, underlying))[1]
    contracts, quotes = [], {}
    sides = (("CE", "ce_ltp", "ce_oi", "ce_vol"), ("PE", "pe_ltp", "pe_oi", "pe_vol"))
    for row, strike in enumerate(chain["strike"].tolist()):
        for kind, last, oi, volume in sides:
            listed = option(int(strike), kind, len(contracts), expiry)
            listed = listed.model_copy(update={"name": underlying})
            contracts.append(listed)
            quotes[listed.identifier] = Quote(
                identifier=listed.identifier,
                last_price=round(float(chain[last][row]), 2),
                bid=0.0,
                ask=0.0,
                volume=int(chain[volume][row]),
                oi=int(chain[oi][row]),
                exchange_time=as_of,
            )
    spot = float(chain["spot"][0])
    snapshot = chain_snapshot(underlying, contracts, quotes, spot, as_of)
    assert len(snapshot.rows) == len(contracts)
    near = [row for row in snapshot.rows if abs(row.strike - spot) <= 8 * width and row.strike % width == 0]
    calls, puts = ({r.strike: r for r in near if r.type == kind} for kind in ("CE", "PE"))
    assert len(calls) == len(puts) >= 15
    deltas = [calls[strike].delta for strike in sorted(calls)]
    assert deltas == sorted(deltas, reverse=True)
    for strike, call in calls.items():
        assert call.delta - puts[strike].delta == pytest.approx(1, abs=0.03)
        assert call.iv == pytest.approx(puts[strike].iv, abs=0.02)
        assert call.theta < 0 < call.vega
    assert all(row.spread_pct is None and row.bid is None for row in snapshot.rows)
    assert ChainSnapshot.model_validate_json(snapshot.model_dump_json()) == snapshot

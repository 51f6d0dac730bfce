"""Modelled premiums: no arbitrage, no future, the contract of the date, and labelled for what they are."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from patang.backtest.earlier import session_variance
from patang.backtest.history import SymbolHistory
from patang.backtest.premiums.listing import listed_option
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.backtest.premiums.source import OptionBoard
from patang.backtest.premiums.surface import shipped_surface
from patang.errors import BadInput
from patang.market.candles import Quote
from patang.market.greeks import RISK_FREE_RATE, price
from patang.market.option_chain import priced_chain
from patang.market.sessions import IST, expiry_moment
from patang.settings import Settings
from patang_workbench.research.synthetic import noise_history

_HISTORY = noise_history(2, ("NIFTY", "BANKNIFTY", "SBIN"), 6, date(2026, 6, 30))
_NIFTY = _HISTORY.symbols[0]
_PREMIUMS = ModelledPremiums(_HISTORY, Settings())
_DAYS = _HISTORY.sessions


def _at(day: date, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=IST)


def _board(premiums: ModelledPremiums, as_of: datetime, underlying: str = "NIFTY") -> OptionBoard:
    board = premiums.board(underlying, as_of)
    assert board is not None
    return board


def _spot(as_of: datetime) -> float:
    row = int(np.searchsorted(_NIFTY.starts, int(as_of.timestamp()) - 60))
    return float(_NIFTY.close[row])


def test_a_board_is_what_the_desk_would_watch() -> None:
    as_of = _at(_DAYS[2], "11:00")
    board = _board(_PREMIUMS, as_of)
    assert board.prices == "modelled"
    assert {c.expiry for c in board.contracts} == {date(2026, 6, 30), date(2026, 7, 7)}
    each_side = Settings().universe.strikes_each_side
    strikes = sorted({int(c.strike or 0) for c in board.contracts})
    assert len(strikes) == 2 * each_side + 1
    assert abs(strikes[each_side] - _spot(as_of)) <= 25
    assert {c.lot_size for c in board.contracts} == {65}
    assert set(board.quotes) == {c.identifier for c in board.contracts if c.expiry == date(2026, 6, 30)}
    told = next(iter(board.quotes.values()))
    assert Quote.model_validate(told.model_dump()) == told


def test_the_live_chain_reads_the_surface_back() -> None:
    """The desk's own pricing finds the volatility that was put in, the same of calls and puts."""
    as_of = _at(_DAYS[3], "12:30")
    board, spot, surface = _board(_PREMIUMS, as_of), _spot(as_of), shipped_surface()
    chain = priced_chain(board.contracts, board.quotes, "NIFTY", spot, as_of)
    later = [o for o in chain if o.instrument.expiry == date(2026, 7, 7) and 0.2 < abs(o.delta) < 0.6]
    assert len(later) > 6
    at = int(np.flatnonzero(_NIFTY.days == _NIFTY.days[np.searchsorted(_NIFTY.starts, as_of.timestamp())])[0])
    variances = [session_variance(_NIFTY.close[_NIFTY.days == day]) for day in np.unique(_NIFTY.days[:at])]
    before = _HISTORY.earlier["NIFTY"]
    assert len(before.variances) == 10
    realised = surface.realised(np.array([*before.variances, *variances]))[-1]
    level = surface.level(realised, np.log(spot / _NIFTY.close[at - 1]))
    expires = expiry_moment(date(2026, 7, 7))
    days = (expires - as_of) / timedelta(days=1)
    left = float(surface.clock.left(expires, as_of.timestamp()))
    for option in later:
        moneyness = np.log(float(option.instrument.strike or 0) / spot) - RISK_FREE_RATE * days / 365
        # The desk reads it by the calendar: of both the variance in all is the same.
        told = float(surface.volatility(level, left, moneyness)) * np.sqrt(left / days)
        assert option.implied_volatility == pytest.approx(told, rel=0.02)


def test_books_are_on_ticks_and_widen_away_from_the_money() -> None:
    as_of = _at(_DAYS[1], "14:00")
    board, spot = _board(_PREMIUMS, as_of), _spot(as_of)
    quoted = {c: board.quotes[c.identifier] for c in board.contracts if c.identifier in board.quotes}
    for quote in quoted.values():
        assert 0 < quote.bid < quote.ask
        assert Decimal(str(quote.ask)) % Decimal("0.05") == Decimal(str(quote.bid)) % Decimal("0.05") == 0
    calls = {float(c.strike or 0): q for c, q in quoted.items() if c.instrument_type == "CE"}
    money, away = min(calls, key=lambda k: abs(k - spot)), max(calls)
    spread = {k: (q.ask - q.bid) / q.last_price for k, q in calls.items()}
    assert spread[away] > 1.05 * spread[money]
    assert calls[away].oi < calls[money].oi
    # By two o'clock three quarters of a day's volume are traded.
    by_close = _board(_PREMIUMS, _at(_DAYS[1], "15:30")).quotes
    share = sum(q.volume for q in quoted.values()) / sum(q.volume for q in by_close.values())
    assert 0.6 < share < 0.95


def test_later_expiries_are_wider_and_thinner() -> None:
    nearest, next_one, later = shipped_surface().liquidity
    assert nearest.spread_pct < next_one.spread_pct < later.spread_pct
    assert nearest.open_interest_lots > next_one.open_interest_lots > later.open_interest_lots


@pytest.mark.parametrize("kind", ["CE", "PE"])
def test_bars_move_with_their_index(kind: str) -> None:
    first, last = _at(_DAYS[1], "10:00"), _at(_DAYS[1], "13:59")
    strike = round(_spot(first) / 50) * 50
    bars = _PREMIUMS.bars(listed_option("NIFTY", date(2026, 7, 7), strike, kind), first, last)
    at = np.isin(_NIFTY.starts, bars.starts)
    assert len(bars) == 240
    assert bars.prices == "modelled"
    assert np.isnan(bars.volume).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.bid < bars.close + 0.06).all()
    assert (bars.ask > bars.close - 0.06).all()
    rises = np.corrcoef(np.diff(bars.close), np.diff(_NIFTY.close[at]))[0, 1]
    assert rises > 0.95 if kind == "CE" else rises < -0.95


def test_a_put_is_lowest_where_the_index_is_highest() -> None:
    first = _at(_DAYS[1], "10:00")
    put = listed_option("NIFTY", date(2026, 7, 7), round(_spot(first) / 50) * 50, "PE")
    # The same minute, one whose index went up a hundred rupees within it and one whose index did not.
    row = int(np.searchsorted(_NIFTY.starts, first.timestamp()))
    high = _NIFTY.high.copy()
    high[row] += 100
    raised = replace(_HISTORY, symbols=[_with_high(high)])
    calm, spiked = (p.bars(put, first, first) for p in (_PREMIUMS, ModelledPremiums(raised, Settings())))
    assert spiked.low[0] < calm.low[0] - 20
    assert spiked.high[0] == calm.high[0]
    assert spiked.close[0] == calm.close[0]


def _with_high(high: np.ndarray) -> SymbolHistory:
    n = _NIFTY
    columns = (n.starts, n.open, high, n.low, n.close, n.volume, n.features, n.features_5m, n.features_15m)
    return SymbolHistory(n.instrument, *columns)


def test_quotes_and_bars_of_a_contract_are_the_same_prices() -> None:
    as_of = _at(_DAYS[2], "11:00")
    board = _board(_PREMIUMS, as_of)
    for contract in [c for c in board.contracts if c.identifier in board.quotes][::5]:
        bars = _PREMIUMS.bars(contract, as_of - timedelta(minutes=1), as_of - timedelta(minutes=1))
        quote = board.quotes[contract.identifier]
        assert (bars.close[0], bars.bid[0], bars.ask[0]) == (quote.last_price, quote.bid, quote.ask)


def test_cutting_off_the_future_changes_no_premium_of_the_past() -> None:
    for clock in ("10:00", "15:10"):
        as_of = _at(_DAYS[3], clock)
        early = ModelledPremiums(_HISTORY.until(as_of), Settings())
        assert _board(early, as_of) == _board(_PREMIUMS, as_of)
        contract = _board(early, as_of).contracts[9]
        first = _at(_DAYS[1], "11:00")
        before, after = (p.bars(contract, first, as_of - timedelta(minutes=1)) for p in (early, _PREMIUMS))
        np.testing.assert_array_equal(before.starts, after.starts)
        for name in ("open", "high", "low", "close", "bid", "ask"):
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


def test_a_window_of_a_history_has_the_premiums_of_the_whole() -> None:
    as_of = _at(_DAYS[4], "11:00")
    window = ModelledPremiums(_HISTORY.between(_DAYS[4], _DAYS[5]), Settings())
    assert _board(window, as_of) == _board(_PREMIUMS, as_of)


def test_a_contract_ends_with_its_expiry_at_what_exercise_brings() -> None:
    expiry = date(2026, 6, 30)
    strike = round(float(_NIFTY.close[-1]) / 50) * 50 - 200
    call = listed_option("NIFTY", expiry, strike, "CE")
    bars = _PREMIUMS.bars(call, _at(expiry, "15:00"), _at(expiry, "15:00") + timedelta(days=3))
    assert datetime.fromtimestamp(int(bars.starts[-1]), IST) == _at(expiry, "15:29")
    assert bars.close[-1] == pytest.approx(_NIFTY.close[-1] - strike, abs=0.05)


def test_minutes_and_underlyings_that_are_not_there_have_no_board() -> None:
    assert _PREMIUMS.board("NIFTY", _at(_DAYS[1], "16:00")) is None
    assert _PREMIUMS.board("SBIN", _at(_DAYS[1], "11:00")) is None
    with pytest.raises(BadInput, match="no option on an index of this history"):
        _PREMIUMS.bars(_NIFTY.instrument, _at(_DAYS[1], "11:00"), _at(_DAYS[1], "12:00"))


def test_lots_are_those_of_the_date() -> None:
    history = noise_history(2, ("BANKNIFTY",), 2, date(2018, 10, 24))
    board = _board(ModelledPremiums(history, Settings()), _at(date(2018, 10, 24), "11:00"), "BANKNIFTY")
    assert {(c.expiry, c.lot_size) for c in board.contracts} >= {
        (date(2018, 10, 25), 40), (date(2018, 11, 1), 20)
    }  # fmt: skip


@effort(max_examples=60, deadline=None)
@given(
    level=st.floats(0.06, 0.8),
    days=st.floats(0.05, 60),
    strikes=st.lists(st.floats(-0.15, 0.15), min_size=2, max_size=6),
)
def test_the_surface_is_positive_and_dear_strikes_are_no_arbitrage(
    level: float, days: float, strikes: list[float]
) -> None:
    """Call prices fall and put prices rise with the strike, over what the desk watches."""
    surface = shipped_surface()
    spread = np.unique(np.round(strikes, 3)) * np.sqrt(days / 365) / 0.15 * 2.4 * level
    strike = 20_000 * np.exp(spread + RISK_FREE_RATE * days / 365)
    volatility = surface.volatility(level, days, spread)
    assert ((volatility > 0.02) & (volatility <= 2)).all()
    calls = price(True, 20_000.0, strike, days / 365, volatility)
    puts = price(False, 20_000.0, strike, days / 365, volatility)
    assert (np.diff(calls) < 1e-6).all()
    assert (np.diff(puts) > -1e-6).all()


def test_realised_volatility_fades_and_begins_with_what_is_usual() -> None:
    surface = shipped_surface()
    settled = surface.realised(np.full(200, 0.3**2))
    assert settled[0] == pytest.approx(surface.usual)
    assert settled[-1] == pytest.approx(0.3, rel=1e-3)
    assert (np.diff(settled) >= 0).all()
    unknown = surface.realised(np.array([np.nan, np.nan]))
    assert unknown == pytest.approx([surface.usual] * 3)


def test_what_ships_says_where_it_is_from_and_how_far_it_is_off() -> None:
    surface = shipped_surface()
    assert set(surface.provenance) == {"clock", "level", "smile and term", "liquidity"}
    smiles = [error for name, error in surface.errors.items() if name.startswith("smile")]
    assert len(smiles) == 4
    assert max(smiles) < 0.08
    clock = [error for name, error in surface.errors.items() if name.startswith("clock")]
    assert len(clock) == 3
    assert max(abs(error) for error in clock) < 0.06
    changes = [error for name, error in surface.errors.items() if name.endswith("correlation")]
    assert len(changes) == 2
    assert min(changes) > 0.9
    drifts = [error for name, error in surface.errors.items() if name.endswith("mean of model - market")]
    assert len(drifts) == 2
    assert max(drifts) < 0.01

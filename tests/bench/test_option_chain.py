"""A chain of two hundred contracts: volatility and greeks beside vollib's, and the whole snapshot.

pytest tests/bench/test_option_chain.py -s
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from time import perf_counter

import numpy as np
from vollib.black_scholes.greeks import analytical
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_volatility

from patang.market.candles import Quote
from patang.market.chain_snapshot import chain_snapshot
from patang.market.greeks import RISK_FREE_RATE, greeks, implied_volatility, price, years_to
from patang.market.sessions import IST
from tests.unit.strategies.markets import chain

SPOT, EXPIRY = 24_850.0, date(2026, 8, 25)
AS_OF = datetime(2026, 8, 18, 10, 0, tzinfo=IST)


def fastest(work: Callable[[], object], times: int = 5) -> float:
    """Milliseconds."""
    took = []
    for _ in range(times):
        began = perf_counter()
        work()
        took.append(perf_counter() - began)
    return 1000 * min(took)


def test_a_chain_of_two_hundred_contracts():
    contracts = chain("NIFTY", SPOT, EXPIRY, 1, each_side=50)[:200]
    is_call = np.array([c.instrument_type == "CE" for c in contracts])
    strike = np.array([float(c.strike) for c in contracts])
    years = years_to(EXPIRY, AS_OF)
    smile = 0.12 + 0.8 * np.log(strike / SPOT) ** 2
    premium = np.maximum(np.round(price(is_call, SPOT, strike, years, smile) / 0.05), 1) * 0.05

    def ours() -> np.ndarray:
        found = implied_volatility(is_call, SPOT, strike, years, premium)
        greeks(is_call, SPOT, strike, years, found)
        return found

    known = np.isfinite(ours())

    def theirs() -> None:
        for call, k, p in zip(is_call[known], strike[known], premium[known], strict=True):
            flag = "c" if call else "p"
            found = vollib_volatility(p, SPOT, k, years, RISK_FREE_RATE, flag)
            for greek in (analytical.delta, analytical.theta, analytical.vega):
                greek(flag, SPOT, k, years, RISK_FREE_RATE, found)

    quotes = {
        c.identifier: Quote(
            identifier=c.identifier,
            last_price=p,
            bid=max(p - 0.05, 0.05),
            ask=p + 0.05,
            volume=75,
            oi=1_000,
            exchange_time=AS_OF - timedelta(seconds=1),
        )
        for c, p in zip(contracts, premium.tolist(), strict=True)
    }
    mine, vollib = fastest(ours), fastest(theirs, 2)
    snapshot = fastest(lambda: chain_snapshot("NIFTY", contracts, quotes, SPOT, AS_OF))
    written = fastest(lambda: chain_snapshot("NIFTY", contracts, quotes, SPOT, AS_OF).model_dump_json())
    print(
        f"\n{len(contracts)} contracts, {known.sum()} of them with a volatility: {mine:.2f} ms, "
        f"vollib one by one {vollib:.1f} ms, ratio {vollib / mine:.0f}; "
        f"snapshot {snapshot:.1f} ms, with its JSON {written:.1f} ms"
    )
    assert known.sum() > 100

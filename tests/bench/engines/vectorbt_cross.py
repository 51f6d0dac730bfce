"""Runs in the environment of the other engines: the rule of test_backtest_fast.py by vectorbt.

`python vectorbt_cross.py IN OUT`: IN is an .npz with open, high, low, close, entries, exits and terms (stop,
target, fee and slippage as fractions, quantity, rounds), OUT gets its trades and the processor's seconds.
"""

import sys
from time import process_time

import numpy as np
import vectorbt as vbt


def main(source: str, result: str) -> None:
    given = dict(np.load(source))
    stop, target, fee, slippage, quantity, rounds = given["terms"]

    def run() -> np.ndarray:
        portfolio = vbt.Portfolio.from_signals(
            given["close"],
            given["entries"],
            given["exits"],
            open=given["open"],
            high=given["high"],
            low=given["low"],
            sl_stop=stop,
            tp_stop=target,
            # With slippage, as every other fill.
            stop_exit_price="stopmarket",
            fees=fee,
            slippage=slippage,
            size=quantity,
            init_cash=1e12,
            freq="1min",
        )
        return portfolio.trades.records_arr

    trades = run()
    taken = []
    for _ in range(int(rounds)):
        began = process_time()
        run()
        taken.append(process_time() - began)
    np.savez(
        result,
        entered=trades["entry_idx"],
        left=trades["exit_idx"],
        bought=trades["entry_price"],
        sold=trades["exit_price"],
        closed=trades["status"] == 1,
        seconds=np.array(taken),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

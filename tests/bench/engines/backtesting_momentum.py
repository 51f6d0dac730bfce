"""Runs in the environment of the other engines: the rule of test_backtest_exact.py by backtesting.py.

`python backtesting_momentum.py IN OUT`: IN is an .npz with open, high, low, close, a column for each feature
and terms (stop, target in ATR, ADX, RSI, frames, first and last minute of entries, minutes held, minute of
the exit, rounds); OUT gets its trades and the processor's seconds.
"""

import sys
from time import process_time

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

FEATURES = (
    "ema_12",
    "ema_26",
    "macd",
    "macd_signal",
    "rsi_14",
    "adx_14",
    "atr_14",
    "macd_5m",
    "macd_signal_5m",
    "macd_15m",
    "macd_signal_15m",
    "minute",
)


def main(source: str, result: str) -> None:
    given = dict(np.load(source))
    stop, target, adx, rsi, frames, first, last, hold, exit_by, rounds = given["terms"]
    columns = {name.capitalize(): given[name] for name in ("open", "high", "low", "close")}
    data = pd.DataFrame(columns, index=pd.to_datetime(given["starts"], unit="s"))

    class Momentum(Strategy):
        def init(self) -> None:
            for name in FEATURES:
                setattr(self, name, self.I(lambda column: column, given[name], plot=False, name=name))

        def next(self) -> None:
            minute = self.minute[-1]
            if self.position:
                opened = self.trades[0]
                if minute >= exit_by or len(self.data) - opened.entry_bar >= hold:
                    opened.close()
                return
            if not first <= minute <= last or not self.adx_14[-1] >= adx:
                return
            if not (
                self.ema_12[-1] > self.ema_26[-1]
                and self.macd[-1] > self.macd_signal[-1]
                and 50 < self.rsi_14[-1] < rsi
            ):
                return
            agreeing = 1 + (self.macd_5m[-1] > self.macd_signal_5m[-1])
            if agreeing + (self.macd_15m[-1] > self.macd_signal_15m[-1]) < frames:
                return
            price, atr = self.data.Close[-1], self.atr_14[-1]
            self.buy(size=10, sl=price - stop * atr, tp=price + target * atr)

    taken = []
    for _ in range(int(rounds)):
        test = Backtest(data, Momentum, cash=1e9, commission=0.0005)
        began = process_time()
        stats = test.run()
        taken.append(process_time() - began)
    trades = stats["_trades"]
    np.savez(result, entered=trades["EntryBar"].to_numpy(), seconds=np.array(taken))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A sweep: the rules of one share over one stretch of time, once for each choice of their parameters.

What the rules find is asked of the live strategy; what became of it, of the fast path. No model is asked and
no account is kept: a sweep tells where to look with the exact engine, and how many places were looked at.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from patang.backtest.fast.simulate import Bars, FastTrades, simulate
from patang.backtest.fast.wishes import Wishes, entries_of, terms_of, wishes
from patang.backtest.history import SymbolHistory
from patang.errors import BadInput
from patang.market.findings import day_of
from patang.settings import Settings

__all__ = ["Cell", "CellResult", "Parameter", "grid", "run_cell", "run_cells"]

type Parameter = bool | int | float | str | tuple[str, ...]

# Parameters that change what becomes of an entry, and not where there is one.
_OF_EXITS: Final = frozenset({"stop_atr", "target_atr", "max_hold_minutes", "max_hold_sessions", "exit_by"})
_PAISA: Final = Decimal("0.01")


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cell(_Value):
    """One share, one stretch of sessions (both ends included), one choice of parameters.

    `settings` are those that differ from the defaults, `parameters` fields of the equity strategy's that go
    before them. `capital` is what each position may cost, rupees; `slippage_pct` a side, None: as
    `patang.risk.slippage` assumes; `latency_bars` minutes from the decision until the order is in the market.
    """

    symbol: str
    first: date
    last: date
    parameters: Mapping[str, Parameter] = {}
    settings: Mapping[str, JsonValue] = {}
    capital: Decimal = Field(Decimal(50_000), gt=0)
    slippage_pct: Decimal | None = Field(None, ge=0, le=5)
    latency_bars: int = Field(1, ge=0, le=60)


class CellResult(_Value):
    """What became of a cell, rupees to the paisa.

    `wishes` are the minutes in which the rules would have bought, `trades` those that were bought: one
    position at a time. `drawdown` is the deepest fall of the net result from its highest, trade by trade;
    `day_pnl` the net result of the days with trades, by the day of the exit.
    """

    cell: Cell
    bars: int
    wishes: int
    trades: int
    won: int
    gross_pnl: Decimal
    charges: Decimal
    slippage: Decimal
    net_pnl: Decimal
    drawdown: Decimal
    bars_held: float
    reasons: Mapping[str, int]
    day_pnl: Mapping[date, Decimal]

    @property
    def expectancy(self) -> Decimal:
        """Net rupees a trade; nothing without trades."""
        return self.net_pnl / self.trades if self.trades else Decimal(0)


def run_cell(cell: Cell, bars: SymbolHistory) -> CellResult:
    """One cell, from the bars of its share: nothing else enters. Bars outside its stretch are left out.

    Raises BadInput for bars of another symbol, an index, or parameters that the settings do not know.
    """
    (result,) = run_cells([cell], bars)
    return result


def run_cells(cells: Sequence[Cell], bars: SymbolHistory) -> Iterator[CellResult]:
    """Each of the cells in turn, as `run_cell`; neighbours that differ in exits alone share their wishes."""
    known: tuple[tuple[object, ...], SymbolHistory, Wishes] | None = None
    for cell in cells:
        settings = _settings(cell, bars)
        entries = sorted((k, v) for k, v in cell.parameters.items() if k not in _OF_EXITS)
        same = cell.first, cell.last, cell.settings, *entries
        if known is None or known[0] != same:
            within = _within(bars, cell.first, cell.last)
            known = same, within, wishes(within, settings)
        _, within, wanted = known
        yield _result(cell, within, wanted, _trades(cell, settings, within, wanted))


def grid(choices: Mapping[str, Sequence[Parameter]]) -> Iterator[dict[str, Parameter]]:
    """Every combination of the choices, the last name's changing fastest but that of exits faster still, so
    that neighbours share what they can. Raises BadInput for a name without a choice."""
    names = sorted(choices, key=lambda name: name in _OF_EXITS)
    for name in names:
        if not choices[name]:
            raise BadInput(f"{name} has no value to try: give one at least")
    for values in product(*(choices[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _settings(cell: Cell, bars: SymbolHistory) -> Settings:
    if cell.symbol != bars.symbol:
        raise BadInput(f"the cell is of {cell.symbol}, the bars are of {bars.symbol}")
    try:
        base = Settings.model_validate(cell.settings)
        equity = type(base.equity).model_validate(base.equity.model_dump() | dict(cell.parameters))
        return base.model_copy(update={"equity": equity})
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"these are no parameters of the equity strategy: {told}") from error


def _within(bars: SymbolHistory, first: date, last: date) -> SymbolHistory:
    begin, end = (day.toordinal() - date(1970, 1, 1).toordinal() for day in (first, last))
    return bars.rows((bars.days >= begin) & (bars.days <= end))


def _trades(cell: Cell, settings: Settings, bars: SymbolHistory, wanted: Wishes) -> FastTrades:
    terms = terms_of(bars.instrument, settings, cell.capital, cell.latency_bars)
    if cell.slippage_pct is not None:
        terms = replace(terms, slippage_pct=cell.slippage_pct)
    return simulate(Bars.of(bars), entries_of(wanted, bars, settings, cell.capital), terms)


def _result(cell: Cell, bars: SymbolHistory, wanted: Wishes, trades: FastTrades) -> CellResult:
    net = trades.net_pnl
    equity = np.concatenate(([0.0], np.cumsum(net)))
    days = bars.days[trades.left]
    reasons = Counter(trades.reason.tolist())
    return CellResult(
        cell=cell,
        bars=len(bars),
        wishes=len(wanted),
        trades=len(trades),
        won=int((net > 0).sum()),
        gross_pnl=_rupees(trades.gross_pnl.sum()),
        charges=_rupees(trades.charges.sum()),
        slippage=_rupees(trades.slippage.sum()),
        net_pnl=_rupees(net.sum()),
        drawdown=_rupees((np.maximum.accumulate(equity) - equity).max()),
        bars_held=float((trades.left - trades.entered + 1).mean()) if len(trades) else 0.0,
        reasons=dict(sorted(reasons.items())),
        day_pnl={day_of(int(day)): _rupees(net[days == day].sum()) for day in np.unique(days)},
    )


def _rupees(amount: float) -> Decimal:
    return Decimal(repr(float(amount))).quantize(_PAISA)

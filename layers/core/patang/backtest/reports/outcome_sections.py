"""What became of the entries that no model of theirs had seen: by day, by prediction, and what they cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import prod

import numpy as np
from numpy.typing import NDArray

from patang.backtest.reports.curves import drawdown_chart, result_chart
from patang.backtest.reports.pieces import Cell, Section, Table, Text, of_sign, share_bars
from patang.backtest.reports.wording import number, percent
from patang.market.sessions import IST
from patang.training.evidence import Outcomes
from patang.training.gates.trades import day_returns, taken

__all__ = ["cost_section", "month_table", "result_section", "sorted_section", "taken_mean"]

type Floats = NDArray[np.float64]

_BEGINNING = date(1970, 1, 1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TENTHS, _FEWEST = 10, 50


def month_table(caption: str, by_month: Mapping[tuple[int, int], float], *, compounded: bool) -> Table:
    """Percent by month and year; `by_month` maps (year, month). `compounded`: months are returns on what was
    there when they began, else they add up."""
    rows = []
    for year in sorted({year for year, _ in by_month}):
        known = [by_month.get((year, month)) for month in range(1, 13)]
        cells = [_signed(value) for value in known]
        told = [value for value in known if value is not None]
        whole = 100 * (prod(1 + value / 100 for value in told) - 1) if compounded else sum(told)
        rows.append([Cell(str(year), head=True), *cells, _signed(whole)])
    return Table(caption, ("year", *_MONTHS, "whole year" if compounded else "sum"), rows)


def result_section(seen: Outcomes, final: Outcomes) -> Section:
    """What the taken entries made by day, in the walk-forward and then in the final window."""
    trades = taken(seen, final)
    if not len(trades):
        return Section("Result", [Text("The model takes none of the entries: nothing was earned or lost.")])
    numbers = np.unique(trades.day)
    days = [_BEGINNING + timedelta(days=int(number)) for number in numbers]
    returns = day_returns(trades, numbers)
    by_month: dict[tuple[int, int], float] = defaultdict(float)
    for day, made in zip(days, returns.tolist(), strict=True):
        by_month[day.year, day.month] += made
    summed = np.cumsum(returns)
    begins = [(_first_day(final.entered), "final window")] if final.entered else []
    below = summed - np.maximum(np.maximum.accumulate(summed), 0)
    charts = [result_chart(days, summed, begins), drawdown_chart(days, below)]
    told = (
        "Net of charges, spread and slippage, percent of one stake. Each entry counts by its uniqueness, as "
        "if those that overlap shared the stake: the gates count so, too. The curve of an account, with its "
        "limits and its capital, is drawn by a backtest."
    )
    months = month_table("Percent by month", by_month, compounded=False)
    return Section("Result", [*charts, Text(told, "quiet"), months])


def taken_mean(seen: Outcomes, final: Outcomes) -> float | None:
    """The mean net result of the taken entries, percent, weighted by uniqueness; None without any."""
    trades = taken(seen, final)
    return float(np.average(trades.net_pct, weights=trades.weight)) if len(trades) else None


def sorted_section(seen: Outcomes, final: Outcomes) -> Section:
    """Mean net results by tenths of the predicted probability: they should rise."""
    p, net, weight = (_column(name, seen, final) for name in ("p_win", "net_pct", "weight"))
    count = min(_TENTHS, len(p) // _FEWEST)
    if count < 2:
        return Section("By prediction", [Text(f"{len(p)} entries are too few to sort them into groups.")])
    groups = np.array_split(np.argsort(p, kind="stable"), count)
    means = [float(np.average(net[group], weights=weight[group])) for group in groups]
    rows = [
        (
            Cell(f"{percent(100 * p[group].min(), 1)} – {percent(100 * p[group].max(), 1)}", head=True),
            Cell(percent(mean, 3, signed=True), of_sign(mean), bar),
            Cell(percent(100 * float((net[group] > 0).mean()), 1)),
            Cell(f"{len(group):,}"),
            Cell(number(weight[group].sum(), 1)),
        )
        for group, mean, bar in zip(groups, means, share_bars(means), strict=True)
    ]
    columns = ("p(win)", "mean net result", "won", "entries", "effective")
    told = "All entries, taken or not, weighted by uniqueness. A model that can tell has a rising column."
    return Section("By prediction", [Text(told, "quiet"), Table("By predicted probability", columns, rows)])


def cost_section(seen: Outcomes, final: Outcomes) -> Section:
    """What is left of the mean gross result, of all entries and of those taken."""
    names = ("gross_pct", "net_pct", "slippage_pct", "weight")
    gross, net, slippage, weight = (_column(name, seen, final) for name in names)
    if not len(net):
        return Section("Costs", [Text("There are no entries.")])
    chosen = {"all": np.ones(len(net), bool), "taken": _column("taken", seen, final).astype(bool)}
    chosen = {name: some for name, some in chosen.items() if some.any()}
    parts = {
        "gross result": gross,
        "slippage": -slippage,
        "charges and spread": net - gross + slippage,
        "net result": net,
    }
    means = {
        name: [float(np.average(values[some], weights=weight[some])) for some in chosen.values()]
        for name, values in parts.items()
    }
    rows = []
    bars = share_bars([each[0] for each in means.values()])
    for (name, each), bar in zip(means.items(), bars, strict=True):
        cells = [Cell(percent(mean, 4, signed=True), of_sign(mean)) for mean in each]
        rows.append((Cell(name, head=True), replace(cells[0], bar=bar), *cells[1:]))
    caption = "Percent of the entry price, weighted by uniqueness"
    return Section("Costs", [Table(caption, ("mean of an entry", *chosen), rows)])


def _column(name: str, seen: Outcomes, final: Outcomes) -> Floats:
    return np.asarray([*getattr(seen, name), *getattr(final, name)], float)


def _first_day(moments: Sequence[datetime]) -> date:
    return min(moments).astimezone(IST).date()


def _signed(value: float | None) -> Cell:
    return Cell(percent(value, 2, signed=True), "" if value is None else of_sign(value))
